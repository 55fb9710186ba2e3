"""Under the application's own configuration of logging: formatters for JSON, dictConfig, processors of structlog."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import warnings
from collections.abc import Iterator
from dataclasses import replace
from logging.handlers import QueueHandler
from queue import SimpleQueue
from typing import Any

import pytest
import structlog
from pythonjsonlogger.json import JsonFormatter
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.pool import StaticPool
from structlog.contextvars import bind_contextvars, merge_contextvars

from query_guard.records import Change, Finding, Holder, LastingName, Report
from query_guard.reporters import log
from query_guard.reporters.log import LogReporter
from tests.reports import ENGINE, SITE, report_with
from tests.serving import guarded, visit

LOOP = Finding("n_plus_one", "warning", "User.posts was loaded 50 times: SELECT 1", "Add this", site=SITE, count=50)
NOTHING_FOUND = report_with()
FOUND = replace(report_with(LOOP), change=Change(0.0, 2, 101, (), (LastingName("n_plus_one", "User.posts", "load"),)))
HOLDER = Holder(1, "GET /", SITE, 20.0, 10.0, "idle", suspected=True)


@pytest.fixture
def logger(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """Return the logger as nobody has configured it, and leave it so."""
    structlog.reset_defaults()
    monkeypatch.setattr(log, "_said", set())
    own = logging.getLogger("query_guard")
    monkeypatch.setattr(own, "handlers", [])
    monkeypatch.setattr(own, "propagate", False)
    monkeypatch.setattr(own, "disabled", False)
    level = own.level
    own.setLevel("INFO")
    yield own
    own.setLevel(level)
    structlog.reset_defaults()


def written(logger: logging.Logger, formatter: logging.Formatter, *reports: Report, **options: Any) -> list[str]:
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(formatter)
    logger.addHandler(handler)
    reporter = LogReporter(**options)
    for report in reports:
        reporter(report)
    logger.removeHandler(handler)
    return output.getvalue().splitlines()


def texts_in(value: Any) -> list[str]:
    """Return all texts of JSON data that say more than a name does."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts_in(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts_in(part)]
    return [value] if isinstance(value, str) and " " in value else []


@pytest.mark.parametrize("readable", [False, True])
def test_json_has_each_text_once(readable: bool, logger: logging.Logger) -> None:
    lines = [json.loads(line) for line in written(logger, JsonFormatter(), FOUND, readable=readable)]
    names = ["query_guard.report"] if readable else ["request", "change", "finding"]
    assert [line["message"].removeprefix("query_guard.") for line in lines] == [
        name.removeprefix("query_guard.") for name in names
    ]
    assert {*map(len, lines)} == {2}
    texts = texts_in(lines)
    assert sorted(set(texts)) == sorted(texts)
    assert {LOOP.summary, LOOP.fix} <= {*texts}


def test_the_readable_report_as_json_has_the_fields_of_the_request_and_its_events(logger: logging.Logger) -> None:
    (line,) = written(logger, JsonFormatter(), FOUND, readable=True, release="7")
    fields = json.loads(line)["query_guard"]
    change, finding = fields["events"]
    assert (fields["report_id"], fields["route"], fields["release"], fields["findings"]) == (
        FOUND.id, "/users", "7", {"n_plus_one": 1},
    )  # fmt: skip
    assert [*change] == ["event", "since", "before", "after", "gone", "new", "sentence"]
    assert [*finding] == ["event", "kind", "severity", "summary", "fix", "file", "line", "function", "count", "times"]


def test_others_write_a_line_also_behind_a_queue(logger: logging.Logger) -> None:
    first, *_ = written(logger, logging.Formatter("%(levelname)s %(message)s"), NOTHING_FOUND)
    records: SimpleQueue[logging.LogRecord] = SimpleQueue()
    logger.addHandler(QueueHandler(records))
    LogReporter()(NOTHING_FOUND)
    record = records.get()
    assert first == f"INFO {record.getMessage()}"
    assert record.getMessage().startswith("query_guard.request GET /users: 0 queries in 0.0 ms (status 200, ")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    posts: Mapped[list[Post]] = relationship()


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))


