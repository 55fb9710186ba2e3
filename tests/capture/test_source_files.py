"""Whose file it is: the application's, a library's, or a boundary at which the application's frames end."""

from __future__ import annotations

import os
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import sqlalchemy

import query_guard
from query_guard.capture.origin import source_files
from query_guard.capture.origin.source_files import APPLICATION, LIBRARY, TASK, allow_package_of, kind_of

INSTALLED = "/venv/lib/site-packages"


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_files, "KINDS", {})
    monkeypatch.setattr(source_files, "_installed_applications", set())


def install(monkeypatch: pytest.MonkeyPatch, name: str, file: str, *, is_package: bool) -> None:
    module = ModuleType(name)
    module.__file__ = f"{INSTALLED}/{file}"
    if is_package:
        module.__path__ = [f"{INSTALLED}/{name}"]
    monkeypatch.setitem(sys.modules, name, module)


def endpoint(module: str | None) -> Any:
    return SimpleNamespace(__module__=module)


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("/srv/app/routers/users.py", APPLICATION),
        ("/srv/app/fastapi.py", APPLICATION),
        ("<stdin>", APPLICATION),
        ("<ipython-input-1-0123456789ab>", APPLICATION),
        ("<string>", LIBRARY),
        (f"{INSTALLED}/shop/users.py", LIBRARY),
        ("/usr/lib/python3/dist-packages/shop/users.py", LIBRARY),
        (os.__file__, LIBRARY),
        (sqlalchemy.__file__, LIBRARY),
        (query_guard.__file__, LIBRARY),
        (f"{INSTALLED}/fastapi/routing.py", "router"),
        (f"{INSTALLED}/starlette/background.py", "background"),
        ("/usr/lib/python3.13/asyncio/events.py", TASK),
        ("/srv/app/asyncio/events.py.txt", APPLICATION),
    ],
)
def test_a_file_is_the_applications_unless_it_is_installed_or_a_boundary(file: str, kind: str) -> None:
    assert [kind_of(file), kind_of(file)] == [kind, kind]


def test_the_package_of_an_endpoint_is_the_application_also_where_it_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(monkeypatch, "shop", "shop/__init__.py", is_package=True)
    files = [f"{INSTALLED}/{file}" for file in ("shop/crud/users.py", "shop_tools/users.py", "shop.py")]
    assert [kind_of(file) for file in files] == [LIBRARY, LIBRARY, LIBRARY]
    allow_package_of(endpoint("shop.routers.users"))
    assert [kind_of(file) for file in files] == [APPLICATION, LIBRARY, LIBRARY]


def test_an_installed_module_that_is_no_package_is_the_application_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "shop", "shop.py", is_package=False)
    allow_package_of(endpoint("shop"))
    assert [kind_of(f"{INSTALLED}/{file}") for file in ("shop.py", "six.py")] == [APPLICATION, LIBRARY]


@pytest.mark.parametrize("module", ["starlette.routing", "fastapi.openapi.docs", "not_imported.users", None])
def test_endpoints_of_frameworks_and_of_nobody_make_no_application(module: str | None) -> None:
    allow_package_of(endpoint(module))
    assert source_files._installed_applications == set()
