from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.cli.foreign import Foreign
from tests.cli.serving import Server
from tests.serving import KEY


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Give an application that is served, and its key to the commands."""
    monkeypatch.setenv("QUERY_GUARD_DEBUG_TOKEN", KEY)
    served = Server()
    served.start()
    yield served
    served.stop()
    served.engine.dispose()


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Foreign]]:
    """Give two servers that are no application of ours, and a key to the commands."""
    monkeypatch.setenv("QUERY_GUARD_DEBUG_TOKEN", KEY)
    servers = [Foreign(), Foreign()]
    threads = [threading.Thread(target=each.serve_forever, args=(0.02,)) for each in servers]
    for thread in threads:
        thread.start()
    yield servers
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()
