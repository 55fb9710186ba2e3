"""Findings: their rank, their place and their names; options as they are typed, and what became of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from query_guard.records import (
    NOWHERE,
    CallSite,
    Change,
    Entity,
    Finding,
    Frame,
    LastingName,
    LoaderOption,
    OptionCall,
    PlacedOption,
    Silence,
    Tried,
    chain_of,
    count_kinds,
    lasting_name,
)
from query_guard.records.change import without
from query_guard.records.findings import Severity
from tests.reports import SITE


def finding(kind: str = "n_plus_one", severity: Severity = "warning", **fields: Any) -> Finding:
    return replace(Finding(kind, severity, "summary", "fix", SITE), **fields)


def test_findings_are_ranked_by_what_they_cost() -> None:
    ranked = [
        finding(severity="error"),
        finding(saved_statements=9),
        finding(saved_statements=3, count=2),
        finding(count=7),
        finding(count=3),
        finding("a_kind"),
        finding(relationship="Post.author", statements=(9,)),
        finding(relationship="Post.tags", statements=(4, 1)),
        finding(relationship="Post.tags", statements=(5, 0)),
        finding(site=SITE._replace(frames=(Frame("main.py", 3, "run", 1),))),
        finding(severity="info", saved_statements=50),
    ]
    backwards = ranked[::-1]
    assert sorted(backwards, key=lambda one: one.rank) == ranked
    assert [one.is_loud for one in ranked] == [True] * 10 + [False]


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({}, "crud.py:31"),
        ({"site": NOWHERE}, "a library"),
        ({"site": NOWHERE, "phase": "serialization"}, "serialization"),
        ({"site": NOWHERE, "phase": "serialization", "endpoint": "show"}, "serialization of show"),
        ({"site": NOWHERE, "endpoint": "show"}, "a library of show"),
        ({"endpoint": "show", "phase": "streaming"}, "crud.py:31"),
    ],
)
def test_the_place_of_a_finding(fields: dict[str, Any], place: str) -> None:
    assert finding(**fields).place == place


def test_equal_findings_are_one_in_a_set_and_kinds_are_counted_in_order() -> None:
    both = [finding(), finding("slow_statement"), finding()]
    assert len(set(both)) == 2
    assert list(count_kinds(both).items()) == [("n_plus_one", 2), ("slow_statement", 1)]
    assert finding(effects=(both[1],)).kinds == {"n_plus_one", "slow_statement"}
    assert (
        len({Silence("n_plus_one", "allowed", SITE, 2, (1, 2))} | {Silence("n_plus_one", "allowed", SITE, 2, (1, 2))})
        == 1
    )


@pytest.mark.parametrize(
    ("tried", "line"),
    [
        (Tried(12, 3, "works"), "tried: 12 -> 3 statements"),
        (Tried(12, 12, "fails", "another answer"), "tried: 12 -> 12 statements, fails: another answer"),
        (Tried(12, 0, "works"), "tried: 12 -> 0 statements"),
        (Tried(12, None, "unknown", "no request came"), "tried: unknown, no request came"),
    ],
)
def test_what_became_of_a_fix(tried: Tried, line: str) -> None:
    assert str(tried) == line


def test_a_finding_keeps_its_name_when_lines_move() -> None:
    names = [lasting_name(one) for one in (finding(relationship="User.posts"), finding(), finding(site=NOWHERE))]
    assert [str(name) for name in names] == ["User.posts", "n_plus_one in load_posts", "n_plus_one"]
    first, second = names[:2]
    assert without([first, second, first, first], [first, first]) == (second, first)
    assert without([first], [first, first]) == ()


@pytest.mark.parametrize(
    ("change", "is_any"),
    [
        (Change(0.0, 3, 3), False),
        (Change(0.0, 3, 2), True),
        (Change(0.0, 2, 3), True),
        (Change(0.0, 3, 3, gone=(LastingName("a", None, None),)), True),
        (Change(0.0, 3, 3, new=(LastingName("a", None, None),)), True),
    ],
)
def test_an_edit_has_changed_something(change: Change, is_any: bool) -> None:
    assert change.is_any is is_any


def test_an_option_is_written_as_it_is_typed() -> None:
    users = Entity("User", ("User",), False)
    chain = chain_of(["selectinload", "joinedload"], ["User.posts", "Post.author"])
    assert LoaderOption(users, chain).code == "selectinload(User.posts).joinedload(Post.author)"
    assert LoaderOption(users, subclass="Admin").code == "selectin_polymorphic(User, [Admin])"
    assert (
        LoaderOption(users, chain[:1], "Admin").code == "selectin_polymorphic(User, [Admin]), selectinload(User.posts)"
    )
    assert LoaderOption(None, chain[:1], "Admin").code == "selectinload(User.posts)"
    assert OptionCall("selectinload", "Node", "children", recursive=True).code == (
        "selectinload(Node.children, recursion_depth=-1)"
    )
    with pytest.raises(ValueError, match="zip"):
        chain_of(["selectinload"], ["User.posts", "Post.author"])


def test_an_option_belongs_to_a_statement_of_its_line_and_its_callers() -> None:
    here, caller, other = (Frame("crud.py", line, "run", 1) for line in (1, 2, 3))
    option = PlacedOption(LoaderOption(None), (here, caller))
    assert [option.belongs(frames) for frames in ((here, caller), (here, other, caller))] == [True, True]
    assert [option.belongs(frames) for frames in ((here,), (here, other), (other, here, caller), ())] == [False] * 4
    assert CallSite(1, (here, caller), "", False).innermost == here
