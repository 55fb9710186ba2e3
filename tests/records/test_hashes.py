"""What a hash still tells of a value, and that it tells no more."""

from __future__ import annotations

import pytest

from query_guard.records.salt import SALT, hash_of_list, length_of, number_of

BOUND = 2**40


@pytest.mark.parametrize("number", [0, 1, -1, 7, BOUND - 1, 1 - BOUND])
def test_a_small_whole_number_can_be_read_back(number: int) -> None:
    assert number_of(number ^ SALT) == number


@pytest.mark.parametrize("number", [BOUND, -BOUND, 2**50, -(2**62)])
def test_a_number_that_may_be_the_hash_of_a_text_cannot(number: int) -> None:
    assert number_of(number ^ SALT) is None


def test_the_salt_hides_a_number_and_lets_it_stay_a_hash() -> None:
    assert 0 <= SALT < 2**62
    assert number_of(hash_of_list(1, 3)) is None


@pytest.mark.parametrize(("length", "told"), [(0, 0), (1, 1), (500, 500), (2**32 - 1, 2**32 - 1), (2**32, 2**32 - 1)])
def test_the_length_of_a_list_can_be_read_back(length: int, told: int) -> None:
    assert [length_of(hash_of_list(serial, length)) for serial in (0, 1, 9)] == [told] * 3


def test_two_lists_have_different_hashes_whatever_their_lengths() -> None:
    hashes = {hash_of_list(serial, length) for serial in (1, 2, 3) for length in (0, 1, 2**32 - 1, 2**40)}
    assert len(hashes) == 9
    assert all(hashed >= 2**80 for hashed in hashes)


@pytest.mark.parametrize("hashed", [0, 5, -7, 2**63, 2**64, 2**80 - 1])
def test_another_value_has_no_length(hashed: int) -> None:
    assert length_of(hashed) is None
