"""A run of tests as SARIF 2.1.0, which code hosts and editors show at the lines.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from query_guard.document.kind_pages import kind_page
from query_guard.document.strict_json import json_safe, json_text
from query_guard.testing.outputs.gathered import Gathered, gathered
from query_guard.testing.shortened import shortened
from query_guard.testing.tallies import Run

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"info": "note", "warning": "warning", "error": "error"}
_TESTS = 20
"""How many tests and routes a result names."""
_PROJECT = "https://pypi.org/project/fastapi-query-guard/"
"""The page of the distribution; its description links to the documentation."""


def sarif(run: Run) -> str:
    """Return a SARIF log with one result for each cause; paths are relative to the directory in which the tests ran."""
    causes = gathered(json_safe(run["tests"]))
    kinds = sorted({cause.finding["kind"] for cause in causes})
    driver = {
        "name": "query_guard",
        "version": run["version"],
        "informationUri": _PROJECT,
        "rules": [_rule(kind) for kind in kinds],
    }
    results = [_result(cause, kinds) for cause in causes]
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json_text(log, indent=2) + "\n"


def _rule(kind: str) -> dict[str, Any]:
    words = kind.replace("_", " ")
    page = kind_page(kind)
    text = page or f"A detector of your own finds {kind}."
    return {
        "id": kind,
        "name": kind.title().replace("_", ""),
        "shortDescription": {"text": f"{words[:1].upper()}{words[1:]}"},
        "helpUri": _PROJECT,
        "help": {"text": text, "markdown": text},
        "properties": {"tags": ["performance", "database", "sqlalchemy"]},
    }


def _result(cause: Gathered, kinds: list[str]) -> dict[str, Any]:
    finding = cause.finding
    stable = f"{finding['key']} {finding['file']}"
    return {
        "ruleId": finding["kind"],
        "ruleIndex": kinds.index(finding["kind"]),
        "level": _LEVELS[finding["severity"]],
        "message": {"text": f"{shortened(finding['summary'])}. Fix: {finding['fix']}. Found {cause.where}."},
        "locations": [_location(finding)],
        "relatedLocations": [_location(related) for related in (*finding["places"], *finding["callers"])],
        "occurrenceCount": cause.times,
        "partialFingerprints": {"queryGuard/v1": sha256(stable.encode("utf-8", "surrogatepass")).hexdigest()[:32]},
        "properties": {"routes": cause.routes[:_TESTS], "tests": cause.tests[:_TESTS], "savedStatements": cause.saves},
        **({} if finding["known"] is None else {"baselineState": "unchanged" if finding["known"] else "new"}),
    }


def _location(place: dict[str, Any]) -> dict[str, Any]:
    """Return the location of a finding; one without a line of the application names only its route."""
    if place["file"] is None:
        return {"logicalLocations": [{"fullyQualifiedName": place["route"], "kind": "resource"}]}
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(place["file"])},
            "region": {"startLine": max(1, place["line"])},
        },
        "logicalLocations": [{"name": place["function"], "kind": "function"}],
    }


def _uri(file: str) -> str:
    path = Path(file.encode("utf-8", "replace").decode())
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
