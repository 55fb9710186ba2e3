"""Which files count as test code."""

from __future__ import annotations

from pathlib import Path

import pytest

from query_guard.pytest_plugin.test_code import TestCode

ROOT = Path("/srv/tests/shop")


@pytest.mark.parametrize("folder", ["tests", "test", "testing"])
def test_a_folder_of_tests_is_test_code_as_a_whole(folder: str) -> None:
    code = TestCode(ROOT, [])
    code.add(f"{ROOT}/{folder}/unit/test_users.py")
    assert code(f"{ROOT}/{folder}/unit/test_users.py")
    assert code(f"{ROOT}/{folder}/unit/helpers.py")
    assert code(f"{ROOT}/{folder}/helpers.py")
    assert not code(f"{ROOT}/{folder}_of_users.py")
    assert not code(f"{ROOT}/{folder}ers/helpers.py")
    assert not code(f"{ROOT}/shop/users.py")


def test_the_outermost_folder_of_tests_counts_and_no_folder_above_the_project() -> None:
    code = TestCode(ROOT, [])
    code.add(f"{ROOT}/shop/tests/test/deep/test_users.py")
    assert code(f"{ROOT}/shop/tests/helpers.py")
    assert not code(f"{ROOT}/shop/users.py")
    assert not code("/srv/tests/other.py")


@pytest.mark.parametrize("folder", ["", "checks", "shop"])
def test_in_another_folder_the_module_alone_is_test_code(folder: str) -> None:
    code = TestCode(ROOT, [])
    code.add(str(ROOT / folder / "test_users.py"))
    assert code(str(ROOT / folder / "test_users.py"))
    assert not code(str(ROOT / folder / "users.py"))


def test_a_folder_of_testpaths_is_test_code_unless_the_application_is_below_it() -> None:
    code = TestCode(ROOT, [ROOT / "checks", ROOT, ROOT.parent, Path("/"), ROOT.with_name("sho")])
    assert code(f"{ROOT}/checks/helpers.py")
    assert code(f"{ROOT.with_name('sho')}/helpers.py")
    assert not code(f"{ROOT}/checks_of_shop.py")
    assert not code(f"{ROOT}/shop/users.py")


def test_a_module_that_is_collected_later_counts_from_then_on() -> None:
    code = TestCode(ROOT, [])
    assert not code(f"{ROOT}/tests/helpers.py")
    code.add(f"{ROOT}/tests/test_users.py")
    assert code(f"{ROOT}/tests/helpers.py")


def test_migrations_are_like_test_code(tmp_path: Path) -> None:
    versions = tmp_path / "migrations" / "versions" / "old"
    versions.mkdir(parents=True)
    (tmp_path / "migrations" / "script.py.mako").write_text("")
    code = TestCode(tmp_path, [])
    assert code(str(tmp_path / "migrations" / "env.py"))
    assert code(str(versions.parent / "a1.py"))
    assert not code(str(versions / "a0.py"))
    assert not code(str(tmp_path / "app.py"))
