"""Values are planted wherever an application has some, and each output there is is read: none may hold one."""

from __future__ import annotations

import io
import itertools
import json
import logging
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import structlog
from fastapi import FastAPI, Request, WebSocket
from fastapi.testclient import TestClient
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, literal, literal_column, select, text, update
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from query_guard import Facts, Finding, QueryGuard, Recording, Report, defaults, fingerprint
from query_guard.document.report import document
from query_guard.pytest_plugin import outputs
from query_guard.pytest_plugin.entries import entry_of
from query_guard.pytest_plugin.settings import Settings
from query_guard.pytest_plugin.summary import sections
from query_guard.reporters.log import LogReporter
from query_guard.reporters.text import TextReporter
from query_guard.testing import assert_max_queries, assert_no_findings, merging, record_queries
from query_guard.testing.baseline import baseline_text
from query_guard.testing.outputs.annotations import annotation_lines
from query_guard.testing.outputs.gathered import gathered
from tests.databases import Database
from tests.fixtures import SCHEMES

pytestmark = pytest.mark.query_guard(mode="off")

CANARY = "zqcanary"
TOKEN = f"token-{CANARY}-{'x' * 16}"
ROWS = Table(
    "canaries", MetaData(), Column("id", Integer, primary_key=True), Column("email", String(80), unique=True)
)  # fmt: skip
_numbers = itertools.count()  # a failure is said once in a process
OWN = ("x-query", "server-timing")
"""How the names of the guard's own headers begin; the others are the application's."""


@pytest.fixture(params=["sqlite3", "aiosqlite", "psycopg", "asyncpg"])
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest_asyncio.fixture
async def database(
    driver: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Database]:
    """Give a database whose address, password, file and application name are planted, too."""
    options: dict[str, Any] = {}
    if driver in ("psycopg", "asyncpg"):
        server = request.getfixturevalue("postgres_url").replace("postgresql://", f"{SCHEMES[driver]}://")
        url = server.replace("@", f":{CANARY}@", 1) if ":" not in server.split("@")[0].split("//")[1] else server
        name = {"application_name": CANARY}
        options["connect_args"] = name if driver == "psycopg" else {"server_settings": name}
    else:
        url = f"{SCHEMES[driver]}:///{tmp_path / f'{CANARY}.db'}"
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("SECRET", CANARY)
    database = Database(driver, url, **options)
    await database.run(make)
    yield database
    await database.dispose()


def make(session: Session) -> None:
    ROWS.metadata.drop_all(session.connection())
    ROWS.metadata.create_all(session.connection())
    session.commit()


def plant(session: Session) -> None:
    """Send values in each way in which SQLAlchemy and people write them."""
    connection = session.connection()
    connection.execute(insert(ROWS).values(email=f"{CANARY}@example.com"))
    connection.execute(insert(ROWS), [{"email": f"{CANARY}{number}"} for number in range(3)])
    for number in range(3):
        session.scalars(select(ROWS.c.id).where(ROWS.c.email == f"{CANARY}{number}")).all()
    for _ in range(2):
        connection.execute(select(ROWS).where(ROWS.c.email == literal(CANARY, literal_execute=True)))
    connection.execute(select(ROWS).where(ROWS.c.email.in_([CANARY, f"{CANARY}2"])))
    connection.execute(select(literal_column(f"'{CANARY} it''s'")))
    connection.execute(text(f"SELECT id /* user={CANARY} */ FROM canaries WHERE email LIKE '%{CANARY}%' -- {CANARY}"))
    connection.exec_driver_sql(f"SELECT id FROM canaries WHERE email IN ('{CANARY}', '{CANARY}2')")
    connection.execute(update(ROWS).where(ROWS.c.id == 1).values(email=f"{CANARY}!"))
    connection.exec_driver_sql(f"SAVEPOINT {CANARY}")
    connection.exec_driver_sql(f"RELEASE SAVEPOINT {CANARY}")
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(
            f'SELECT id FROM canaries WHERE email = "{CANARY}@example.com" OR email = "{CANARY}"'
        )
        connection.exec_driver_sql(f"PRAGMA user_version({len(CANARY)})")
    else:
        connection.exec_driver_sql(f"SET application_name = '{CANARY}'")
        connection.exec_driver_sql(f"SET app.person = {CANARY}")
        connection.exec_driver_sql(rf"SELECT E'it\'s {CANARY}', $a$it's {CANARY}$a$, U&'{CANARY}'")


def violate(session: Session) -> None:
    """Fail on a constraint: the driver's exception says which value was there."""
    for _ in range(2):
        session.execute(insert(ROWS).values(email=f"{CANARY}@twice"))
    session.commit()


