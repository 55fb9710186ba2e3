"""The settings of a run, read from the command line and the ini file; a wrong value says what was expected."""

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
    """The settings of a run. `mode` is empty where none was given; `known` is the baseline that was read, or None."""

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
    tries: bool = False
    """Whether tests run again with the loader options that their findings offer."""
    tries_commits: bool = False
    """Whether those do, too, that have committed."""
    runs_all: bool = True
    """Whether the whole suite runs, and not a selection of tests."""

    @property
    def listens(self) -> bool:
        return self.mode != "off"

    @property
    def records(self) -> bool:
        """Whether each test is recorded, in addition to the reports of the application's middleware."""
        return self.listens and (self.mode != "" or self.require or self.baseline is not None or bool(self.reports))

    @property
    def writes_baseline(self) -> bool:
        return self.listens and self.baseline is not None and (self.update or self.known is None)

    @property
    def holds_baseline(self) -> bool:
        """Whether tests are compared with the baseline."""
        return self.listens and self.known is not None and not self.update


def settings_of(config: pytest.Config) -> Settings:
    """Read the options of a run; raises pytest.UsageError."""
    path = config.getoption("query_guard_baseline")
    update = bool(config.getoption("query_guard_update_baseline"))
    if update and not path:
        raise pytest.UsageError("--query-guard-update-baseline needs --query-guard-baseline PATH, which was not given")
    tries_commits = bool(config.getoption("query_guard_try_commits"))
    tries = tries_commits or bool(config.getoption("query_guard_try"))
    mode = config.getoption("query_guard_mode") or _ini_mode(config) or ("warn" if tries else "")
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
        tries=tries and mode != "off",
        tries_commits=tries_commits,
        runs_all=config.args_source is not pytest.Config.ArgsSource.ARGS,
    )


def _check_ci(path: Path, known: Baseline | None, *, update: bool) -> None:
    """Refuse to write a new baseline in CI: nobody would commit it, and so no test would ever fail."""
    if known is None and not update and os.environ.get("CI", "").lower() not in ("", "0", "false"):
        raise pytest.UsageError(
            f"--query-guard-baseline: {path} must be there where CI is set, but it is missing; write it on your "
            "machine and commit it, or give --query-guard-update-baseline, too"
        )


def _fail_on(config: pytest.Config) -> frozenset[str] | None:
    option = config.getoption("query_guard_fail_on")
    texts = config.getini("query_guard_fail_on") if option is None else [option]
    kinds = [kind for text in texts for kind in text.replace(",", " ").split()]
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
