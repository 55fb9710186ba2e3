from __future__ import annotations

from collections.abc import Iterator

import pytest

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
