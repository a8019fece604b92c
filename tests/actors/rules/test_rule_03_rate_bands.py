"""Rule 3: what a room costs depends on the wall clock at the venue."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from actors.rules.rate_bands import next_change, rate_at
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


@pytest.mark.parametrize(
    ("local", "until"),
    [
        ("2026-11-20 13:59", "2026-11-20 14:00"),
        ("2026-11-20 14:00", "2026-11-20 18:00"),
        ("2026-11-20 18:00", "2026-11-21 05:00"),
        ("2026-11-21 23:00", "2026-11-22 05:00"),
        ("2026-11-22 14:00", "2026-11-23 11:00"),
    ],
)
def test_a_rate_holds_until_another_does(local: str, until: str) -> None:
    """Sunday at 18:00 the weekend's band would begin, but has no Sunday: nothing changes there."""
    at, changes_at = (
        datetime.fromisoformat(text).replace(tzinfo=TOKYO).astimezone(UTC)
        for text in (local, until)
    )
    assert next_change((WEEKEND, LUNCH), at, TOKYO, otherwise_minor_per_h=3_000) == changes_at


def test_what_has_one_rate_never_changes() -> None:
    """Without bands, and where a band costs what everything costs."""
    at = datetime(2026, 11, 20, tzinfo=UTC)
    same = RateBand(starts="11:00", ends="14:00", rate_minor_per_h=3_000)
    assert next_change((), at, TOKYO, otherwise_minor_per_h=3_000) is None
    assert next_change((same,), at, TOKYO, otherwise_minor_per_h=3_000) is None


def test_a_band_that_begins_where_clocks_skip_begins_after_the_gap() -> None:
    """Berlin, 29 March 2026: after 01:59 comes 03:00, and a band from 02:30 holds from then on."""
    berlin = ZoneInfo("Europe/Berlin")
    band = RateBand(starts="02:30", ends="06:00", rate_minor_per_h=1_500)
    at = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    changes_at = next_change((band,), at, berlin, otherwise_minor_per_h=3_000)
    assert changes_at == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
