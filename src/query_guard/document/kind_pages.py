"""The pages of the documentation about the kinds of findings, which ship with the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FOLDERS = (
    Path(__file__).parent.parent / "kind_pages",  # of an installed package
    Path(__file__).parents[3] / "docs" / "findings",  # of a checkout
)


def kind_page(kind: str) -> str | None:
    """Return the page about a kind as Markdown, or None for a kind without one, as of a detector of your own."""
    return kind_pages().get(kind)


@cache
def kind_pages() -> dict[str, str]:
    """Return the page of each kind as Markdown, read once, in alphabetical order of the kinds."""
    folder = next((folder for folder in _FOLDERS if folder.is_dir()), None)
    paths = sorted(folder.glob("*.md")) if folder is not None else []
    return {path.stem: path.read_text(encoding="utf-8") for path in paths if path.stem != "index"}


def meaning(page: str) -> str:
    """Return the first sentence of what a kind means, on one line."""
    paragraph = page.partition("## What it means")[2].strip().partition("\n\n")[0]
    return " ".join(paragraph.split()).partition(". ")[0].rstrip(".:")
