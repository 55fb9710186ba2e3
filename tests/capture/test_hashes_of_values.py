"""What the hashes of the values of a statement tell apart, and what is shown of values where that is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.capture.origin.values import shown_values, value_hashes
from query_guard.records.salt import length_of

MANY = tuple(range(100, 140))


def hashes(*values: Any) -> tuple[int, ...]:
    hashed = value_hashes(values)
    return hashed if isinstance(hashed, tuple) else (hashed,)


@pytest.mark.parametrize("number", [0, 2, 31, 32])
def test_there_is_one_hash_for_each_of_up_to_32_values(number: int) -> None:
    values = MANY[:number]
    assert len(hashes(*values)) == number == len({*hashes(*values)})


def test_a_single_value_has_a_hash_without_a_tuple() -> None:
    assert value_hashes((1,)) == value_hashes([1]) == value_hashes({"id": 1})
    assert isinstance(value_hashes((1,)), int)
    assert value_hashes((1,)) not in (1, value_hashes((2,)))
    assert value_hashes((1,)) == hashes(1, 2)[0]


def test_of_more_values_those_in_the_middle_share_a_hash() -> None:
    told = hashes(*MANY)
    assert len(told) == 33
    assert told[:24] == tuple(hashes(value)[0] for value in MANY[:24])
    assert told[25:] == tuple(hashes(value)[0] for value in MANY[-8:])


@pytest.mark.parametrize("changed", range(len(MANY)))
def test_each_of_many_values_matters_at_one_position(changed: int) -> None:
    other = (*MANY[:changed], -7, *MANY[changed + 1 :])
    differing = [at for at, (one, two) in enumerate(zip(hashes(*MANY), hashes(*other), strict=True)) if one != two]
    assert differing == [changed if changed < 24 else max(24, changed - 7)]


def test_equal_values_have_equal_hashes_whatever_holds_them() -> None:
    assert value_hashes((1, "a")) == value_hashes([1, "a"]) == value_hashes({"id": 1, "name": "a"})
    assert value_hashes(MANY) == value_hashes([*MANY]) == value_hashes(dict(enumerate(MANY)))


@pytest.mark.parametrize("others", [(), (1,), MANY])
@pytest.mark.parametrize("value", [{}, [1, 2], set()])
def test_a_value_without_a_hash_differs_from_all_others(value: Any, others: tuple[int, ...]) -> None:
    first, second = hashes(value, *others), hashes(value, *others)
    assert first[0] != second[0]
    assert first[1:24] == second[1:24]


@pytest.mark.parametrize("beside", [5, -1, -2, "a"])
def test_minus_one_differs_also_beside_other_values(beside: object) -> None:
    minus_one, minus_two = hashes(-1, beside), hashes(-2, beside)
    assert minus_one[0] != minus_two[0]
    assert minus_one[1] == minus_two[1] == hashes(beside)[0]
    assert (minus_one[0], minus_two[0]) == (hashes(-1)[0], hashes(-2)[0])


def test_small_numbers_differ() -> None:
    assert len({hashes(number)[0] for number in range(-5, 5)}) == 10


def test_of_a_list_its_length_is_known() -> None:
    values: list[object] = [[], [1], [1, 2, 3], {1, 2}, {"a": 1}, "text", 1]
    assert [length_of(hashes(value)[0]) for value in values] == [0, 1, 3, 0, 0, None, None]


class Broken:
    def __repr__(self) -> str:
        raise ValueError


def test_values_are_shown_as_text_of_a_bounded_length() -> None:
    assert shown_values((1, "a", None)) == shown_values({"a": 1, "b": "a", "c": None}) == ("1", "'a'", "None")
    assert shown_values((Broken(),)) == ("<Broken without repr>",)
    assert [len(shown) for shown in shown_values(("x" * 198, "x" * 199))] == [200, 200]
    assert shown_values(MANY) == tuple(str(value) for value in MANY[:32])
