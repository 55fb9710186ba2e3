"""Arguments, elements of lists and names of imports, added with the commas and line ends of those that are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import libcst as cst

_Element = TypeVar("_Element", cst.Arg, cst.Element, cst.ImportAlias)
_NO_SPACE = cst.SimpleWhitespace("")


def appended(old: Sequence[_Element], new: Sequence[_Element], opening: Any) -> list[_Element]:
    """Return elements with new ones after them. `opening` is the space before the first: each stands in a line of its
    own where the first does."""
    elements = list(old)
    for element in new:
        if elements:
            elements[-1:] = _pair(elements[-1], element, opening)
        else:
            elements.append(element)
    return elements


def _pair(last: _Element, new: _Element, opening: Any) -> tuple[_Element, _Element]:
    """Return the last element with a comma for another, and that one ending as the last did; comments stay in place."""
    space = _after(last)
    if not isinstance(space, cst.ParenthesizedWhitespace) or not isinstance(opening, cst.ParenthesizedWhitespace):
        between = opening if isinstance(opening, cst.ParenthesizedWhitespace) else cst.SimpleWhitespace(" ")
        return _ending(last, cst.Comma(whitespace_after=between), _NO_SPACE), _ending(new, last.comma, space)
    between = space.with_changes(indent=opening.indent, last_line=opening.last_line)
    plain = cst.ParenthesizedWhitespace(indent=space.indent, last_line=space.last_line)
    comma = last.comma.with_changes(whitespace_after=plain) if isinstance(last.comma, cst.Comma) else last.comma
    return _ending(last, cst.Comma(whitespace_after=between), _NO_SPACE), _ending(new, comma, plain)


def _after(element: _Element) -> Any:
    """Return the space between an element and the closing bracket, as far as the element has it."""
    if isinstance(element.comma, cst.Comma):
        return element.comma.whitespace_after
    return getattr(element, "whitespace_after_arg", _NO_SPACE)


def _ending(element: _Element, comma: Any, space: Any) -> _Element:
    if isinstance(element, cst.Arg):
        return element.with_changes(
            comma=comma, whitespace_after_arg=_NO_SPACE if isinstance(comma, cst.Comma) else space
        )
    return element.with_changes(comma=comma)
