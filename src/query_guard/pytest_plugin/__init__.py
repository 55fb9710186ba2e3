"""The pytest plugin: pytest's hooks around `query_guard.testing`. It imports nothing heavy until a test needs it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from query_guard.pytest_plugin.fixture import QueryGuardFixture
from query_guard.pytest_plugin.options import add_options
from query_guard.pytest_plugin.session import NAME, GuardedSession
from query_guard.pytest_plugin.settings import settings_of

__all__ = ["QueryGuardFixture"]


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "query_guard(*, max_queries=None, max_time=None, allow=(), mode='', fail_on=None): fail the test when it sends "
        "more than max_queries statements, or the database takes more than max_time seconds; allow findings by "
        "relationship ('Post.author'), kind, or kind and place ('n_plus_one:crud.py:load'); hold it to another mode, "
        "off, warn or fail, than that of --query-guard, or to other kinds than those of --query-guard-fail-on",
    )
    session = GuardedSession(settings_of(config), is_worker=hasattr(config, "workerinput"))
    config.pluginmanager.register(session, NAME)
    session.start()
    if session.settings.tries:
        from query_guard.pytest_plugin.trials import NAME as TRIALS
        from query_guard.pytest_plugin.trials import Trials

        config.pluginmanager.register(Trials(session, config), TRIALS)


def pytest_unconfigure(config: pytest.Config) -> None:
    session = config.pluginmanager.getplugin(NAME)
    if session is not None:
        session.stop()


@pytest.fixture
def query_guard(request: pytest.FixtureRequest) -> Iterator[QueryGuardFixture]:
    """Record the statements of the test that uses it, from its set-up on."""
    from query_guard import testing

    with testing.record_queries(request.node.name) as recording:
        yield QueryGuardFixture(recording)
