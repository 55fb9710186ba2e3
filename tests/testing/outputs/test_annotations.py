"""GitHub's annotations: one line each, whatever the texts hold."""

from __future__ import annotations

import pytest

from query_guard.testing.outputs.annotations import annotation_lines
from query_guard.testing.outputs.gathered import gathered
from tests.runs import entry, told


def test_an_annotation_names_line_title_and_fix() -> None:
    findings = gathered([entry("a", told()), entry("b", told())])
    assert annotation_lines(findings) == [
        "::warning file=app/crud.py,line=31,title=n_plus_one on GET /users::User.posts was loaded 10 times%0A"
        "fix: Add .options(selectinload(User.posts))"
    ]


def test_what_commands_are_made_of_is_escaped() -> None:
    hostile = told(
        file="a,b:c%.py",
        route="GET /a:b,c\n::error::x",
        summary="50% of\r\n::error::it",
        fix="a,b: c",
        severity="error",
    )
    assert annotation_lines(gathered([entry("a", hostile)])) == [
        "::error file=a%2Cb%3Ac%25.py,line=31,title=n_plus_one on GET /a%3Ab%2Cc%0A%3A%3Aerror%3A%3Ax"
        "::50%25 of%0D%0A::error::it%0Afix: a,b: c"
    ]


def test_a_finding_without_a_line_stands_alone() -> None:
    (line,) = annotation_lines(gathered([entry("a", told(file=None, line=None, place="serialization of list_users"))]))
    assert line.startswith("::warning title=n_plus_one on GET /users::")


def test_files_are_named_from_the_repository_and_known_findings_are_not() -> None:
    findings = gathered([entry("a", told(known=False), told(known=True, route="GET /posts"))])
    (line,) = annotation_lines(findings, "backend")
    assert line.startswith("::warning file=backend/app/crud.py,line=31,")


@pytest.mark.parametrize(("severity", "level"), [("info", "warning"), ("warning", "warning"), ("error", "error")])
def test_only_an_error_is_one(severity: str, level: str) -> None:
    (line,) = annotation_lines(gathered([entry("a", told(severity=severity))]))
    assert line.startswith(f"::{level} file=")


def test_on_several_routes_a_cause_is_one_annotation() -> None:
    (line,) = annotation_lines(gathered([entry("a", told(), told(route="GET /posts"))]))
    assert ",title=n_plus_one on GET /users and 1 other route::" in line
