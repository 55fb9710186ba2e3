from __future__ import annotations

import logging
from typing import Any

import pytest
from pydantic import ValidationError

from example_app.core.settings import Settings, async_url
from example_app.db.engine import make_engine

SECRET = "the-password-of-the-database"


def made(**values: Any) -> Settings:
    return Settings(**values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://me:secret@db/shop", "postgresql+asyncpg://me:secret@db/shop"),
        ("postgresql+psycopg://db/shop", "postgresql+asyncpg://db/shop"),
        ("sqlite:///shop.db", "sqlite+aiosqlite:///shop.db"),
    ],
)
def test_a_url_gets_the_async_driver(text: str, expected: str) -> None:
    assert async_url(text).render_as_string(hide_password=False) == expected


def test_the_environment_may_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert made().database_url is None
    with pytest.raises(RuntimeError, match="DATABASE_URL is not set"):
        _ = made().url


def test_each_setting_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///shop.db")
    for name, value in (("ECHO", "1"), ("POOL_SIZE", "7"), ("POOL_TIMEOUT", "2.5"), ("SECRET_KEY", "k" * 32)):
        monkeypatch.setenv(f"EXAMPLE_{name}", value)
    settings = made()
    assert str(settings.url) == "sqlite+aiosqlite:///shop.db"
    assert (settings.echo, settings.pool_size, settings.pool_timeout) == (True, 7, 2.5)
    assert settings.secret_key.get_secret_value() == "k" * 32


@pytest.mark.parametrize("text", ["mysql://db/shop", "sqlite://", "sqlite:///:memory:", "no url at all"])
def test_a_database_that_cannot_serve_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="DATABASE_URL must"):
        made(database_url=text)


def test_no_secret_is_shown_by_settings_engines_or_errors() -> None:
    settings = made(database_url=f"postgresql://me:{SECRET}@db/shop", secret_key=SECRET + "-and-more")
    engine = make_engine(settings)
    shown = [repr(settings), str(settings), repr(settings.url), repr(engine), repr(engine.pool)]
    with pytest.raises(ValidationError) as error:
        made(database_url=f"mysql://me:{SECRET}@db/shop", secret_key=SECRET[:20])
    assert all(SECRET[:20] not in text for text in [*shown, str(error.value), repr(error.value)])


def test_each_start_has_a_key_of_its_own_and_a_weak_one_is_refused() -> None:
    assert made().secret_key != made().secret_key
    with pytest.raises(ValidationError, match="secret_key"):
        made(secret_key="short")


def test_the_pool_is_as_the_settings_say() -> None:
    settings = made(database_url="postgresql://db/shop", pool_size=3, max_overflow=4, pool_timeout=1.5, pool_recycle=60)
    pool = make_engine(settings).pool
    assert (pool.size(), pool._max_overflow, pool._timeout, pool._recycle) == (3, 4, 1.5, 60)  # type: ignore[attr-defined]  # of QueuePool
    assert pool._pre_ping
    assert not make_engine(settings.model_copy(update={"pool_pre_ping": False})).pool._pre_ping


@pytest.mark.parametrize("echo", [True, False])
def test_statements_are_echoed_when_a_setting_says_so(echo: bool) -> None:
    engine = make_engine(made(database_url="sqlite:///shop.db", echo=echo))
    assert engine.sync_engine._should_log_info() is echo
    logging.getLogger("sqlalchemy.engine.Engine").setLevel(logging.NOTSET)
