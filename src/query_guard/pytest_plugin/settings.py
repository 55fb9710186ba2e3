"""The options of the command line and the ini file, checked: a wrong one names what was expected."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from query_guard.records import Allowance
    from query_guard.testing.baseline import Baseline

MODES = ("off", "warn", "fail")
SUFFIXES = (".json", ".sarif", ".md")
_ALLOWED = re.compile(r"(?P<pattern>\S+)(?:\s+until\s+(?P<until>\S+))?(?:\s+because\s+(?P<reason>.+))?")


@dataclass(slots=True, eq=False)
class Settings:
    """What was asked for. `mode` is empty where nothing was said; `known` is None where there is no baseline yet."""

    mode: str = ""
    baseline: Path | None = None
    known: Baseline | None = None
    update: bool = False
    reports: tuple[Path, ...] = ()
    fail_on: frozenset[str] | None = None
    """The kinds that fail a test; None for all warnings and errors that measure no time."""
    allow: tuple[Allowance, ...] = ()
    reads: bool = False
    require: bool = False
    runs_all: bool = True
    """Whether the whole suite runs, and not some tests that were named or chosen."""

    @property
    def listens(self) -> bool:
        return self.mode != "off"

    @property
    def records(self) -> bool:
        """Whether the call of each test is recorded, whatever the application's middleware does."""
        return self.listens and (self.mode != "" or self.require or self.baseline is not None or bool(self.reports))

    @property
    def writes_baseline(self) -> bool:
        return self.listens and self.baseline is not None and (self.update or self.known is None)

    @property
    def holds_baseline(self) -> bool:
        """Whether tests are held against what the baseline knows."""
        return self.listens and self.known is not None and not self.update


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("query_guard", "SQL statements of the tests")
    group.addoption(
        "--query-guard",
        dest="query_guard_mode",
        choices=MODES,
        help="what to do about findings of the tests: nothing at all, list them, or fail the test; "
        "by default those of the application's own middleware are listed",
    )
    group.addoption(
        "--query-guard-baseline",
        dest="query_guard_baseline",
        metavar="PATH",
        help="fail only on what has grown since this file was written; written where it is missing",
    )
    group.addoption(
        "--query-guard-update-baseline",
        dest="query_guard_update_baseline",
        action="store_true",
        help="write the baseline anew; tests that do not run keep their entries",
    )
    group.addoption(
        "--query-guard-report",
        dest="query_guard_reports",
        action="append",
        default=[],
        metavar="PATH",
        help="write what was found, as .json, .sarif or .md; may be repeated",
    )
    group.addoption(
        "--query-guard-fail-on",
        dest="query_guard_fail_on",
        metavar="KINDS",
        help="the kinds of findings that fail a test, with commas between them; by default all warnings and errors "
        "but those that measure time",
    )
    group.addoption(
        "--query-guard-require",
        dest="query_guard_require",
        action="store_true",
        help="fail tests that used a database past SQLAlchemy, where nothing could be seen",
    )
    parser.addini("query_guard_fail_on", "what --query-guard-fail-on says where it is not given", "args", [])
    parser.addini("query_guard_allow", "findings that are meant: PATTERN until DAY because REASON", "linelist", [])
    parser.addini("query_guard_reads", "note reads, and find eager loads that nobody reads", "bool", False)
    parser.addini("query_guard", "what --query-guard says where it is not given: off, warn or fail", default="")


def settings_of(config: pytest.Config) -> Settings:
    """Read the options of a run; raises pytest.UsageError."""
    path = config.getoption("query_guard_baseline")
    update = bool(config.getoption("query_guard_update_baseline"))
    if update and not path:
        raise pytest.UsageError("--query-guard-update-baseline needs --query-guard-baseline PATH, which was not given")
    mode = config.getoption("query_guard_mode") or _ini_mode(config)
    baseline = config.invocation_params.dir / path if path else None
    known = _known(baseline) if baseline is not None and mode != "off" else None
    if baseline is not None and mode != "off" and not hasattr(config, "workerinput"):
        _check_ci(baseline, known, update=update)
    return Settings(
        mode=mode,
        baseline=baseline,
        known=known,
        update=update,
        reports=tuple(_report(config, path) for path in config.getoption("query_guard_reports")),
        fail_on=_fail_on(config),
        allow=tuple(_allowance(line) for line in config.getini("query_guard_allow")),
        reads=_reads(config),
        require=bool(config.getoption("query_guard_require")),
        runs_all=config.args_source is not pytest.Config.ArgsSource.ARGS,
    )


def _check_ci(path: Path, known: Baseline | None, *, update: bool) -> None:
    """Refuse to write a new baseline where nobody would commit it, and nothing would ever fail."""
    if known is None and not update and os.environ.get("CI", "").lower() not in ("", "0", "false"):
        raise pytest.UsageError(
            f"--query-guard-baseline: {path} must be there where CI is set, but it is missing; write it on your "
            "machine and commit it, or give --query-guard-update-baseline, too"
        )


def _fail_on(config: pytest.Config) -> frozenset[str] | None:
    option = config.getoption("query_guard_fail_on")
    given = config.getini("query_guard_fail_on") if option is None else [option]
    kinds = [kind for part in given for kind in part.replace(",", " ").split()]
    if option is None and not kinds:
        return None
    name = "the ini option query_guard_fail_on" if option is None else "--query-guard-fail-on"
    from query_guard.testing.kinds import checked_kinds

    try:
        return checked_kinds(name, kinds)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None


def _allowance(line: str) -> Allowance:
    from query_guard.records import Allowance
    from query_guard.testing.kinds import checked_kinds

    name = "the ini option query_guard_allow"
    match = _ALLOWED.fullmatch(line)
    if match is None:
        raise pytest.UsageError(
            f"{name}: each line must be 'PATTERN until DAY because REASON', such as 'Post.author until 2027-01-31 "
            f"because the page shows three authors', not {line!r}"
        )
    try:
        allowance = Allowance(match["pattern"], match["reason"] or "", match["until"])
        if allowance.kind is not None:
            checked_kinds(name, [allowance.kind])
    except ValueError as error:
        message = str(error)
        raise pytest.UsageError(message if message.startswith(name) else f"{name}: {message}") from None
    return allowance


def _reads(config: pytest.Config) -> bool:
    try:
        return bool(config.getini("query_guard_reads"))
    except ValueError as error:
        raise pytest.UsageError(f"the ini option query_guard_reads must be true or false: {error}") from None


def _ini_mode(config: pytest.Config) -> str:
    mode = str(config.getini("query_guard"))
    if mode and mode not in MODES:
        raise pytest.UsageError(f"the ini option query_guard must be off, warn or fail, not {mode!r}")
    return mode


def _report(config: pytest.Config, path: str) -> Path:
    if not path.endswith(SUFFIXES):
        raise pytest.UsageError(f"--query-guard-report must end in .json, .sarif or .md, which {path!r} does not")
    return config.invocation_params.dir / path


def _known(path: Path) -> Baseline | None:
    from query_guard.testing.baseline import read_baseline

    try:
        return read_baseline(path)
    except ValueError as error:
        raise pytest.UsageError(f"--query-guard-baseline: {error}") from error
