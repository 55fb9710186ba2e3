"""A run as SARIF, held against models that were generated from the official schema and forbid what it forbids."""

from __future__ import annotations

import json
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
    driver = json.loads(text)["runs"][0]["tool"]["driver"]
    assert driver == {
        "name": "query_guard",
        "version": "1.2.3",
        "rules": [{"id": "n_plus_one", "name": "NPlusOne"}, {"id": "slow_statement", "name": "SlowStatement"}],
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
            "text": "User.posts was loaded 10 times. Fix: Add .options(selectinload(User.posts)). On GET /users."
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
        "properties": {"route": "GET /users", "tests": ["a", "b"]},
    }


def test_a_finding_keeps_its_identity_when_lines_move() -> None:
    (before,) = results(entry("a", told()))
    (after,) = results(entry("a", told(line=99, place="app/crud.py:99", summary="User.posts was loaded 12 times")))
    assert before["partialFingerprints"] == after["partialFingerprints"]
    (other,) = results(entry("a", told(route="GET /posts")))
    assert before["partialFingerprints"] != other["partialFingerprints"]


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
