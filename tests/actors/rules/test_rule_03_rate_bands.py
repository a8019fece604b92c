"""Rule 3: what a room costs depends on the wall clock at the venue."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from actors.rules.rate_bands import rate_at
from protocol.records.values import RateBand

TOKYO = ZoneInfo("Asia/Tokyo")
WEEKEND = RateBand(starts="18:00", ends="05:00", rate_minor_per_h=3_600, days=(5, 6))
LUNCH = RateBand(starts="11:00", ends="14:00", rate_minor_per_h=1_500)


@pytest.mark.parametrize(
    ("local", "rate"),
    [
        ("2026-11-20 17:59", 3_000),
        ("2026-11-20 18:00", 3_600),
        ("2026-11-21 04:59", 3_600),
        ("2026-11-21 05:00", 3_000),
        ("2026-11-22 04:59", 3_600),
        ("2026-11-22 18:00", 3_000),
        ("2026-11-20 04:59", 3_000),
        ("2026-11-22 11:00", 1_500),
        ("2026-11-22 14:00", 3_000),
    ],
)
def test_a_band_holds_on_the_nights_that_it_begins_on(local: str, rate: int) -> None:
    """Friday's band runs into Saturday morning; Sunday evening has the venue's own rate again."""
    at = datetime.fromisoformat(local).replace(tzinfo=TOKYO).astimezone(UTC)
    assert rate_at((WEEKEND, LUNCH), at, TOKYO, otherwise_minor_per_h=3_000) == rate
