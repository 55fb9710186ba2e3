"""Warm up, fork, and go on in the children: `python -m tests.soak.forked 2 20` prints what each of them counted."""

from __future__ import annotations

import asyncio
import json
import os
import sys

from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool

from query_guard.own_errors import own_errors
from tests.serving import guarded, visit


def count(requests: int) -> dict[str, object]:
    """Serve requests of three statements each, on an engine of this process."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    app, reports = guarded()

    @app.get("/")
    async def endpoint() -> None:
        with engine.connect() as connection:
            for n in range(3):
                connection.execute(text("SELECT :n"), {"n": n})

    async def serve() -> None:
        for _ in range(requests):
            await visit(app, "/")

    asyncio.run(serve())
    engine.dispose()
    numbers = sorted({report.query_count for report in reports})
    return {"reports": len(reports), "numbers": numbers, "ids": len({report.id for report in reports}),
            "first": reports[0].id, "own_errors": own_errors()}  # fmt: skip


def main(children: int, requests: int) -> None:
    told = [count(requests)]
    for _ in range(children):
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.write(writer, json.dumps(count(requests)).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as answer:
            told.append(json.load(answer))
        os.wait()
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
