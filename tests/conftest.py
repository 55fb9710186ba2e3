from __future__ import annotations

from collections.abc import Iterator

import pytest

from example_app.db.embedded import embedded_postgres

pytest_plugins = ("tests.fixtures", "tests.clock")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Give the URL, `postgresql://...` with no driver, of a PostgreSQL that lives as long as the test run.

    As it comes, a server refuses two-phase transactions.
    """
    with embedded_postgres(max_prepared_transactions=5) as url:
        yield url.render_as_string(hide_password=False)
