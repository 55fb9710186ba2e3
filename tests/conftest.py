from __future__ import annotations

from collections.abc import Iterator

import pytest

from example_app.embedded import embedded_postgres

pytest_plugins = ("tests.fixtures",)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Give the URL, `postgresql://...` with no driver, of a PostgreSQL that lives as long as the test run."""
    with embedded_postgres() as url:
        yield url.render_as_string(hide_password=False)
