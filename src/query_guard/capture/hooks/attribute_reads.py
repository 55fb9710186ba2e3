"""Which relationships the application reads: for tests only, since each read then costs a Python call.

SQLAlchemy has no event for reading an attribute. While reads are noted, the relationship attributes of mapped classes
are of a subclass whose `__get__` notes the read; column attributes are not changed. SQLAlchemy's own loaders, cascades
and backrefs do not call `__get__`. Its extensions do (association proxies, synonyms, `awaitable_attrs`), on behalf of
the application.
"""

from __future__ import annotations

import dis
import operator
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import InstrumentedAttribute, Mapper, RelationshipDirection, RelationshipProperty
from sqlalchemy.orm.exc import UnmappedColumnError
from sqlalchemy.sql.elements import BinaryExpression, BooleanClauseList

from query_guard.capture.origin.call_site import call_site
from query_guard.capture.origin.eager_mappings import noted_attributes, noted_lock, relationship_name
from query_guard.capture.origin.mappers import mappers
from query_guard.capture.window.recorder import ReadKey, Recorder
from query_guard.own_errors import contained, report_own_error
from query_guard.records import NOWHERE

_MAX_KEYS = 1_000
_recorders: list[Recorder] = []


class NotedAttribute(InstrumentedAttribute[Any]):
    """A relationship attribute that notes each read."""

    __slots__ = ()
    inherit_cache = True

    def __get__(self, instance: object, owner: Any) -> Any:
        try:
            if instance is not None:
                _note(self)
        except Exception:
            report_own_error("the read of a relationship could not be noted")
        finally:
            value = super().__get__(instance, owner)
        return value

    def adapt_to_entity(self, adapt_to_entity: Any) -> Any:
        """Return a plain attribute for an alias: nobody reads it, and it may outlive the block."""
        adapted: Any = super().adapt_to_entity(adapt_to_entity)
        adapted.__class__ = InstrumentedAttribute
        return adapted


@contextmanager
def noting_reads(recorder: Recorder) -> Iterator[None]:
    """Note on the recorder which relationships the threads of the process read until the block ends."""
    recorder.reads = {}
    try:
        with noted_lock:
            _recorders.append(recorder)
            if not event.contains(Mapper, "after_configured", _on_configured):
                event.listen(Mapper, "after_configured", _on_configured)
        _on_configured()
        yield
    finally:
        with noted_lock:
            if recorder in _recorders:
                _recorders.remove(recorder)
            if not _recorders:
                with suppress(InvalidRequestError):  # it may never have been listened to
                    event.remove(Mapper, "after_configured", _on_configured)
                while noted_attributes:
                    noted_attributes.pop().__class__ = InstrumentedAttribute


def _note_relationships() -> None:
    """Make the relationship attributes of every configured class note their reads."""
    found = [attribute for mapper in mappers() for attribute in tuple(mapper.class_manager.values())]
    with noted_lock:
        for attribute in found if _recorders else ():
            if type(attribute) is InstrumentedAttribute and isinstance(attribute.prop, RelationshipProperty):
                attribute.__class__ = NotedAttribute
                noted_attributes.append(attribute)


_on_configured = contained(_note_relationships, "the reads of relationships cannot be noted")


def _note(attribute: NotedAttribute) -> None:
    prop: Any = attribute.prop
    frame = _caller() if prop.uselist else None
    key: ReadKey = (relationship_name(prop), False, (), NOWHERE)
    if frame is not None and _is_counted(frame.f_code, frame.f_lasti, prop.key) and _has_builtin_len(frame):
        key = (relationship_name(prop), True, _foreign_key(prop), call_site(frame))
    with noted_lock:
        for recorder in _recorders:
            _add(recorder, key)


def _add(recorder: Recorder, key: ReadKey) -> None:
    reads = recorder.reads
    if reads is not None:
        if key not in reads and len(reads) >= _MAX_KEYS:
            key = (*key[:3], NOWHERE)
        reads[key] = reads.get(key, 0) + 1


def _caller() -> FrameType | None:
    """Return the frame that reads the attribute; a greenlet that starts with `getattr` has none."""
    try:
        return sys._getframe(3)
    except ValueError:
        return None


def _has_builtin_len(frame: FrameType) -> bool:
    return frame.f_globals.get("len", len) is len


@lru_cache(maxsize=4096)
def _is_counted(code: CodeType, offset: int, key: str) -> bool:
    """Whether the instruction at `offset` loads the attribute as the argument of `len(...)`."""
    steps = [step for step in dis.get_instructions(code) if step.opname not in ("CACHE", "EXTENDED_ARG", "NOP")]
    position = next((index for index, step in enumerate(steps) if step.offset == offset), 0)
    load, call = steps[position], steps[position + 1]
    if load.opname != "LOAD_ATTR" or load.argval != key or (call.opname.removeprefix("PRE"), call.arg) != ("CALL", 1):
        return False
    start = _start_of_operand(steps, position)
    while start > 0 and steps[start - 1].opname == "PUSH_NULL":
        start -= 1
    function = steps[start - 1]
    return start > 0 and function.opname in ("LOAD_GLOBAL", "LOAD_NAME") and function.argval == "len"


def _start_of_operand(steps: list[dis.Instruction], position: int) -> int:
    """Return where the expression begins whose value the instruction at `position` takes; 0 where it branches."""
    pushed = 0
    for index in range(position - 1, 0, -1):
        step = steps[index]
        if step.is_jump_target or step.opcode in dis.hasjrel or step.opcode in dis.hasjabs:
            return 0
        pushed += dis.stack_effect(step.opcode, step.arg)
        if pushed == 1:
            return index
    return 0


@lru_cache(maxsize=4096)
def _foreign_key(prop: RelationshipProperty[Any]) -> tuple[str, ...]:
    """Return the foreign key of a one-to-many, ("Post.author_id",), or () where its join has further conditions."""
    pairs = prop.local_remote_pairs or []
    joined = prop.primaryjoin
    conditions = list(joined.clauses) if isinstance(joined, BooleanClauseList) else [joined]
    plain = all(
        isinstance(condition, BinaryExpression) and condition.operator is operator.eq for condition in conditions
    )
    if prop.direction is not RelationshipDirection.ONETOMANY or not plain or len(conditions) != len(pairs):
        return ()
    try:
        return tuple(
            f"{prop.mapper.class_.__name__}.{prop.mapper.get_property_by_column(remote).key}" for _, remote in pairs
        )
    except UnmappedColumnError:
        return ()
