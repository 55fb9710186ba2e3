"""What the application is told from outside: the environment variables `EXAMPLE_...`, and `DATABASE_URL`."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

_DRIVERS = {"postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}


def async_url(given: str | URL) -> URL:
    """Return the URL with the async driver of its database; its own `str` and `repr` mask the password.

    Raises ValueError, which never quotes the URL, for a database that the application cannot use.
    """
    try:
        url = make_url(given)
    except ArgumentError:
        raise ValueError("DATABASE_URL must be a URL such as 'postgresql://user:password@host/name'") from None
    driver = _DRIVERS.get(url.get_backend_name())
    if driver is None:
        raise ValueError(f"DATABASE_URL must begin with 'postgresql://' or 'sqlite:///', not {url.drivername!r}")
    if driver.startswith("sqlite") and url.database in (None, "", ":memory:"):
        raise ValueError("DATABASE_URL must name an SQLite file, such as 'sqlite:///example.db': connections share it")
    return url.set(drivername=driver)


def _url_or_nothing(given: Any) -> URL | None:
    return async_url(given) if given else None


class Settings(BaseSettings):
    """Each field is read from `EXAMPLE_<FIELD>`, the database from `DATABASE_URL`; none is written in the code.

    Printing the settings shows neither the password of the URL nor the key, and neither does an error about them.
    """

    model_config = SettingsConfigDict(
        env_prefix="EXAMPLE_",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )

    database_url: Annotated[URL | None, BeforeValidator(_url_or_nothing)] = Field(
        default=None, validation_alias=AliasChoices("DATABASE_URL", "database_url")
    )
    data_directory: Path | None = Path(".data")
    """Where the PostgreSQL that is started when there is no `DATABASE_URL` keeps its files; None: they go with it."""

    echo: bool = False
    """Log each statement. A setting, so that nobody deploys the `echo=True` of an evening's search."""
    debug: bool = False
    """Serve QueryGuard's reports under `/__query_guard__/`, to those who have the key."""
    debug_token: SecretStr | None = None
    """That key; without it QueryGuard makes one, once for each user of a machine."""

    pool_size: int = Field(default=5, ge=1)
    max_overflow: int = Field(default=5, ge=0)
    """Processes x (`pool_size` + `max_overflow`) must stay below PostgreSQL's `max_connections`."""
    pool_timeout: float = Field(default=5.0, gt=0)
    """Seconds to wait for a connection. SQLAlchemy's 30 are longer than most clients wait for an answer."""
    pool_recycle: int = Field(default=1800, ge=-1)
    pool_pre_ping: bool = True

    secret_key: SecretStr = Field(default_factory=lambda: SecretStr(secrets.token_urlsafe(32)), min_length=32)
    """Signs the bearer tokens. Made at start when not set, so no key is ever the same in two installations; set it
    where tokens must outlive a restart or be known to several processes.
    """
    token_minutes: int = Field(default=30, ge=1)

    @property
    def url(self) -> URL:
        """The database's URL; raises RuntimeError when there is none."""
        if self.database_url is None:
            raise RuntimeError(
                "DATABASE_URL is not set: name a PostgreSQL or an SQLite file, or start the application with "
                "'python -m example_app', which brings a PostgreSQL of its own"
            )
        return self.database_url
