from __future__ import annotations

import pytest

from example_app.settings import async_url, database_url_from_environment


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
    assert database_url_from_environment() is None
    monkeypatch.setenv("DATABASE_URL", "sqlite:///shop.db")
    assert str(database_url_from_environment()) == "sqlite+aiosqlite:///shop.db"


@pytest.mark.parametrize("text", ["mysql://db/shop", "sqlite://", "sqlite:///:memory:"])
def test_a_database_that_cannot_serve_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="DATABASE_URL must"):
        async_url(text)
