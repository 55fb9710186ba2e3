"""Options that can never take effect are said once, when the application starts."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from fastapi import FastAPI

from query_guard import Allowance, QueryGuard, defaults
from query_guard.detectors import LatentNPlusOne
from query_guard.web.nearest import nearest
from tests.serving import guarded, visit

TOKEN = "a-token-of-good-length"
WITHOUT_DEBUG = "has no effect without the debug endpoint; add debug=True or QUERY_GUARD_DEBUG=1, or leave it out"


async def app(*_: Any) -> None: ...


def said_of(caplog: pytest.LogCaptureFixture, **options: Any) -> list[str]:
    caplog.clear()
    QueryGuard(app, **options)
    assert all(record.levelno == logging.WARNING for record in caplog.records)
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"exclude": ("/live", "health")},
            "exclude='health' matches no path, as each begins with a slash; write '/health'",
        ),
        ({"engines": ()}, "engines is empty, so that no statement is counted; leave it out to watch all engines"),
        ({"debug_token": TOKEN}, f"debug_token {WITHOUT_DEBUG}"),
        ({"debug_path": "/reports"}, f"debug_path {WITHOUT_DEBUG}"),
        (
            {"allow": ("n_plus_on:crud.py",)},
            "allow='n_plus_on:crud.py' allows nothing, as no default detector finds the kind 'n_plus_on'; "
            "the nearest is 'n_plus_one'",
        ),
        (
            {"allow": (Allowance("Post.author", reason="one a page", until="2020-01-01"),)},
            "the allowance 'Post.author' (one a page) expired on 2020-01-01: renew it, or fix this",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_can_never_take_effect_is_said(
    options: dict[str, Any], sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert said_of(caplog, **options) == [f"query_guard: {sentence}"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"exclude": ("/health", "/static/*", "*.css", "?health", "[/]health")},
        {"debug": True, "debug_token": TOKEN, "debug_path": "/reports"},
        {"debug_token": None},
        {"debug_token": ""},
        {
            "allow": (
                "Post.author",
                "n_plus_one",
                "slow_statement:crud.py:load",
                Allowance("User.posts", until="9999-12-31"),
            )
        },
        {"allow": ("latent_n_plus_one",), "detectors": defaults(LatentNPlusOne())},
    ],
    ids=lambda value: str(value)[:40],
)
def test_of_what_takes_effect_nothing_is_said(options: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    assert said_of(caplog, **options) == []


def test_a_token_waits_where_the_environment_has_switched_the_endpoint_off(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUERY_GUARD_DEBUG", "0")
    assert said_of(caplog, debug=True, debug_token=TOKEN) == []


def test_where_all_is_switched_off_nothing_is_said(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUERY_GUARD_ENABLED", "0")
    assert said_of(caplog, exclude=("health",)) == []


def test_advice_that_fails_keeps_nothing_from_its_start(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("query_guard.web.no_effect.nearest", None)
    said_of(caplog, allow=("n_plus_on",))
    assert "options could not be checked for their effect" in caplog.text


@pytest.mark.asyncio
async def test_an_unknown_budget_names_the_nearest_route_once(caplog: pytest.LogCaptureFixture) -> None:
    app, _ = guarded(budgets={"GET /orders/{id}": 1, "GET /users": 2})
    for path in ("/orders", "/orders/{order_id}", "/users"):
        app.get(path)(lambda: None)
    for _ in range(2):
        await visit(app, "/orders")
    assert [record.getMessage() for record in caplog.records] == [
        "query_guard: the budget for 'GET /orders/{id}' names no route of the application; the nearest is "
        "'GET /orders/{order_id}'"
    ]


@pytest.mark.asyncio
async def test_a_guard_inside_another_says_once_that_none_of_its_options_counts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    inner, ignored = guarded(sample_rate=0.5)
    inner.get("/")(lambda: None)
    app = FastAPI()
    reports: list[Any] = []
    app.add_middleware(QueryGuard, reporters=[reports.append])
    app.mount("/inner", inner)
    for _ in range(2):
        await visit(app, "/inner/")
    assert (len(reports), ignored) == (2, [])
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "WARNING",
            "query_guard: a QueryGuard is inside another one, and only the outer one profiles the requests that pass "
            "through both; the options of the inner one have no effect on them: give reporters, detectors, sample_rate "
            "to the outer one, which is added last, or remove the inner one",
        )
    ]


def test_the_nearest_is_the_most_similar_in_order_not_in_letters() -> None:
    assert nearest("GET /ab", ["GET /ba", "GET /abc", "POST /ab"]) == "GET /abc"
    assert nearest("GET /ab", []) is None