def application(database: Database, **options: Any) -> tuple[FastAPI, list[Report]]:
    reports: list[Report] = []
    app = FastAPI()

    def broken(_facts: Facts) -> list[Finding]:
        raise RuntimeError(f"a detector that says {CANARY}")

    def failing(_report: Report) -> None:
        raise RuntimeError(f"a reporter that says {CANARY}") from ValueError(CANARY)

    broken.__qualname__, failing.__qualname__ = (f"{part.__name__} {next(_numbers)}" for part in (broken, failing))
    app.add_middleware(
        QueryGuard, detectors=defaults(broken), reporters=[failing, LogReporter(), reports.append], debug=True,
        debug_token=TOKEN, **options,
    )  # fmt: skip

    @app.post("/reset/{token}")
    async def reset(token: str, request: Request) -> int:
        await request.body()
        await database.run(plant)
        return len(token)

    @app.get("/fails/{email}")
    async def fails(email: str) -> None:
        try:
            await database.run(violate)
        except Exception as error:
            raise RuntimeError(f"no luck with {email}") from error

    @app.websocket("/socket/{token}")
    async def socket(websocket: WebSocket, token: str) -> None:
        await websocket.accept()
        await websocket.receive_text()
        await websocket.close()

    mounted = FastAPI()
    mounted.get("/{name}")(lambda name, tenant="": None)
    app.mount("/tenants/{tenant}", mounted)
    return app, reports


