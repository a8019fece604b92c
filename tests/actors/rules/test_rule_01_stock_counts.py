"""Which counts of stock need a signature."""

from __future__ import annotations

import pytest

from actors.rules.stock_counts import needs_signature


@pytest.mark.parametrize(
    ("on_hand", "counted", "needed"),
    [
        (1_000, 1_000, False),
        (1_000, 900, False),
        (1_000, 1_100, False),
        (1_000, 899, True),
        (1_000, 1_101, True),
        (0, 0, False),
        (0, 1, True),
        (9, 8, True),
    ],
)
def test_a_count_that_is_more_than_a_tenth_off_is_signed(
    on_hand: int, counted: int, needed: bool
) -> None:
    """Whole numbers: a tenth exactly is not above it, and of nothing everything is."""
    assert needs_signature(on_hand, counted) is needed


@pytest.mark.parametrize(
    ("on_hand", "counted", "unsigned", "needed"),
    [
        (950, 900, -50, False),
        (950, 899, -50, True),
        (950, 1_000, -50, False),
        (1_050, 1_101, 50, True),
        (10, 10, -900, False),
    ],
)
def test_what_was_booked_before_counts_too(
    on_hand: int, counted: int, unsigned: int, needed: bool
) -> None:
    """Steps below the bound are no way around it; a count that changes nothing hides nothing."""
    assert needs_signature(on_hand, counted, unsigned) is needed
