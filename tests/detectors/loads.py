"""Selects of users, and loads of their relationships object by object, made by hand."""

from __future__ import annotations

from typing import Any

from query_guard.detectors.remedies import Remedy
from query_guard.records import NO_INFO, CallSite, Entity, Frame, Loader, Statement, StatementInfo, Step
from tests.reports import OF_POSTS, POSTS, statement


def info(name: str, **fields: Any) -> StatementInfo:
    return NO_INFO._replace(entity=name, lineage=(name,), entities=(Entity(name, (name,), False),), **fields)


def at_line(line: int, call: str = "scalars") -> CallSite:
    return CallSite(line, (Frame("crud.py", line, "run", 1),), "router", False, call)


def loader(step: Step, kind: str = "lazy") -> Loader:
    return Loader(
        kind, step.owner, step.attribute, step.collection, (step.name,), (step.owner,), step.target, (step,), ("id",)
    )


OF_COMMENTS = Step("Post", "comments", True, "Comment", ("Post",), ("Comment",))
OF_COMPANY = Step("User", "company", False, "Company", ("User",), ("Company",))
COMMENTS, COMPANY = loader(OF_COMMENTS), loader(OF_COMPANY)
USERS, POST = info("User"), info("Post")


def users(serial: int = 1, rows: int | None = 3, line: int = 10, **fields: Any) -> Statement:
    return statement(serial, **{"info": USERS, "rows": rows, "site": at_line(line), **fields})


def load(
    serial: int, what: Loader = POSTS, loaded_by: int | None = 1, rows: int | None = 2, **others: Any
) -> Statement:
    given = {"loader": what, "owner": serial, "loaded_by": loaded_by, "rows": rows, "site": at_line(20)}
    return statement(serial, **{**given, **others})


DEFERRED = Loader("column", "User", "biography, photo", False, ())
OF_POST = Loader("column", "Post", "text", False, (), steps=(OF_POSTS,))
SUBCLASS = Loader("subclass", "Author", "", False, (), ("User",))
GENERATED = Loader("generated", "User", "stamp", False, (), ("User",), keys=("id",))
COMPUTED = GENERATED._replace(kind="computed")
EXPIRED = Loader("expired", "User", "", False, (), ("User",), keys=("id",))
REFRESHED = EXPIRED._replace(kind="refresh")
BOTH = "undefer(User.biography).undefer(User.photo)"


def columns(serial: int, what: Loader = DEFERRED, loaded_by: int = 1) -> Statement:
    return load(serial, what, loaded_by, 1)


def saved(found: Remedy) -> tuple[list[int], int]:
    return sorted(row.serial for row in found.avoided), found.sent
