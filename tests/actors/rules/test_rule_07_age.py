"""Rule 7: an age is reached on the birthday, and not a day before."""

from __future__ import annotations

from datetime import date

import pytest

from actors.rules.age import age_years


@pytest.mark.parametrize(
    ("birth_date", "on", "years"),
    [
        (date(2008, 11, 20), date(2026, 11, 19), 17),
        (date(2008, 11, 20), date(2026, 11, 20), 18),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
    ],
)
def test_an_age_is_reached_on_the_birthday(birth_date: date, on: date, years: int) -> None:
    """A day too young is under age, and the law knows no rounding."""
    assert age_years(birth_date, on) == years
