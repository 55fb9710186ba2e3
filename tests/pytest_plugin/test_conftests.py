"""What a conftest does for a test is the test's own doing, also at the root of a project."""

from __future__ import annotations

import pytest

from tests.pytest_plugin.application import CONFTEST, prepare, run

pytest_plugins = ["pytester"]

SEEDS = """
from sqlalchemy.orm import Session
from app import Author

@pytest.fixture
def seed():
    def one_by_one():
        with Session(engine) as session:
            for _ in range(5):
                session.add(Author())
                session.commit()
    return one_by_one
"""


def test_a_function_of_a_conftest_is_test_code_and_one_of_a_module_beside_it_is_not(pytester: pytest.Pytester) -> None:
    prepare(
        pytester,
        "from seeding import one_by_one\n"
        "def test_own(seed):\n    seed()\n"
        "def test_other():\n    one_by_one()\n",
        seeding="from app import engine\nimport pytest\n" + SEEDS.replace("@pytest.fixture\n", "")
        + "\none_by_one = seed()\n",
    )  # fmt: skip
    pytester.makeconftest(CONFTEST + SEEDS)
    result = run(pytester, "--query-guard=fail")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_app.py::test_other *"])
