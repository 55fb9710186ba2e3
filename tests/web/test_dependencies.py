"""Dependencies of a route that share their code."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from fastapi import APIRouter, Depends

from query_guard.web.dependencies import shared_dependencies


def nothing(**_: Any) -> None: ...


def require(_right: str) -> Callable[[], None]:
    def check() -> None: ...

    return check


class Checks:
    def __call__(self) -> None: ...


READ, WRITE = require("read"), require("write")
SHARED: dict[str, tuple[list[Any], list[tuple[str, int]]]] = {
    "two of one factory": ([Depends(READ), Depends(WRITE)], [("check", 2)]),
    "one that is asked for twice": ([Depends(READ), Depends(READ)], []),
    "two others": ([Depends(READ), Depends(nothing)], []),
    "partials": ([Depends(partial(nothing, a=1)), Depends(partial(nothing, a=2))], [("nothing", 2)]),
    "callable objects": ([Depends(Checks()), Depends(Checks()), Depends(Checks())], [("__call__", 3)]),
}


@pytest.mark.parametrize(("dependencies", "shared"), SHARED.values(), ids=SHARED)
def test_dependencies_that_share_their_code_are_counted(dependencies: list[Any], shared: list[tuple[str, int]]) -> None:
    router = APIRouter()
    router.get("/", dependencies=dependencies)(lambda: None)
    found = shared_dependencies(router.routes[-1])
    assert [(frame.function, times) for frame, times in found] == shared


def each_time(
    _first: None = Depends(READ, use_cache=False), _second: None = Depends(READ, use_cache=False)
) -> None: ...


def once_more(_first: None = Depends(READ), _second: None = Depends(READ, use_cache=False)) -> None: ...


@pytest.mark.parametrize("endpoint", [each_time, once_more])
def test_a_dependency_whose_result_is_not_kept_is_called_for_each(endpoint: Callable[..., None]) -> None:
    router = APIRouter()
    router.get("/")(endpoint)
    assert [(frame.function, times) for frame, times in shared_dependencies(router.routes[-1])] == [("check", 2)]


def test_those_of_other_dependencies_count_too() -> None:
    def outer(_read: None = Depends(READ)) -> None: ...

    router = APIRouter()
    router.get("/", dependencies=[Depends(outer), Depends(WRITE)])(lambda: None)
    assert [(frame.function, times) for frame, times in shared_dependencies(router.routes[-1])] == [("check", 2)]
    assert shared_dependencies(None) == ()
