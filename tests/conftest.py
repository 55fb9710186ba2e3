from __future__ import annotations

from collections.abc import Iterator

import pytest

from example_app.db.embedded import embedded_postgres
from query_guard import own_errors

pytest_plugins = ("tests.fixtures", "tests.clock")


@pytest.fixture(scope="session", autouse=True)
def no_keys_of_this_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep tests, and the programs that they start, from the key of whoever runs them."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        environment.delenv("QUERY_GUARD_DEBUG_TOKEN", raising=False)
        environment.delenv("QUERY_GUARD_KEY_FILE", raising=False)
        yield


@pytest.fixture(autouse=True)
def room_for_own_errors() -> None:
    """Forget the failures of earlier tests before no further kinds can be told apart: some tests make hundreds."""
    if len(own_errors._times) > own_errors._MAX_KINDS // 2:
        own_errors._times.clear()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Give the URL, `postgresql://...` with no driver, of a PostgreSQL that lives as long as the test run.

    As it comes, a server refuses two-phase transactions.
    """
    with embedded_postgres(max_prepared_transactions=5) as url:
        yield url.render_as_string(hide_password=False)