async def visit(app: FastAPI) -> list[httpx.Response]:
    """Send values in paths, queries, headers, cookies and bodies."""
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1), raise_app_exceptions=False)
    planted = {"authorization": f"Bearer {CANARY}", "user-agent": CANARY, "cookie": f"session={CANARY}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=planted) as client:
        return [
            await client.post(f"/reset/{CANARY}?q={CANARY}", json={"password": CANARY}),
            await client.get(f"/fails/{CANARY}@example.com"),
            await client.get(f"/tenants/{CANARY}/{CANARY}"),
            await client.get(f"/unknown/{CANARY}"),
            await client.put(f"/reset/{CANARY}"),
        ]


async def debug_pages(app: FastAPI, reports: list[Report]) -> dict[str, str]:
    """Read each route of the debug endpoint, as JSON and as text."""
    layer: Any = app.middleware_stack
    while not isinstance(layer, QueryGuard):
        layer = layer.app
    assert layer._debug is not None
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    pages: dict[str, str] = {}
    known = {"authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=known) as client:
        for template in layer._debug.routes.views():
            for identity in [report.id for report in reports] if "{id}" in template else [""]:
                for accept in ("application/json", "text/plain"):
                    named = template.replace("{name}", "main.js").replace("{kind}", "n_plus_one")
                    path = f"/__query_guard__{named.replace('{id}', identity)}"
                    answer = await client.get(path, headers={"accept": accept})
                    assert answer.status_code < 400, (path, answer.text)
                    pages[f"{accept} of {template} {identity}"] = f"{answer.text} {answer.headers}"
    return pages


def run_outputs(recording: Recording) -> Iterator[tuple[str, str]]:
    """Yield what the pytest plugin writes, in each format there is."""
    entry = entry_of("tests/test_app.py::test", recording, {})
    settings = Settings(mode="warn", baseline=Path("base.json"), known={})
    for suffix, written in merging.FORMATS.items():
        yield f"pytest {suffix}", written(outputs.run_of(settings, [entry]))
    yield "baseline", baseline_text({"test": entry["routes"]})
    yield "annotations", "\n".join(annotation_lines(gathered([entry])))
    yield "terminal", repr(list(sections(Settings(mode="warn"), [entry], [])))
    yield "entry", json.dumps(entry)


async def outputs_of(database: Database, caplog: pytest.LogCaptureFixture, **options: Any) -> dict[str, str]:
    """Visit an application in all of these ways, and return all that comes out, by name."""
    app, reports = application(database, **options)
    found: dict[str, str] = {}
    caplog.set_level(logging.DEBUG, "query_guard")
    with record_queries() as recording:
        for response in await visit(app):
            own = {name: value for name, value in response.headers.items() if name.startswith(OWN)}
            assert "x-query-guard-id" in own or response.status_code == 500
            found[f"headers of {response.status_code} {len(found)}"] = repr(own)
    assert [report.query_count > 0 for report in reports] == [True, True, False, False, False]
    found |= {f"page: {name}": page for name, page in (await debug_pages(app, reports)).items()}
    found |= dict(run_outputs(recording))
    for report in (*reports, recording.report):
        stream = io.StringIO()
        TextReporter(stream)(report)
        found[f"text {report.id}"] = stream.getvalue()
        found[f"document {report.id}"] = json.dumps(document(report))
        found[f"repr {report.id}"] = repr([report, report.facts, report.request, report.findings])
    found["repr of a recording"] = repr(recording)
    assertions: list[Callable[[], AbstractContextManager[Any]]] = [lambda: assert_max_queries(0), assert_no_findings]
    for number, assertion in enumerate(assertions):
        with pytest.raises(AssertionError) as failed:
            with assertion():
                await database.run(plant)
                await visit(app)
        found[f"assertion {number}"] = str(failed.value)
    formatter = logging.Formatter()
    for number, record in enumerate(record for record in caplog.records if record.name.startswith("query_guard")):
        found[f"log {number}"] = f"{formatter.format(record)} {record.__dict__.get('query_guard', '')}"
    return found


def holding(found: dict[str, str]) -> dict[str, str]:
    """Return what holds a planted value, and a piece of it."""
    places = {name: text.lower().find(CANARY) for name, text in found.items()}
    return {name: found[name][max(0, place - 80) : place + 20] for name, place in places.items() if place >= 0}


@pytest.mark.asyncio
async def test_no_output_holds_a_value(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    found = await outputs_of(database, caplog)
    assert holding(found) == {}
    own = [text for name, text in found.items() if name.startswith("log") and "logged once" in text]
    assert len(own) == 2
    assert all("builtins.RuntimeError at query_guard/" in text for text in own)
    assert {name.split()[0] for name in found} == set(
        "headers page: pytest baseline annotations terminal entry text document repr assertion log".split()
    )


@pytest.mark.asyncio
async def test_captured_values_are_in_the_json_of_the_debug_page_alone(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    found = await outputs_of(database, caplog, capture_parameters=True)
    assert {name.split(" ")[3] for name in holding(found)} == {
        "/api/requests", "/api/requests/{id}", "/requests/{id}",
    }  # fmt: skip
    assert all(name.startswith("page: application/json") for name in holding(found))


@pytest.mark.asyncio
async def test_structlog_gets_no_value(database: Database) -> None:
    app, _ = application(database)
    structlog.configure()
    try:
        with capture_logs() as events:
            await visit(app)
    finally:
        structlog.reset_defaults()
    assert {event["event"] for event in events} == {"query_guard.request", "query_guard.finding"}
    assert CANARY not in repr(events)


@pytest.mark.asyncio
async def test_a_failure_of_the_guard_beside_one_of_the_application_says_nothing_of_that(
    database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: Any) -> None:
        raise LookupError(CANARY)

    monkeypatch.setattr("query_guard.own_errors._logged", set())
    monkeypatch.setattr("query_guard.capture.hooks.statements.value_hashes", refuse)
    monkeypatch.setattr("query_guard.web.exchange.Exchange._headers", refuse)
    monkeypatch.setattr("query_guard.web.exchange.Exchange._running", refuse)
    app, _ = application(database)
    await visit(app)
    messages = [logging.Formatter().format(record) for record in caplog.records if record.name == "query_guard"]
    assert {message.split(":")[1] for message in messages if "logged once" in message} >= {
        " a statement could not be recorded in full", " the report of a request could not be made",
    }  # fmt: skip
    assert CANARY not in "".join(messages)
    assert "IntegrityError" not in "".join(messages)


def test_a_websocket_has_no_values_in_its_report() -> None:
    database = Database("sqlite3", "sqlite://")
    app, reports = application(database)
    with TestClient(app).websocket_connect(f"/socket/{CANARY}?q={CANARY}") as websocket:
        websocket.send_text(CANARY)
    with suppress(Exception), TestClient(app).websocket_connect(f"/nowhere/{CANARY}"):
        pass
    assert [(report.request.route, report.request.path) for report in reports] == [
        ("/socket/{token}",) * 2,
        (None, None),
    ]
    assert CANARY not in repr(reports) + json.dumps([document(report) for report in reports])


def test_what_python_prints_of_public_objects_holds_no_secret() -> None:
    guard = QueryGuard(FastAPI(), debug=True, debug_token=TOKEN)
    shown = [guard, guard._options, fingerprint(f"SELECT '{CANARY}'"), guard._setup]
    assert CANARY not in "".join(map(repr, shown))
    with pytest.raises(ValueError, match="debug_token") as refused:
        QueryGuard(FastAPI(), debug_token=CANARY)
    assert CANARY not in "".join(traceback.format_exception_only(refused.value))
