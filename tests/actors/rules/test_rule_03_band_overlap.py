"""Rule 3: a room has one rate at a time, so its bands never hold together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.rules.rate_bands import rate_at, refuse_overlap
from protocol.errors import Code
from protocol.records.values import RateBand

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)


def a_band(starts: str, ends: str, *days: int, rate: int = 1) -> RateBand:
    return RateBand(starts=starts, ends=ends, rate_minor_per_h=rate, days=days)


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        (a_band("18:00", "22:00"), a_band("22:00", "02:00"), False),
        (a_band("18:00", "22:01"), a_band("22:00", "02:00"), True),
        (a_band("18:00", "02:00", 7), a_band("01:00", "03:00", 1), True),
        (a_band("18:00", "02:00", 6), a_band("01:00", "03:00", 1), False),
        (a_band("00:00", "00:00", 3), a_band("12:00", "13:00"), True),
        (a_band("00:00", "00:00", 3), a_band("12:00", "13:00", 4), False),
    ],
)
def test_bands_clash_where_some_minute_is_in_both(
    one: RateBand, other: RateBand, clash: bool
) -> None:
    """Over midnight too, and from Sunday into Monday."""
    for bands in ((one, other), (other, one)):
        refusal = refuse_overlap(bands)
        assert (refusal is not None) == clash
        if refusal is not None:
            assert refusal.code is Code.RATE_BAND_OVERLAP
            assert refusal.errors[0].pointer == "/rate_bands/1"


BANDS = st.builds(
    lambda starts, ends, days: a_band(f"{starts:02}:00", f"{ends:02}:00", *sorted(days)),
    st.integers(0, 23),
    st.integers(0, 23),
    st.sets(st.integers(1, 7), max_size=3),
)


@given(BANDS, BANDS)
def test_it_is_the_very_rule_that_says_which_rate_holds(one: RateBand, other: RateBand) -> None:
    """Two bands clash exactly if, at some half hour of a week, either would hold by itself."""
    zone = ZoneInfo("UTC")

    def holds(band: RateBand, at: datetime) -> bool:
        return rate_at((band,), at, zone, otherwise_minor_per_h=0) == 1

    times = [MONDAY + n * timedelta(minutes=30) for n in range(7 * 48)]
    together = any(holds(one, at) and holds(other, at) for at in times)
    assert (refuse_overlap((one, other)) is not None) == together
