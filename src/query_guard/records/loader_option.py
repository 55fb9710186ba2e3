"""A loader option as data: what is to be typed, and the select that it goes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from query_guard.records.statement_info import Entity
from query_guard.records.statements import Frame


class OptionCall(NamedTuple):
    """One call of a chain, such as `selectinload(User.posts)`; `owner` is a class, or `alias`.

    `recursive` asks for all levels of a tree.
    """

    function: str
    owner: str
    attribute: str
    recursive: bool = False

    @property
    def code(self) -> str:
        depth = ", recursion_depth=-1" if self.recursive else ""
        return f"{self.function}({self.owner}.{self.attribute}{depth})"


class LoaderOption(NamedTuple):
    """An option for the select of an entity; where a subclass is said, that is loaded with the entity, too."""

    entity: Entity | None
    calls: tuple[OptionCall, ...] = ()
    subclass: str = ""

    @property
    def code(self) -> str:
        """The option as it is typed."""
        chain = ".".join(call.code for call in self.calls)
        if not self.subclass or self.entity is None:
            return chain
        polymorphic = f"selectin_polymorphic({self.entity.name}, [{self.subclass}])"
        return f"{polymorphic}, {chain}" if chain else polymorphic


class PlacedOption(NamedTuple):
    """A loader option that is a whole fix, and where: the line that executes the select, then callers, if any."""

    option: LoaderOption
    frames: tuple[Frame, ...]

    def belongs(self, frames: Sequence[Frame]) -> bool:
        """Whether a statement with these frames, innermost first, is the one that the option goes to."""
        return frames[:1] == self.frames[:1] and set(self.frames).issubset(frames)


def chain_of(functions: Sequence[str], names: Sequence[str]) -> tuple[OptionCall, ...]:
    """Return the calls that use some functions, one after the other, on attributes: `User.posts`, `Post.author`."""
    calls: list[OptionCall] = []
    for function, name in zip(functions, names, strict=True):
        owner, _, attribute = name.partition(".")
        calls.append(OptionCall(function, owner, attribute))
    return tuple(calls)
