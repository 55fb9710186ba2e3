"""Loader options as data become options of SQLAlchemy, for one statement."""

from __future__ import annotations

from typing import Any

from sqlalchemy import inspect, orm

from query_guard.records import LoaderOption, OptionCall


def option_objects(option: LoaderOption, statement: Any) -> list[Any]:
    """Return the options to add to a statement; none where it does not select the entity once.

    Raises LookupError and AttributeError where the mappings do not have what the option names.
    """
    entity = _entity(option, statement)
    if entity is None:
        return []
    made: list[Any] = []
    if option.subclass:
        base = inspect(entity).mapper
        made.append(orm.selectin_polymorphic(base.class_, [_subclass(base, option.subclass)]))
    if option.calls:
        made.append(_chain(option.calls, entity))
    return made


def _entity(option: LoaderOption, statement: Any) -> Any:
    """Return the class or alias that a statement selects under the name of the option's entity."""
    wanted = option.entity
    found = [
        part["entity"]
        for part in getattr(statement, "column_descriptions", None) or ()
        if wanted is not None
        and part.get("entity") is not None
        and part["expr"] is part["entity"]
        and bool(part["aliased"]) == wanted.aliased
        and inspect(part["entity"]).mapper.class_.__name__ == wanted.name
    ]
    return found[0] if len(found) == 1 else None


def _chain(calls: tuple[OptionCall, ...], entity: Any) -> Any:
    chain: Any = orm
    for call in calls:
        attribute = _attribute(entity, call)
        chain = getattr(chain, call.function)(attribute, **({"recursion_depth": -1} if call.recursive else {}))
        target = getattr(attribute.property, "mapper", None)
        entity = entity if target is None else target.class_
    return chain


def _attribute(entity: Any, call: OptionCall) -> Any:
    """Return the attribute by the entity that is there; by a subclass of it, where that alone is named."""
    mapper = inspect(entity).mapper
    if call.attribute not in mapper.attrs:
        entity = _subclass(mapper, call.owner)
    return getattr(entity, call.attribute)


def _subclass(mapper: Any, name: str) -> Any:
    for below in mapper.self_and_descendants:
        if below.class_.__name__ == name:
            return below.class_
    raise LookupError(f"{mapper.class_.__name__} has no subclass {name}")