@pytest.mark.asyncio
@pytest.mark.parametrize("readable", [False, True])
async def test_a_line_of_a_request_with_fifty_statements_is_under_two_kilobytes(
    readable: bool, logger: logging.Logger
) -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([User(posts=[Post()]) for _ in range(49)])
        session.commit()
    app, reports = guarded()

    @app.get("/organisations/{organisation_id}/users")
    def users(organisation_id: int) -> list[int]:
        with Session(engine) as session:
            return [len(user.posts) for user in session.scalars(select(User))]

    await visit(app, "/organisations/7/users")
    engine.dispose()
    (report,) = reports
    lines = written(logger, JsonFormatter(), report, readable=readable)
    assert (report.query_count, [finding.kind for finding in report.loud_findings]) == (50, ["n_plus_one"])
    assert len(lines) == (1 if readable else 2)
    assert max(map(len, lines)) < 2_000


def test_a_logger_that_logging_config_has_disabled_is_named_once(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    enabled = [each for each in logging.root.manager.loggerDict.values() if not getattr(each, "disabled", True)]
    reporter = LogReporter()
    try:
        logging.config.dictConfig(
            {
                "version": 1,  # disable_existing_loggers is True by default
                "handlers": {"out": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"}},
                "root": {"handlers": ["out"], "level": "INFO"},
            }
        )
        for _ in range(2):
            reporter(FOUND)
            reporter.suspect(HOLDER, ENGINE)
    finally:
        root.handlers[:], root.level = before[0], before[1]
        for each in enabled:
            each.disabled = False  # type: ignore[union-attr]  # loggers alone, no placeholders
    assert capsys.readouterr().out == (
        "query_guard: the logger 'query_guard' is disabled, so that findings are not logged. If logging.config has "
        "done it, set disable_existing_loggers to False there, or name 'query_guard' among its loggers (said once)\n"
    )


def test_it_is_not_named_where_structlog_logs_without_it(
    logger: logging.Logger, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    structlog.configure(processors=[structlog.processors.JSONRenderer()])
    logger.disabled = True
    LogReporter()(FOUND)
    assert caplog.records == []
    assert [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()] == [
        "query_guard.request", "query_guard.change", "query_guard.finding",
    ]  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.usefixtures("logger")
async def test_events_go_through_the_processors_of_the_application_in_the_context_of_the_request() -> None:
    events: list[dict[str, Any]] = []

    def trace(_logger: Any, _name: str, event: Any) -> Any:
        return {**event, "trace_id": "0af7651916cd43dd8448eb211c80319c"}

    def keep(_logger: Any, _name: str, event: Any) -> Any:
        events.append(event)
        raise structlog.DropEvent

    structlog.configure(processors=[merge_contextvars, trace, keep])
    app, _ = guarded(reporters=[LogReporter()])
    app.get("/")(lambda: 1)

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        bind_contextvars(request_id="of-the-edge")
        await app(scope, receive, send)

    await visit(outer, "/")  # type: ignore[arg-type]  # an ASGI application, as well
    structlog.contextvars.clear_contextvars()
    assert [(event["event"], event["request_id"], event["trace_id"]) for event in events] == [
        ("query_guard.request", "of-the-edge", "0af7651916cd43dd8448eb211c80319c")
    ]


def reporters_of_all_events() -> None:
    reporter = LogReporter("7")
    reporter(replace(FOUND, facts=replace(FOUND.facts, request=FOUND.request._replace(exception="ValueError"))))
    reporter.suspect(HOLDER, ENGINE)


def test_no_field_is_one_that_a_record_of_the_standard_library_has(logger: logging.Logger) -> None:
    """Else `render_to_log_kwargs`, which makes attributes of fields, would raise."""
    output = io.StringIO()
    logger.addHandler(logging.StreamHandler(output))
    structlog.configure(
        logger_factory=structlog.stdlib.LoggerFactory(), processors=[structlog.stdlib.render_to_log_kwargs]
    )
    reporters_of_all_events()
    assert output.getvalue().splitlines() == [
        "query_guard.request", "query_guard.change", "query_guard.finding", "query_guard.leak_suspected",
    ]  # fmt: skip


@pytest.mark.usefixtures("logger")
def test_no_field_is_taken_for_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.configure(processors=[structlog.processors.add_log_level, structlog.dev.ConsoleRenderer(colors=False)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reporters_of_all_events()
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" query_guard.")[2].split()[0] for line in lines] == [
        "request", "change", "finding", "leak_suspected",
    ]  # fmt: skip
