"""What the application is told from outside."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url

_DRIVERS = {"postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Without `database_url` the application starts a PostgreSQL of its own, in `data_directory` or a temporary one."""

    database_url: URL | None = None
    data_directory: Path | None = None
    pool_size: int = 5


def database_url_from_environment() -> URL | None:
    """Read `DATABASE_URL`, a PostgreSQL or an SQLite file, with or without a driver; None when it is not set."""
    text = os.environ.get("DATABASE_URL")
    return async_url(text) if text else None


def async_url(text: str) -> URL:
    """Return the URL with the async driver of its database."""
    url = make_url(text)
    driver = _DRIVERS.get(url.get_backend_name())
    if driver is None:
        raise ValueError(f"DATABASE_URL must begin with 'postgresql://' or 'sqlite:///', not {url.drivername!r}")
    if driver.startswith("sqlite") and url.database in (None, "", ":memory:"):
        raise ValueError("DATABASE_URL must name an SQLite file, such as 'sqlite:///example.db': connections share it")
    return url.set(drivername=driver)
