"""What an edit has changed about a route, as data and as one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from query_guard.records import Change, LastingName, Report

_NAMED = 3


def change_document(report: Report) -> dict[str, Any] | None:
    change = report.change
    if change is None:
        return None
    return {
        "since": datetime.fromtimestamp(change.since, UTC).isoformat(timespec="milliseconds"),
        "before": change.before,
        "after": change.after,
        "gone": [name._asdict() for name in change.gone],
        "new": [name._asdict() for name in change.new],
        "sentence": change_sentence(report.request.name, change),
    }


def change_sentence(route: str, change: Change) -> str:
    """Return `GET /users: 101 -> 2 statements since 14:02; User.posts gone`; the time is local."""
    then = datetime.fromtimestamp(change.since)
    since = f"{then:%H:%M}" if then.date() == datetime.now().date() else f"{then:%Y-%m-%d %H:%M}"
    if not change.is_any:
        return f"{route}: {change.after} statements as at {since}; no finding gone, none new"
    parts = [
        f"{route}: {change.before} -> {change.after} statements since {since}",
        f"{_listed(change.gone)} gone" if change.gone else "",
        f"{_listed(change.new)} new" if change.new else "",
    ]
    return "; ".join(part for part in parts if part)


def _listed(names: Sequence[LastingName]) -> str:
    shown = list(dict.fromkeys(map(str, names)))
    more = f" and {len(shown) - _NAMED} more" if len(shown) > _NAMED else ""
    return ", ".join(shown[:_NAMED]) + more
