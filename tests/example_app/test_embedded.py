from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from example_app.db.embedded import embedded_postgres

pytestmark = pytest.mark.once


@pytest.fixture
def deep_directory() -> Iterator[Path]:
    """Give a directory whose path is longer than a Unix socket's may be."""
    with TemporaryDirectory() as directory:
        yield Path(directory).joinpath(*["a-rather-long-name"] * 7)


def test_data_stay_in_a_directory_however_long_its_path(deep_directory: Path) -> None:
    with embedded_postgres(deep_directory) as url, psycopg.connect(url.render_as_string()) as connection:
        connection.execute("CREATE TABLE kept (id integer)")
    with embedded_postgres(deep_directory) as url, psycopg.connect(url.render_as_string()) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_a_path_with_a_space_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no space in its path"), embedded_postgres(tmp_path / "my data"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_server_starts_with_settings() -> None:
    with embedded_postgres(max_connections=7) as url, psycopg.connect(url.render_as_string()) as connection:
        assert connection.execute("SHOW max_connections").fetchone() == ("7",)


def test_settings_for_data_that_stay_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no settings beside a directory"):
        with embedded_postgres(tmp_path, max_connections=7):
            pass
    assert list(tmp_path.iterdir()) == []
