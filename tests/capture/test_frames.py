"""What the code of a frame tells: whose name it has, where it begins, and whether it only passes arguments on."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest

from query_guard.capture.origin.frames import code_start, holder_name, passes_on
from query_guard.records import Frame

FILE = "tests/capture/test_frames.py"


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def passing(*args: Any, **options: Any) -> Any:
        return function(*args, **options)

    return passing


def counted(function: Callable[..., Any]) -> Callable[..., Any]:
    def passing(*args: Any) -> Any:
        return function(*args)

    return passing


def configured(function: Callable[..., Any]) -> Callable[..., Any]:
    def passing(**options: Any) -> Any:
        return function(**options)

    return passing


class Wrapper:
    def __call__(self, *args: Any, **options: Any) -> None: ...

    def __aenter__(self, *args: Any, **options: Any) -> None: ...

    def run(self, *args: Any, **options: Any) -> None: ...


class OfOneArgument:
    def __call__(self, request: object) -> None: ...


@decorated
def endpoint() -> Any:
    return [lambda: None, *[(lambda: None) for _ in range(1)]]


@pytest.mark.parametrize(
    ("function", "passes"),
    [
        (endpoint, True),
        (counted(endpoint), False),
        (configured(endpoint), False),
        (Wrapper.__call__, True),
        (Wrapper.__aenter__, False),
        (Wrapper.run, False),
        (OfOneArgument.__call__, False),
        (decorated, False),
    ],
)
def test_only_a_decorator_passes_any_arguments_on(function: Any, passes: bool) -> None:
    assert passes_on(function.__code__) is passes


def test_what_has_no_name_is_named_after_the_function_that_holds_it() -> None:
    for function in endpoint():
        assert holder_name(function.__code__) == "endpoint"
    assert holder_name((lambda: None).__code__) == "test_what_has_no_name_is_named_after_the_function_that_holds_it"
    assert holder_name(eval("lambda: None").__code__) == "<lambda>"


def test_a_function_begins_where_its_own_code_does_whatever_decorates_it() -> None:
    inner = endpoint.__wrapped__.__code__  # type: ignore[attr-defined]  # what `wraps` has left there
    assert code_start(endpoint) == Frame(FILE, inner.co_firstlineno, "endpoint", inner.co_firstlineno)
    assert code_start(Wrapper()) is None
