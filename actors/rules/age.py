"""How old somebody is, where it matters: on the local date of the venue (Rules 6 and 7)."""

from __future__ import annotations

from datetime import date


def age_years(birth_date: date, on: date) -> int:
    """Whole years lived on a date. Someone born on 29 February is a year older on 1 March."""
    before_birthday = (on.month, on.day) < (birth_date.month, birth_date.day)
    return on.year - birth_date.year - before_birthday
