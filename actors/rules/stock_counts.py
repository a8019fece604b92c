"""What a count of stock needs besides the counting."""

from __future__ import annotations

from typing import Final

UNSIGNED_PERCENT: Final = 10
"""A difference above this share of what should be there is signed by management."""


def needs_signature(on_hand_milli: int, counted_milli: int, unsigned_milli: int = 0) -> bool:
    """Whether a count is further off than staff may book by themselves.

    `unsigned_milli` is what counts before it booked without a signature on the same day: many small
    steps are no smaller than the one that they come to. A count that changes nothing needs none.
    """
    if counted_milli == on_hand_milli:
        return False
    return _is_far(counted_milli, on_hand_milli) or _is_far(
        counted_milli, on_hand_milli - unsigned_milli
    )


def _is_far(counted_milli: int, expected_milli: int) -> bool:
    return abs(counted_milli - expected_milli) * 100 > expected_milli * UNSIGNED_PERCENT
