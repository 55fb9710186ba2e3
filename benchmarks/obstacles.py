"""Show where time and memory go, for each target that is missed, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks import figures
from benchmarks.analysis import PART
from benchmarks.cold import BETWEEN
from benchmarks.figures import Spread, spread
from benchmarks.rounds import Rounds
from benchmarks.tables import micro, table

_FILES = 12
"""How many files a profile names."""


def obstacles(results: dict[str, Any]) -> Iterator[str]:
    """Yield the parts of a section; nothing where nothing of it was measured."""
    if not {"paired", "analysis", "profile", "memory"} & results.keys():
        return
    yield "## Where it goes"
    if "paired" in results:
        for part in (_request, _empty_request, _finding, _checkout):
            yield from part(results["paired"]["sqlite"])
        yield from _asyncpg(results["paired"]["asyncpg"])
    if "analysis" in results:
        yield from _headers(results["analysis"])
    if "profile" in results:
        yield from _cold(results["cold"])
        yield from _profile(results["profile"], results["imported"])
    if "memory" in results:
        yield from _row(results["memory"])


def _request(rounds: Rounds) -> Iterator[str]:
    """Take a request of one Core statement apart, by what the contestants do and do not do."""
    yield (
        "What the guard adds to a request of one Core statement. Of checkout, transaction and statement the price is "
        "that of one among forty; what the first of each takes beyond that is the rest of capture, and explained "
        "below. The floor pays most of its own for SQLAlchemy's joined dispatch, which each new "
        "connection builds once a listener of any engine exists."
    )
    window = figures.added_to_request(rounds, "recorded", "/select/0")
    parts = {"window": window}
    parts |= {kind: figures.added_to_each(rounds, "recorded", _PATHS[kind], 1, 41) for kind in _PATHS}
    capture = figures.added_to_request(rounds, "recorded", "/core/1")
    rest = capture.median - sum(part.median for part in parts.values())
    parts["the rest of capture"] = Spread(rest, rest, rest)
    parts |= _made_of_it(rounds, "/core/1")
    yield table(("", "added"), [(name, micro(part)) for name, part in parts.items()])


def _empty_request(rounds: Rounds) -> Iterator[str]:
    yield "And to a request that touches no database:"
    parts = {"window": figures.added_to_request(rounds, "recorded", "/select/0"), **_made_of_it(rounds, "/select/0")}
    yield table(("", "added"), [(name, micro(part)) for name, part in parts.items()])


def _finding(rounds: Rounds) -> Iterator[str]:
    yield "And to a request of three ORM selects, which are a finding:"
    parts = {"capture": figures.added_to_request(rounds, "recorded", "/select/3"), **_made_of_it(rounds, "/select/3")}
    parts["a log line besides"] = _beyond(rounds, "query_guard_logged", "query_guard", "/select/3")
    yield table(("", "added"), [(name, micro(part)) for name, part in parts.items()])


def _made_of_it(rounds: Rounds, path: str) -> dict[str, Spread]:
    return {
        "the end of the request": _beyond(rounds, "without_headers", "recorded", path),
        "judged and written before the response": _beyond(rounds, "query_guard", "without_headers", path),
        "together": figures.added_to_request(rounds, "query_guard", path),
        "the floor, for comparison": figures.added_to_request(rounds, "floor", path),
    }


def _checkout(rounds: Rounds) -> Iterator[str]:
    added = {
        name: micro(figures.added_to_each(rounds, contestant, "checkout", 1, 41))
        for name, contestant in (("floor", "floor"), ("idle", "outside_window"), ("recorded", "recorded"))
    }
    yield (
        f"Of a checkout among forty, with its return: two empty listeners of statements add {added['floor']}, the "
        f"guard {added['idle']} where nobody records, and {added['recorded']} with its facts: who took it, at which "
        "line, how long it was waited for, made and held, and who else held one."
    )


_PATHS = {"statement": "core", "checkout": "checkout", "transaction": "transaction"}


def _beyond(rounds: Rounds, contestant: str, other: str, path: str) -> Spread:
    return spread(more - less for more, less in zip(rounds[contestant][path], rounds[other][path], strict=True))


def _asyncpg(rounds: Rounds) -> Iterator[str]:
    """Say what of the price on asyncpg is the floor's, too."""
    path = "/select/20"
    bare = figures.request(rounds, "bare", path).median
    shares = [
        f"{name} {100 * figures.added_to_request(rounds, contestant, path).median / bare:.1f} %"
        for name, contestant in _ON_ASYNCPG.items()
    ]
    yield (
        f"Of a request of twenty statements on asyncpg, a server on the same machine and a loop to be found: "
        f"{', '.join(shares)}. Two empty listeners leave little of the 3 % of the mark, or nothing, and what is said "
        "of twenty times the same statement, which are a finding, takes more than capture."
    )


_ON_ASYNCPG = {
    "two empty listeners take": "floor",
    "capture": "recorded",
    "with all that is made of it": "query_guard",
    "and the same again without a guard": "bare_again",
}


def _headers(found: dict[str, Spread]) -> Iterator[str]:
    """Take the headers of a finding apart."""
    yield "What the headers of a finding are made of, three rows in a loop; the finding has its words by then, too:"
    parts = {name.removeprefix(PART): micro(part) for name, part in found.items() if name.startswith(PART)}
    yield table(("", "takes"), [*parts.items(), ("together", micro(found["headers"]))])


def _cold(found: dict[str, Spread]) -> Iterator[str]:
    """Hold the same work against itself."""
    yield (
        "The headers of a quiet request of one statement, made again and again, and made after a request that the "
        "guard has no part in. The work and its instructions are the same: what is added is the processor, which has "
        "lost the guard's code from its caches, and its guesses of where that leads. So whatever happens once in a "
        "request, the first statement, checkout and transaction among it, takes about twice what it takes in a loop."
    )
    alone = found["nothing"].median
    after = [(f"after `{path}`", micro(found[path]), f"{found[path].median / alone:.2f}x") for path in BETWEEN]
    yield table(("", "takes", "of that in a loop"), [("in a loop", micro(found["nothing"]), "1x"), *after])


def _profile(shares: dict[str, dict[str, float]], imported: dict[str, float]) -> Iterator[str]:
    yield (
        "By file, of the time that cProfile saw in the guard, in a request of no, one and three ORM selects; the last "
        "is a finding. cProfile charges each call, so that files of small functions look larger than they are."
    )
    order = sorted(shares["/select/1"], key=lambda file: -shares["/select/1"][file])
    order += [file for file in shares["/select/3"] if file not in order]
    listed = sorted(order, key=lambda file: -max(share.get(file, 0) for share in shares.values()))[:_FILES]
    rows = [(file, *[f"{share.get(file, 0):.0%}" for share in shares.values()]) for file in listed]
    yield table(("", *[path.rpartition("/")[2] for path in shares]), rows)
    yield "Importing the middleware, `-X importtime`: what its modules take themselves, most of it for making classes."
    yield table(("", "ms"), [(name, f"{seconds * 1000:.1f}") for name, seconds in imported.items()])


def _row(memory: dict[str, Spread]) -> Iterator[str]:
    yield ("What one recorded statement holds, in bytes before the allocator rounds them up.")
    parts = [name for name in memory if name not in ("statement", "window")]
    yield table(("", "bytes"), [(name, f"{memory[name].median:.0f}") for name in parts])
