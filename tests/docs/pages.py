"""What the pages of the documentation hold: sections, blocks and tables."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).parent.parent.parent / "docs"
FINDINGS = DOCS / "findings"
PAGES = sorted(path for path in DOCS.rglob("*.md") if path.parent != FINDINGS or path.stem == "index")
KIND_PAGES = sorted(path for path in FINDINGS.glob("*.md") if path.stem != "index")

_BLOCK = re.compile(
    r"^(?P<fragment><!-- fragment: [^\n]+ -->\n)?"
    r"```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<code>.*?)^```",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """A block of a page. One with a title is a file of that name, or an output that a test holds the page to."""

    title: str | None
    code: str


def blocks(markdown: str, language: str = "python") -> list[Block]:
    """Return the blocks that are written in a language, without those that say that they are fragments."""
    found = [match for match in _BLOCK.finditer(markdown) if match["language"] == language and not match["fragment"]]
    return [Block(match["title"], match["code"]) for match in found]


def block(page: str, title: str, language: str = "text", number: int = 0) -> str:
    """Return the code of a block of a page by its title; `number` tells several of one title apart."""
    return [each.code for each in blocks((DOCS / page).read_text(), language) if each.title == title][number]


def sections(page: Path) -> dict[str, str]:
    """Return the text under each heading of the second level."""
    parts = re.split(r"^## (.+)\n", page.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def names_in_table(page: Path, heading: str) -> list[str]:
    """Return the names in the first column of the table under a heading, in order."""
    rows = re.findall(r"^\| (`.+?) \|", sections(page)[heading], re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`(\w+)`", row)]
