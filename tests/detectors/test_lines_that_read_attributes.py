"""Whether a line reads an attribute of an object, in the whole of its call."""

from __future__ import annotations

from pathlib import Path

import pytest

from query_guard.detectors.remedies.written import reads_attribute
from query_guard.records import Frame


@pytest.mark.parametrize(
    ("code", "reads"),
    [
        ("row.author_id", True),
        ("rows[0].author_id", True),
        ("load().author_id", True),
        ("Post.author_id", False),
        ("row.author_id_of", False),
        ("author_id", False),
    ],
)
def test_a_line_reads_an_attribute_of_an_object(
    code: str, reads: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    eight = "".join(f"    {number},\n" for number in range(8))
    Path("loop.py").write_text(
        f"before(row.author_id)\nget(\n    {code},\n    2)\nafter(row.author_id)\nget(\n{eight}    {code})\n"
        f"get(\n{eight}    9,\n    row.author_id)\n"
    )
    first, long, too_long = (Frame(str(tmp_path / "loop.py"), line, "run", 1) for line in (2, 6, 16))
    assert [reads_attribute([frame], "author_id") for frame in (first, long, too_long)] == [reads, reads, False]
    assert reads_attribute([first, first._replace(line=1)], "author_id")
    assert not reads_attribute([], "author_id")
