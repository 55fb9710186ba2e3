"""A boundary reads the endpoints of an application once, and of one that cannot be remembered not at all."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.pytest_plugin import boundaries
from query_guard.pytest_plugin.boundaries import Boundary


class NotRemembered:
    __slots__ = ("routes",)


class Remembered(NotRemembered):
    __slots__ = ("__weakref__",)


@pytest.mark.parametrize(("kind", "times"), [(NotRemembered, 0), (Remembered, 1)])
def test_an_application_is_read_once_where_it_can_be_remembered(
    kind: type, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Any] = []
    monkeypatch.setattr(boundaries, "read_application", lambda app, _: read.append(app))
    boundary, app = Boundary(), kind()
    for _ in range(3):
        assert boundary._answer_unprofiled({"app": app}) is None
    assert read == [app] * times
