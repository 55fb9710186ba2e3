"""Objects that are read again one by one: after a commit, a rollback, `expire()` or a flush, or by `refresh()`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from query_guard.detectors.remedies.batched import all_by_key
from query_guard.detectors.remedies.remedy import Remedy, listed
from query_guard.records import Facts, Loader, Statement, grouped

Cause: TypeAlias = Literal["commit", "rollback", "expire"]

_EXPIRED: dict[Cause, str] = {
    "commit": "A commit",
    "rollback": "A rollback",
    "expire": "expire(), expire_all() or the end of a savepoint",
}


def cause_of(loaded_by: int | None, until: float, transaction: int, facts: Facts) -> Cause:
    """Return what expired an object that statement `loaded_by` had brought, and that is read again at second `until`.

    The transaction that brought it has ended since, and so says how; where it is the same one still, nobody but the
    application can have expired the object.
    """
    source = facts.load_paths.at(loaded_by)
    if source is not None and source.transaction == transaction:
        return "expire"
    ended = [one for one in facts.transactions if one.end is not None and one.end <= until]
    own = [one for one in ended if source is not None and one.serial == source.transaction]
    last = (own or sorted(ended, key=lambda one: one.end or 0.0))[-1:]
    if not last:
        return "expire"
    return "commit" if last[0].outcome == "committed" else "rollback"


def expired(rows: Sequence[Statement], loader: Loader, facts: Facts) -> Remedy:
    """Return the remedy for objects that are read again since they expired."""
    cause = cause_of(rows[0].loaded_by, rows[0].start, rows[0].transaction, facts)
    if cause == "commit":
        code = "expire_on_commit=False"
        again = all_by_key(loader)
        advice = (
            f"{said_of(loader, cause)}: create the session with {code}, or load them with one select after the commit"
        )
        return Remedy(code, f"{advice}: {again}" if again else advice, _read_after_commits(facts))
    return select_after(loader, cause, all_by_key(loader)).once_for(rows)


def select_after(loader: Loader, cause: Cause, code: str) -> Remedy:
    """Return the remedy that loads expired objects at once."""
    before = "read what is needed before it, or " if cause == "rollback" else ""
    advice = f"{said_of(loader, cause)}: {before}load them with one select after it"
    return Remedy(code, f"{advice}: {code}" if code else advice)


def said_of(loader: Loader, cause: Cause) -> str:
    return f"{_EXPIRED[cause]} expired every {loader.owner}, and each is read again on its own"


def _read_after_commits(facts: Facts) -> tuple[Statement, ...]:
    """Return all that is read again after a commit; nothing where relationships are, which may have been loaded."""
    if any(load.path.how == "expired" for load in facts.load_paths.loads):
        return ()
    again = [row for row in facts.statements if row.loader is not None and row.loader.kind == "expired"]
    groups = grouped(again, lambda row: (row.loaded_by, row.transaction))
    by_commit = (
        rows
        for (loaded_by, transaction), rows in groups.items()
        if cause_of(loaded_by, rows[0].start, transaction, facts) == "commit"
    )
    return tuple(row for rows in by_commit for row in rows)


def generated(rows: Sequence[Statement], loader: Loader) -> Remedy:
    """Return the remedy for values that the database made and that a flush left to be read again."""
    code = all_by_key(loader)
    advice = f"{made_by_database(loader)}, or read them all with one select after the flush"
    return Remedy(code, f"{advice}: {code}" if code else advice).once_for(rows)


def _made(loader: Loader) -> str:
    names = [f"{loader.owner}.{name}" for name in loader.attribute.split(", ")]
    return f"The database makes {listed(names)} (a server default, or onupdate)"


def made_by_database(loader: Loader) -> str:
    """Say what makes a value that is read again, and how it comes with the flush."""
    return f"{_made(loader)}: set __mapper_args__ = {{'eager_defaults': True}} in {loader.owner}"


def refreshed(rows: Sequence[Statement], loader: Loader) -> Remedy:
    """Return the remedy for `session.refresh()` in a loop."""
    lock = rows[0].info.clauses.lock
    code = all_by_key(loader, further=f".execution_options(populate_existing=True){lock}")
    if not code:
        return Remedy("", f"Refresh every {loader.owner} with one select and populate_existing=True")
    return Remedy(
        code, f"Refresh every {loader.owner} with one select instead of one session.refresh() each: {code}"
    ).once_for(rows)  # fmt: skip
