"""A run as SARIF, held against models that were generated from the official schema and forbid what it forbids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Log

from query_guard.testing.outputs.sarif import sarif
from tests.runs import entry, run_of, told


def results(*entries: Any) -> Any:
    text = sarif(run_of(*entries))
    Log.model_validate_json(text)
    return json.loads(text)["runs"][0]["results"]


def test_a_run_is_valid_and_names_its_tool() -> None:
    text = sarif(run_of(entry("a", told(), told(kind="slow_statement", severity="info"))))
    Log.model_validate_json(text)
    project = "https://pypi.org/project/fastapi-query-guard/"
    driver = json.loads(text)["runs"][0]["tool"]["driver"]
    rules = driver.pop("rules")
    assert driver == {
        "name": "query_guard",
        "version": "1.2.3",
        "informationUri": project,
    }
    assert [rule["id"] for rule in rules] == ["n_plus_one", "slow_statement"]
    page = (Path(__file__).parents[3] / "docs/findings/n_plus_one.md").read_text(encoding="utf-8")
    assert rules[0] == {
        "id": "n_plus_one",
        "name": "NPlusOne",
        "shortDescription": {"text": "N plus one"},
        "helpUri": project,
        "help": {"text": page, "markdown": page},
        "properties": {"tags": ["performance", "database", "sqlalchemy"]},
    }


def test_the_models_refuse_what_is_no_sarif() -> None:
    log = json.loads(sarif(run_of(entry("a", told()))))
    log["runs"][0]["results"][0]["surprise"] = 1
    with pytest.raises(ValidationError, match="surprise"):
        Log.model_validate_json(json.dumps(log))


def test_a_finding_of_several_tests_is_one_result() -> None:
    (result,) = results(entry("a", told(times=2)), entry("b", told()))
    assert len(result.pop("partialFingerprints")["queryGuard/v1"]) == 32
    assert result == {
        "ruleId": "n_plus_one",
        "ruleIndex": 0,
        "level": "warning",
        "message": {
            "text": "User.posts was loaded 10 times. Fix: Add .options(selectinload(User.posts)). Found on GET /users."
        },
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": "app/crud.py"}, "region": {"startLine": 31}},
                "logicalLocations": [{"name": "load", "kind": "function"}],
            }
        ],
        "relatedLocations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": "app/routers/users.py"}, "region": {"startLine": 12}},
                "logicalLocations": [{"name": "list_users", "kind": "function"}],
            }
        ],
        "occurrenceCount": 3,
        "properties": {"routes": ["GET /users"], "tests": ["a", "b"], "savedStatements": 27},
    }


def test_a_finding_keeps_its_identity_when_lines_move() -> None:
    (before,) = results(entry("a", told()))
    (after,) = results(entry("a", told(line=99, place="app/crud.py:99", summary="User.posts was loaded 12 times")))
    assert before["partialFingerprints"] == after["partialFingerprints"]
    (other,) = results(entry("a", told(key="n_plus_one User.tags")))
    assert before["partialFingerprints"] != other["partialFingerprints"]


def test_one_cause_on_two_routes_is_one_result() -> None:
    (result,) = results(entry("a", told()), entry("b", told(route="GET /posts")))
    assert result["message"]["text"].endswith(" Found on GET /users and 1 other route.")
    assert result["properties"]["routes"] == ["GET /users", "GET /posts"]


def test_long_sql_is_short_and_keeps_its_tables() -> None:
    columns = ", ".join(f"items.column_{n}" for n in range(5_000))
    (result,) = results(entry("a", told(summary=f"SELECT ran 3 times: SELECT {columns} FROM items JOIN owners")))
    text = result["message"]["text"]
    assert text.startswith("SELECT ran 3 times: SELECT items.column_0, ")
    assert "… FROM items JOIN owners. Fix: " in text
    assert len(text) < 600


def test_a_finding_without_a_line_names_its_route() -> None:
    (result,) = results(entry("a", told(file=None, line=None, function=None, callers=[], place="a library")))
    assert result["locations"] == [{"logicalLocations": [{"fullyQualifiedName": "GET /users", "kind": "resource"}]}]


@pytest.mark.parametrize(
    ("file", "uri"), [("a b/ü#.py", "a%20b/%C3%BC%23.py"), ("/srv/other/crud.py", "file:///srv/other/crud.py")]
)
def test_paths_are_uris(file: str, uri: str) -> None:
    (result,) = results(entry("a", told(file=file)))
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_the_baseline_says_what_is_new() -> None:
    states = [result["baselineState"] for result in results(entry("a", told(known=True), told(known=False, times=5)))]
    assert states == ["new", "unchanged"]
    assert Log.model_validate_json(sarif(run_of())).runs[0].results == []


def test_a_kind_of_an_own_detector_has_a_rule_without_a_page() -> None:
    text = sarif(run_of(entry("a", told(kind="of_mine"))))
    (rule,) = json.loads(text)["runs"][0]["tool"]["driver"]["rules"]
    said = "A detector of your own finds of_mine."
    assert (rule["id"], rule["name"], rule["shortDescription"]["text"]) == ("of_mine", "OfMine", "Of mine")
    assert rule["help"] == {"text": said, "markdown": said}


@pytest.mark.parametrize(("severity", "level"), [("info", "note"), ("warning", "warning"), ("error", "error")])
def test_a_severity_is_a_level(severity: str, level: str) -> None:
    (result,) = results(entry("a", told(severity=severity)))
    assert result["level"] == level


def test_each_result_points_to_the_rule_of_its_kind() -> None:
    found = results(entry("a", told(kind="slow_statement", saves=99), told(kind="n_plus_one")))
    assert [(result["ruleId"], result["ruleIndex"]) for result in found] == [("slow_statement", 1), ("n_plus_one", 0)]


@pytest.mark.parametrize(("line", "shown"), [(0, 1), (1, 1), (2, 2)])
def test_lines_begin_with_one(line: int, shown: int) -> None:
    (result,) = results(entry("a", told(line=line)))
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": shown}


@pytest.mark.parametrize(("number", "named"), [(20, 20), (21, 20)])
def test_a_result_names_twenty_tests_and_routes(number: int, named: int) -> None:
    (result,) = results(*(entry(f"test {n}", told(route=f"GET /{n}")) for n in range(number)))
    assert result["properties"]["tests"] == [f"test {n}" for n in range(named)]
    assert result["properties"]["routes"] == [f"GET /{n}" for n in range(named)]
    assert result["occurrenceCount"] == number


def test_other_places_are_related_before_callers() -> None:
    place = {"file": "app/tags.py", "line": 7, "function": "load_tags"}
    (result,) = results(entry("a", told(places=[place])))
    lines = [location["physicalLocation"]["region"]["startLine"] for location in result["relatedLocations"]]
    assert lines == [7, 12]


def test_without_a_baseline_a_result_is_neither_new_nor_known() -> None:
    (result,) = results(entry("a", told(known=None)))
    assert "baselineState" not in result
