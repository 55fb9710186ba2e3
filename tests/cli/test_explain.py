"""`query-guard explain`: the page of a kind, without an application that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from query_guard.cli.main import main
from query_guard.detectors import kinds_of_ours

PAGES = Path(__file__).parents[2] / "docs" / "findings"


def test_the_page_of_a_kind_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "pool_wait"]) == 0
    assert capsys.readouterr().out.rstrip() == (PAGES / "pool_wait.md").read_text(encoding="utf-8").rstrip()


def test_without_a_kind_each_is_listed_with_its_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    rows = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert [kind for kind, _ in rows] == sorted(path.stem for path in PAGES.glob("*.md") if path.stem != "index")
    assert kinds_of_ours() <= {kind for kind, _ in rows}
    assert dict(rows)["n_plus_one"] == "A loop sends one statement for each object"


def test_an_unknown_kind_is_refused_with_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "n_plus_on"]) == 2
    assert (
        capsys.readouterr().err
        == "query_guard: expected a kind of finding, got 'n_plus_on'; did you mean 'n_plus_one'?\n"
    )


def test_a_kind_without_a_near_one_leads_to_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "xyzzy"]) == 2
    assert capsys.readouterr().err == (
        "query_guard: expected a kind of finding, got 'xyzzy'; 'query-guard explain' lists the kinds\n"
    )
