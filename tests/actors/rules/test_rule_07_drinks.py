"""Rule 7: how much alcohol is in a glass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.rules.drinks import standard_drinks_milli
from actors.rules.settings import VenueSettings


@pytest.mark.parametrize(
    ("volume_ml", "abv_bp", "milli"),
    [(350, 500, 1381), (120, 1_300, 1231), (40, 4_000, 1262), (500, 0, 0)],
)
def test_a_drink_counts_by_its_volume_and_strength(volume_ml: int, abv_bp: int, milli: int) -> None:
    """`ml · abv · 0.789` grams, 10 g each: what the pace rules count is the same everywhere."""
    assert standard_drinks_milli(volume_ml, abv_bp) == milli


def test_where_a_standard_drink_is_larger_a_glass_is_fewer_of_them() -> None:
    """14 g is the drink of some countries; the venue's setting decides."""
    larger = VenueSettings(standard_drink_alcohol_mg=14_000)
    assert standard_drinks_milli(350, 500, settings=larger) == 986


@given(st.integers(0, 2_000), st.integers(0, 9_999))
def test_a_stronger_drink_never_counts_for_less(volume_ml: int, abv_bp: int) -> None:
    """Rounding must not let a stronger drink pass for a weaker one."""
    weaker = standard_drinks_milli(volume_ml, abv_bp)
    assert standard_drinks_milli(volume_ml, abv_bp + 1) >= weaker
