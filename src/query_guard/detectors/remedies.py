"""What to type so that a loop of statements becomes one: the loader to add, or the statement to write instead."""

from __future__ import annotations

from typing import NamedTuple

from query_guard.records import Loader, Statement


class Remedy(NamedTuple):
    """`code` can be pasted; `advice` is the sentence around it."""

    code: str
    advice: str


def remedy_for(row: Statement) -> Remedy:
    """Return the remedy for a loop of statements like `row`."""
    if row.loader is not None and row.loader.attribute:
        return _eager_load(row.loader)
    if row.loader is not None and row.loader.kind == "refresh":
        return _refresh(row.loader)
    return _WRITES.get(row.operation, _batched_select)(row)


def _eager_load(loader: Loader) -> Remedy:
    steps = [f"selectinload({name})" for name in loader.path[:-1]]
    last = "selectinload" if loader.collection else "joinedload"
    code = ".".join([*steps, f"{last}({loader.path[-1]})"])
    root = loader.path[0].partition(".")[0]
    return Remedy(code, f"Add .options({code}) to the select that loads {root}")


def _refresh(loader: Loader) -> Remedy:
    return Remedy(
        "expire_on_commit=False",
        f"Attributes of {loader.owner} are read again one object at a time: create the session with "
        "expire_on_commit=False, or load the objects with one select before the loop; for a deferred column add "
        ".options(undefer(...))",
    )


def _table(row: Statement) -> str:
    tables = row.writes or row.tables
    return tables[0] if tables else "the table"


def _batched_select(row: Statement) -> Remedy:
    code = "select(Model).where(Model.id.in_(ids))"
    return Remedy(code, f"Collect the values first and fetch {_table(row)} with one IN: {code}")


def _bulk_insert(row: Statement) -> Remedy:
    code = "session.add_all(objects)"
    return Remedy(
        code,
        f"Insert into {_table(row)} with one flush after the loop: {code}, or session.execute(insert(Model), rows)",
    )


def _bulk_update(row: Statement) -> Remedy:
    code = "session.execute(update(Model), rows)"
    return Remedy(code, f"Update {_table(row)} once after the loop, rows being dicts that hold the primary key: {code}")


def _bulk_delete(row: Statement) -> Remedy:
    code = "session.execute(delete(Model).where(Model.id.in_(ids)))"
    return Remedy(code, f"Delete from {_table(row)} with one statement: {code}")


_WRITES = {"INSERT": _bulk_insert, "UPDATE": _bulk_update, "DELETE": _bulk_delete}
