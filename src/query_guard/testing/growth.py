"""Does the number of statements grow with the number of rows? That takes two runs to answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator, Sequence
from contextlib import closing
from inspect import isawaitable, iscoroutinefunction
from itertools import pairwise
from typing import Any, overload

from query_guard.recording import Recording
from query_guard.records import Frame, Statement, grouped
from query_guard.testing.assertions import check_profiled, record_queries
from query_guard.testing.found import found_in
from query_guard.testing.messages import NOTHING_SENT, found_lines, own_errors_message, shape_lines


# An awaitable is an object, too: the first two overloads overlap with the last, and the first that fits is taken.
@overload
def assert_constant_queries(  # type: ignore[overload-overlap]  # see above
    call: Callable[[], Awaitable[object]],
    populate: Callable[[int], object],
    scales: Sequence[int] = (2, 5),
    warm_up: bool = True,
) -> Coroutine[Any, Any, None]: ...
@overload
def assert_constant_queries(  # type: ignore[overload-overlap]  # see above
    call: Callable[[], object],
    populate: Callable[[int], Awaitable[object]],
    scales: Sequence[int] = (2, 5),
    warm_up: bool = True,
) -> Coroutine[Any, Any, None]: ...
@overload
def assert_constant_queries(
    call: Callable[[], object],
    populate: Callable[[int], object],
    scales: Sequence[int] = (2, 5),
    warm_up: bool = True,
) -> None: ...
def assert_constant_queries(
    call: Callable[[], object],
    populate: Callable[[int], object],
    scales: Sequence[int] = (2, 5),
    warm_up: bool = True,
) -> Coroutine[Any, Any, None] | None:
    """Fail when `call` sends more statements the more rows there are; await the result where either is async.

    `populate(n)` adds n rows. It is called with the rows that are missing to each of the `scales`: with (2, 5) it adds
    two rows, and later three. Only `call` is counted. With `warm_up` the first call is made twice, and only the second
    counts, so that caches are filled. Let `call` use a session of its own: objects that the session of `populate`
    still holds need no statement. Raises ValueError for scales that do not increase.
    """
    __tracebackhide__ = True
    _check_scales(scales)
    steps = _steps(call, populate, scales, warm_up)
    if iscoroutinefunction(call) or iscoroutinefunction(populate):
        return _to_be_awaited(next(steps), steps)
    for result in steps:
        if isawaitable(result):
            return _to_be_awaited(result, steps)
    return None


not_awaited: dict[object, Coroutine[Any, Any, None]] = {}
"""Assertions about async calls that have not begun: without `await` they assert nothing."""


def not_awaited_message() -> str:
    """Say that assertions were not awaited, and forget them; empty where all were awaited."""
    forgotten = [*not_awaited.values()]
    not_awaited.clear()
    for coroutine in forgotten:
        coroutine.close()
    if not forgotten:
        return ""
    return (
        "expected assert_constant_queries of an async call to be awaited, but it was not, so that it has asserted "
        "nothing: write await assert_constant_queries(...)"
    )


def _to_be_awaited(result: object, steps: Generator[object, None, None]) -> Coroutine[Any, Any, None]:
    token = object()
    not_awaited[token] = coroutine = _awaiting(result, steps, token)
    return coroutine


async def _awaiting(result: object, steps: Generator[object, None, None], token: object) -> None:
    __tracebackhide__ = True
    not_awaited.pop(token, None)
    with closing(steps):
        if isawaitable(result):
            await result
        for step_result in steps:
            if isawaitable(step_result):
                await step_result


def _steps(
    call: Callable[[], object], populate: Callable[[int], object], scales: Sequence[int], warm_up: bool
) -> Generator[object, None, None]:
    """Yield what each call returns, which is awaited if it can be; judge after the last."""
    __tracebackhide__ = True
    recordings: list[Recording] = []
    warm_ups: list[Recording] = []
    query_count = 0
    for previous_scale, scale in pairwise((0, *scales)):
        yield populate(scale - previous_scale)
        if warm_up and not recordings:
            with record_queries() as warm_up_recording:
                yield call()
            query_count += warm_up_recording.query_count
            warm_ups.append(warm_up_recording)
        with record_queries() as recording:
            yield call()
        check_profiled(recording)
        recordings.append(recording)
        query_count += recording.query_count
    if errors := own_errors_message(*warm_ups, *recordings):
        raise AssertionError(errors)
    if not query_count:
        raise AssertionError(f"expected a constant number of queries, got none at all:\n{NOTHING_SENT}")
    if any(larger.query_count > smaller.query_count for smaller, larger in pairwise(recordings)):
        raise AssertionError(_message(scales, recordings))


def _check_scales(scales: Sequence[int]) -> None:
    numbers = isinstance(scales, Sequence) and all(type(scale) is int for scale in scales)
    if not numbers or len(scales) < 2 or any(smaller >= larger for smaller, larger in pairwise((0, *scales))):
        raise ValueError(
            f"assert_constant_queries: scales must be at least two numbers of rows that increase, such as (2, 5), "
            f"not {scales!r}"
        )


def _message(scales: Sequence[int], recordings: Sequence[Recording]) -> str:
    counts = ", ".join(
        f"{recording.query_count} with {scale} row{'s' * (scale > 1)} added"
        for scale, recording in zip(scales, recordings, strict=True)
    )
    lines = [f"expected the same number of queries for any number of rows, got {counts}; what grew:"]
    grown = list(_grown(recordings))
    for numbers, rows in grown:
        lines += shape_lines(" -> ".join(map(str, numbers)), rows[0])
    serials = {row.serial for _, rows in grown for row in rows}
    found_in_growth = [found for found in found_in(recordings[-1]) if serials.intersection(found.finding.statements)]
    lines += [line for found in found_in_growth for line in found_lines(found)]
    if not found_in_growth:
        lines.append("    fix: send one statement for all rows, rather than one for each")
    return "\n".join(lines)


def _grown(recordings: Sequence[Recording]) -> Iterator[tuple[list[int], list[Statement]]]:
    """Yield how often each shape that grew was sent at each scale, and its statements at the last, the worst first."""
    shapes = [grouped(recording.statements, _shape) for recording in recordings]
    groups = sorted(shapes[-1].items(), key=lambda group: -len(group[1]))
    for key, rows in groups:
        numbers = [len(groups.get(key, ())) for groups in shapes]
        if any(smaller < larger for smaller, larger in pairwise(numbers)):
            yield numbers, rows


def _shape(row: Statement) -> tuple[str, Frame | None, str | None]:
    return row.fingerprint, row.site.innermost, row.relationship
