"""What must be true of a pair: the anti-pattern is found, its twin is not accused."""

from __future__ import annotations

from collections.abc import Iterator

from example_app.demo.visits import Finding, Visit
from example_app.routers.anti_patterns.pair import Pair

_PLACE = "example_app/routers/anti_patterns/"


def evidence(pair: Pair, visit: Visit) -> Finding | None:
    """Return the finding that the pair promises."""
    return next((finding for finding in visit.findings if _is_promised(pair, finding)), None)


def proven(pair: Pair, visit: Visit) -> str | None:
    """Return what the answers themselves tell, where no finding can."""
    return pair.proof(visit.answers) if pair.proof is not None else None


def is_found(pair: Pair, visit: Visit) -> bool:
    return not list(_broken_by_anti_pattern(pair, visit))


def is_calm(pair: Pair, visit: Visit) -> bool:
    return not list(_broken_by_twin(pair, visit))


def broken_promises(pair: Pair, bad: Visit, fixed: Visit) -> Iterator[str]:
    yield from _broken_by_anti_pattern(pair, bad)
    yield from _broken_by_trial(pair, bad)
    yield from _broken_by_twin(pair, fixed)


def _broken_by_trial(pair: Pair, visit: Visit) -> Iterator[str]:
    """A fix that is a loader option was tried in another visit, and works."""
    finding = evidence(pair, visit)
    if finding is None or visit.call.method != "GET" or not (finding.get("remedy_suffices") or finding.get("tried")):
        return
    if (finding.get("tried") or {}).get("outcome") != "works":
        yield f"{visit.call} should work with {finding['remedy'] or finding['fix']}; it was {finding.get('tried')}"


def _broken_by_anti_pattern(pair: Pair, visit: Visit) -> Iterator[str]:
    yield from _wrong_statuses(visit, pair.bad_status)
    if pair.proof is not None and proven(pair, visit) is None:
        yield f"{visit.call} should show {pair.look_for}; it answered {visit.answers}"
    if pair.proof is None and evidence(pair, visit) is None:
        where = f", at a line of {pair.file}" if pair.file else ""
        yield f"{visit.call} should have {pair.look_for} with a fix{where}; it has {_listed(visit.findings)}"


def _broken_by_twin(pair: Pair, visit: Visit) -> Iterator[str]:
    yield from _wrong_statuses(visit, pair.fixed_status)
    if proven(pair, visit) is not None:
        yield f"{visit.call} should not show {pair.look_for}; {proven(pair, visit)}"
    if pair.twin_proof is not None:
        yield from (f"{visit.call}: {told}" for told in map(pair.twin_proof, visit.reports) if told is not None)
    wrong = visit.loud or [finding for finding in visit.findings if finding["kind"] == pair.look_for]
    wrong = [finding for finding in wrong if pair.twin_proof is None or finding["kind"] != pair.look_for]
    if wrong:
        yield f"{visit.call} should have no findings; it has {_listed(wrong)}"


def _is_promised(pair: Pair, finding: Finding) -> bool:
    files = [finding["file"], *(caller["file"] for caller in finding["callers"])]
    return (
        finding["kind"] == pair.look_for
        and bool(finding["fix"])
        and pair.relationship in (None, finding["relationship"])
        and (pair.file is None or any((file or "").endswith(_PLACE + pair.file) for file in files))
    )


def _wrong_statuses(visit: Visit, expected: tuple[int, ...]) -> Iterator[str]:
    wrong = [answer for answer in visit.answers if answer.status not in expected]
    if wrong:
        yield f"{visit.call} should answer {' or '.join(map(str, expected))}; it answered {wrong[0]}"


def _listed(findings: list[Finding]) -> str:
    return "; ".join(f"{one['kind']} ({one['severity']}): {one['summary']}" for one in findings) or "none"
