"""How much alcohol is in a glass: standard drinks in thousandths (Rule 7)."""

from __future__ import annotations

from actors.rules.settings import DEFAULT, VenueSettings


def standard_drinks_milli(volume_ml: int, abv_bp: int, *, settings: VenueSettings = DEFAULT) -> int:
    """`ml · abv · 0.789` grams of alcohol in standard drinks, rounded half up; all whole numbers.

    `abv_bp` is alcohol by volume in basis points: 500 is 5 %.
    """
    assert volume_ml >= 0
    assert 0 <= abv_bp <= 10_000
    # ml · bp · 789 is ten-thousandths of a milligram; a standard drink counts as 1000.
    alcohol, drink = volume_ml * abv_bp * 789, settings.standard_drink_alcohol_mg * 10
    return (2 * alcohol + drink) // (2 * drink)
