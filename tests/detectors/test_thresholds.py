"""A threshold of the wrong type is refused where the detector is made, whichever detector it is."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from math import inf, nan
from typing import Any

import pytest

from query_guard.detectors import DEFAULTS, NPlusOne, SlowStatement
from query_guard.detectors.thresholds import Thresholds

THRESHOLDS = [
    (detector, threshold.name, threshold.default, threshold.type)
    for detector in DEFAULTS
    if isinstance(detector, type) and is_dataclass(detector)
    for threshold in fields(detector)
    if threshold.init
]


def test_there_are_thresholds_to_look_at() -> None:
    assert {"seconds", "owners", "repeats", "rows", "unbudgeted"} <= {name for _, name, _, _ in THRESHOLDS}


@pytest.mark.parametrize(("detector", "name", "default", "kind"), THRESHOLDS)
@pytest.mark.parametrize("wrong", ["0.1", None, True, -1, nan])
def test_a_wrong_threshold_names_detector_field_and_value(
    detector: Any, name: str, default: float, kind: str, wrong: Any
) -> None:
    with pytest.raises(ValueError, match=name) as raised:
        detector(**{name: wrong})
    expected = {"int": "an integer", "float": "a number"}[kind]
    assert str(raised.value) == (
        f"{detector.__name__}: {name} must be {expected} of at least 0, such as {default!r}, not {wrong!r}"
    )


def test_right_thresholds_are_taken() -> None:
    assert (SlowStatement(0).seconds, SlowStatement(inf).seconds, NPlusOne(repeats=5).repeats) == (0, inf, 5)


def test_a_number_of_rows_is_whole() -> None:
    with pytest.raises(ValueError, match="NPlusOne: owners must be an integer of at least 0, such as 2, not 2.5"):
        NPlusOne(owners=2.5)  # type: ignore[arg-type]  # a wrong type: that is tested


@dataclass
class OfOnesOwn(Thresholds):
    """A detector with other fields than thresholds."""

    least: int = 1
    tables: tuple[str, ...] = ()
    found: int = field(default=-1, init=False)


def test_what_is_no_threshold_is_not_looked_at() -> None:
    detector = OfOnesOwn(least=0, tables=("posts",))
    assert (detector.least, detector.tables, detector.found) == (0, ("posts",), -1)
    with pytest.raises(ValueError, match="OfOnesOwn: least must be an integer of at least 0, such as 1, not -1"):
        OfOnesOwn(least=-1)
