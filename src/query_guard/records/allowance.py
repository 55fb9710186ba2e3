"""A finding that is accepted: by relationship, by kind, or by kind and place, with a reason and a last day."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date

from query_guard.records.findings import Finding

_FILE = r"[^:]+\.\w+|[^:]*\*[^:]*"
"""The end of a path, or a pattern with an asterisk for any part of it, slashes included."""
_PATTERN = rf"(?P<relationship>[A-Za-z_]\w*\.\w+)|(?P<kind>[a-z_]\w*)(?::(?P<file>{_FILE})(?::(?P<function>\w+))?)?"


@dataclass(slots=True, eq=False)
class Allowance:
    """A finding that is accepted: `Allowance("Post.author", reason="one author a page", until="2027-01-31")`.

    `pattern` is a relationship ("Post.author"), a kind ("n_plus_one"), or a kind and its place
    ("n_plus_one:crud.py:load", "n_plus_one:legacy/*"). `until` is the last day on which it allows, as a date or in
    ISO 8601. After it the finding is reported again, and says so. Raises ValueError for a wrong pattern or date.
    """

    pattern: str
    reason: str = ""
    until: date | str | None = None
    matched: int = field(default=0, init=False)
    """How many findings it has matched so far."""
    _relationship: str | None = field(default=None, init=False, repr=False)
    _kind: str | None = field(default=None, init=False, repr=False)
    _path: re.Pattern[str] | None = field(default=None, init=False, repr=False)
    _function: str | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        match = re.fullmatch(_PATTERN, self.pattern) if isinstance(self.pattern, str) else None
        if match is None:
            raise ValueError(
                f"an allowance must be a relationship ('Post.author'), a kind ('n_plus_one') or a kind with a "
                f"place ('n_plus_one:crud.py:load', 'n_plus_one:legacy/*'), not {self.pattern!r}"
            )
        if not isinstance(self.reason, str):
            raise ValueError(f"the reason of the allowance {self.pattern!r} must be a text, not {self.reason!r}")
        self.until = _day(self.pattern, self.until)
        self._relationship, self._kind = match["relationship"], match["kind"]
        self._path, self._function = _ending(match["file"]), match["function"]

    def __str__(self) -> str:
        return f"{self.pattern!r}: {self.reason}" if self.reason else repr(self.pattern)

    def covers(self, finding: Finding) -> bool:
        if self._relationship is not None:
            return finding.relationship == self._relationship
        return finding.kind == self._kind and (self._path is None or self._is_at(finding))

    @property
    def kind(self) -> str | None:
        """The kind it allows, where it does not allow a relationship."""
        return self._kind

    @property
    def has_expired(self) -> bool:
        return self.is_over_on(date.today())

    def is_over_on(self, day: date) -> bool:
        """Whether `day` is after its last day."""
        return isinstance(self.until, date) and day > self.until

    @property
    def expiry(self) -> str:
        """A sentence for when it has expired."""
        reason = f" ({self.reason})" if self.reason else ""
        return f"the allowance {self.pattern!r}{reason} expired on {self.until}: renew it, or fix this"

    def _is_at(self, finding: Finding) -> bool:
        return any(
            self._is_in(frame.file) and self._function in (None, frame.function) for frame in finding.site.frames
        )

    def _is_in(self, file: str) -> bool:
        return self._path is None or self._path.search(f"/{file}".replace("\\", "/")) is not None


def _ending(pattern: str | None) -> re.Pattern[str] | None:
    """Return what the end of a path must match. Only the asterisk is special: folders are named `[id]`, too."""
    if pattern is None:
        return None
    parts = re.split(r"\*+", pattern.replace("\\", "/"))
    return re.compile(rf"/{'.*'.join(map(re.escape, parts))}\Z", re.DOTALL)


def _day(pattern: str, day: object) -> date | None:
    if day is None or type(day) is date:
        return day
    if isinstance(day, str):
        with suppress(ValueError):
            return date.fromisoformat(day)
    raise ValueError(f"the allowance {pattern!r} must end on a date, such as '2027-01-31', not {day!r}")
