"""What it costs to find the call that a test waits for, in an application with many tasks of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from threading import get_ident
from types import FrameType
from typing import Any

import pytest

from query_guard.capture.live import entries
from query_guard.capture.live.tasks import suspended

DEPTH, TASKS = 10, 5


async def deep(event: asyncio.Event, levels: int) -> None:
    if levels:
        await deep(event, levels - 1)
    else:
        await event.wait()


def test_only_the_outermost_frame_of_a_task_of_the_application_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[FrameType] = []

    def noting(awaitable: Any) -> Iterator[FrameType]:
        for frame in suspended(awaitable):
            read.append(frame)
            yield frame

    async def main() -> None:
        event = asyncio.Event()
        tasks = [asyncio.create_task(deep(event, DEPTH)) for _ in range(TASKS)]
        await asyncio.sleep(0)
        monkeypatch.setattr(entries, "suspended", noting)
        entries.entry_of_test(get_ident(), lambda _: False)
        event.set()
        await asyncio.gather(*tasks)

    asyncio.run(main())
    assert [frame.f_code.co_name for frame in read].count("deep") == TASKS
