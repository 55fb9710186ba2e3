"""Drivers are wrapped where they are imported, and what a release of one does not have is left alone."""

from __future__ import annotations

import json

import pytest

from query_guard.pytest_plugin.past_sqlalchemy import _wrapped


@pytest.mark.parametrize(
    ("path", "name"),
    [("json", "connect"), ("json.JSONDecoder", "connect"), ("json.NoClass", "connect"), ("no_such_module", "connect")],
)
def test_what_a_driver_does_not_have_is_not_added(path: str, name: str) -> None:
    with _wrapped(path, name):
        assert not hasattr(json, name)
        assert not hasattr(json.JSONDecoder, name)


def test_what_it_has_is_wrapped_and_put_back() -> None:
    original = json.loads
    with _wrapped("json", "loads"):
        assert json.loads is not original
        assert json.loads("[1]") == [1]
    assert json.loads is original
