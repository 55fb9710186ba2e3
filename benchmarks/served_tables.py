"""What a request costs as users have it, as tables."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import figures
from benchmarks.figures import Spread, spread
from benchmarks.instructions import Counts
from benchmarks.served import Served
from benchmarks.tables import micro, table, thousands


def served(found: Served) -> Iterator[str]:
    """Yield the section of throughput and latency."""
    yield "## Served"
    yield (
        "FastAPI under uvicorn on loopback; a request of one ORM select on asyncpg, or of no statement. Under load, "
        "eight connections ask again as soon as they are answered. At rest, one connection asks, and the event loop "
        "idles between two requests. Beside bare in the same round; **one_in_ten** is `sample_rate=0.1`, "
        "**switched_off** `QUERY_GUARD_ENABLED=0`. The server's processor time is disturbed least by other processes."
    )
    bare = {figure: spread(values) for figure, values in found["bare"].items()}
    rows = [("bare has", *[_amount(figure, bare[figure]) for figure in bare])]
    for contestant in [name for name in found if name != "bare"]:
        ratios = [figures.ratio(found[contestant][figure], found["bare"][figure]) for figure in bare]
        rows.append((contestant, *[f"{of.median:.3f}x ({of.lower:.3f} to {of.upper:.3f})" for of in ratios]))
    head = (
        "select: a second",
        "its 99th percentile",
        "its processor time",
        "no statement: a second",
        "its 99th percentile",
        "its processor time",
        "select at rest",
    )
    yield table(("", *head), rows)


def served_instructions(counts: Counts) -> Iterator[str]:
    """Yield the section of instructions."""
    yield "## Instructions of a served request"
    yield (
        "Thousands that the server executes for one request of the same kinds, and as a ratio to bare. A busy "
        "machine adds a hundredth at most: a server that takes longer also looks at its clock more often. "
        "**not_sampled_without_headers** is `sample_rate=0, headers=False`: h11, with which uvicorn speaks HTTP unless "
        "httptools is installed, checks each header in Python."
    )
    rows = []
    for contestant, of_paths in counts.items():
        pairs = [(of_paths[path], counts["bare"][path]) for path in of_paths]
        rows.append(
            (
                contestant,
                *[f"{thousands(spread(own).median)} {figures.ratio(own, bare).median:.3f}x" for own, bare in pairs],
            )
        )
    yield table(("", "select", "no statement"), rows)


def _amount(figure: str, found: Spread) -> str:
    if not figure.endswith("rate"):
        return micro(found)
    return f"{found.median:.0f} ({found.lower:.0f} to {found.upper:.0f})"
