"""docs/performance.md: written anew, or with some sections measured again and the others kept."""

from __future__ import annotations

MARKS = "Marks"


def updated(page: str, fresh: str) -> str:
    """Return a page with the sections of a fresh one in the place of its own, or at its end if they are new.

    The introduction is the fresh one. Of the marks, those are replaced that were measured again.
    """
    introduction, fresh_sections = _parts(fresh)
    measured_on = _measured_on(page)
    _, sections = _parts(page)
    for heading, text in fresh_sections.items():
        sections[heading] = _with_rows(sections[MARKS], text) if heading == MARKS and MARKS in sections else text
    introduction = introduction.replace(_measured_on(fresh), measured_on)
    return introduction + "".join(f"## {heading}\n{text}" for heading, text in sections.items()).rstrip("\n") + "\n"


def _parts(page: str) -> tuple[str, dict[str, str]]:
    """Return the introduction, and the text of each section by its heading."""
    introduction, *sections = page.split("\n## ")
    texts = dict(section.split("\n", 1) for section in sections)
    return introduction + "\n", {heading: text.rstrip("\n") + "\n\n" for heading, text in texts.items()}


def _measured_on(page: str) -> str:
    return next(line for line in page.splitlines() if line.startswith("Measured on "))


def _with_rows(table: str, fresh: str) -> str:
    """Return a table with the rows of a fresh one in the place of those with the same first cell, or at its end."""
    rows = {line.split(" | ")[0]: line for line in table.splitlines() if line.startswith("| ")}
    rows |= {line.split(" | ")[0]: line for line in fresh.splitlines() if line.startswith("| ")}
    words = "\n".join(line for line in table.splitlines() if not line.startswith("| "))
    return words.rstrip("\n") + "\n\n" + "\n".join(rows.values()) + "\n\n"
