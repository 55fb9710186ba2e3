"""What is measured again replaces what stood there; the rest of docs/performance.md is kept."""

from __future__ import annotations

import pytest

from benchmarks.page import updated

OLD = """# What it costs

Old words.

Measured on one core. 3 of 9 turns were disturbed.

## Marks

Met or missed.

| what | mark |
| --- | --- |
| time | 1 us |
| instructions | 2 x |

## Times

All times.
"""
FRESH = """# What it costs

New words.

Measured on two cores.

## Marks

Met or missed.

| what | mark |
| --- | --- |
| instructions | 3 x |
| memory | 4 kB |

## Instructions

All instructions.
"""


@pytest.mark.once
def test_sections_that_were_measured_again_are_replaced() -> None:
    page = updated(OLD, FRESH)
    assert (
        page
        == """# What it costs

New words.

Measured on one core. 3 of 9 turns were disturbed.

## Marks

Met or missed.

| what | mark |
| --- | --- |
| time | 1 us |
| instructions | 3 x |
| memory | 4 kB |

## Times

All times.

## Instructions

All instructions.
"""
    )
    assert updated(page, FRESH) == page
