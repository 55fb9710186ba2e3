"""The thresholds of a detector are its dataclass fields; a wrong value is refused when the detector is created."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any

_NUMBERS = {"int": "an integer", "float": "a number"}


class Thresholds:
    """The base class of detectors with thresholds: raises ValueError for a field annotated as `int` or `float` that is
    no such number of at least 0.
    """

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]  # each detector is a dataclass
            expected = _NUMBERS.get(str(getattr(field.type, "__name__", field.type)))
            if expected is not None and field.init:
                _check(self, field, expected)


def _check(detector: object, field: Field[Any], expected: str) -> None:
    value = getattr(detector, field.name)
    types = int if expected == "an integer" else (int, float)
    if isinstance(value, bool) or not isinstance(value, types) or not value >= 0:
        raise ValueError(
            f"{type(detector).__name__}: {field.name} must be {expected} of at least 0, such as {field.default!r}, "
            f"not {value!r}"
        )
