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


def cause_of(loaded_by: int | None, seconds: float, transaction: int, facts: Facts) -> Cause:
    """Return what expired an object that statement `loaded_by` had loaded, and that is read again after `seconds`.

    If the transaction that loaded it has ended since, its outcome is the cause. If it is still the same transaction,
    only the application can have expired the object.
    """
    source = facts.load_paths.at(loaded_by)
    if source is not None and source.transaction == transaction:
        return "expire"
    ended = [row for row in facts.transactions if row.end is not None and row.end <= seconds]
    of_source = [row for row in ended if source is not None and row.serial == source.transaction]
    last = (of_source or sorted(ended, key=lambda row: row.end or 0.0))[-1:]
    if not last:
        return "expire"
    return "commit" if last[0].outcome == "committed" else "rollback"


def expired(rows: Sequence[Statement], loader: Loader, facts: Facts) -> Remedy:
    """Return the remedy for objects that are read again because they expired."""
    cause = cause_of(rows[0].loaded_by, rows[0].start, rows[0].transaction, facts)
    if cause == "commit":
        code = "expire_on_commit=False"
        select = all_by_key(loader)
        expiry = expiry_sentence(loader, cause)
        advice = f"{expiry}: create the session with {code}, or load them with one select after the commit"
        return Remedy(code, f"{advice}: {select}" if select else advice, _read_after_commits(facts))
    return select_after(loader, cause, all_by_key(loader)).once_for(rows)


def select_after(loader: Loader, cause: Cause, code: str) -> Remedy:
    """Return the remedy that loads expired objects at once."""
    read_before = "read what is needed before it, or " if cause == "rollback" else ""
    advice = f"{expiry_sentence(loader, cause)}: {read_before}load them with one select after it"
    return Remedy(code, f"{advice}: {code}" if code else advice)


def expiry_sentence(loader: Loader, cause: Cause) -> str:
    return f"{_EXPIRED[cause]} expired every {loader.owner}, and each is read again on its own"


def _read_after_commits(facts: Facts) -> tuple[Statement, ...]:
    """Return all reloads after a commit; nothing if relationships are among them, which a select may not replace."""
    if any(load.path.how == "expired" for load in facts.load_paths.loads):
        return ()
    reloads = [row for row in facts.statements if row.loader is not None and row.loader.kind == "expired"]
    groups = grouped(reloads, lambda row: (row.loaded_by, row.transaction))
    by_commit = (
        rows
        for (loaded_by, transaction), rows in groups.items()
        if cause_of(loaded_by, rows[0].start, transaction, facts) == "commit"
    )
    return tuple(row for rows in by_commit for row in rows)


def was_flushed(row: Statement, facts: Facts) -> bool:
    """Whether the object of a reload may have been flushed before it; if not, the application has expired it.

    An object that no statement has loaded was added, or is not known. With `expire_on_commit=False`, what a flush left
    to be read is read after its transaction, too.
    """
    tables = {*row.tables}
    earlier = (other for other in facts.statements if other.serial < row.serial)
    return not row.loaded_by or any(not tables.isdisjoint(other.writes) for other in earlier)


def generated(rows: Sequence[Statement], loader: Loader) -> Remedy:
    """Return the remedy for values that the database makes or computes, and that are read again after a flush."""
    code = all_by_key(loader)
    advice = after_flush(loader, "read them all with one select")
    return Remedy(code, f"{advice}: {code}" if code else advice).once_for(rows)


def after_flush(loader: Loader, instead: str) -> str:
    """Say why a flush left values to be read again, and what to do: `eager_defaults` fetches none that SQL computes."""
    attributes = [f"{loader.owner}.{name}" for name in loader.attribute.split(", ")]
    if loader.kind == "generated":
        made = f"The database makes {listed(attributes)} (a server default, or onupdate)"
        option = f"set __mapper_args__ = {{'eager_defaults': True}} in {loader.owner}"
        return f"{made}: {option}, or {instead} after the flush"
    one = len(attributes) == 1
    computed = f"SQL computes {listed(attributes)} (a column_property{'' if one else ' is among them'})"
    return f"{computed}, so that each flush of the object expires {'it' if one else 'them'}: {instead} after the flush"


def refreshed(rows: Sequence[Statement], loader: Loader) -> Remedy:
    """Return the remedy for `session.refresh()` in a loop."""
    lock = rows[0].info.clauses.lock
    code = all_by_key(loader, suffix=f".execution_options(populate_existing=True){lock}")
    if not code:
        return Remedy("", f"Refresh every {loader.owner} with one select and populate_existing=True")
    return Remedy(
        code, f"Refresh every {loader.owner} with one select instead of one session.refresh() each: {code}"
    ).once_for(rows)  # fmt: skip
