"""Shorten long SQL for people: the tables stay, a long list of columns or values is cut."""

from __future__ import annotations

_LONGEST = 400
_COLUMNS = 60


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Return a text of at most `longest` characters; of a long SELECT, its columns are cut first."""
    if len(text) <= longest:
        return text
    start = text.find("SELECT ")
    end = text.find(" FROM ", start)
    if 0 <= start < longest and end - start > _COLUMNS:
        text = f"{text[: start + _COLUMNS].rstrip(' ,')}…{text[end:]}"
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
