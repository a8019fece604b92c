"""What a count of stock needs besides the counting."""

from __future__ import annotations

from typing import Final

UNSIGNED_PERCENT: Final = 10
"""A difference above this share of what should be there is signed by management."""


def needs_signature(on_hand_milli: int, counted_milli: int) -> bool:
    """Whether a count is further off than staff may book by themselves."""
    return abs(counted_milli - on_hand_milli) * 100 > on_hand_milli * UNSIGNED_PERCENT
