"""Rule 7's table, row by row: what each rule needs to see before it raises a level, and no less."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from actors.rules.drinks import standard_drinks_milli
from actors.rules.safety_levels import Crossing
from actors.rules.safety_pace import (
    Drunk,
    Seen,
    break_is_due,
    late_spend,
    long_session,
    next_mark,
    pace_crossings,
    sign_crossings,
    topup_velocity,
    unanswered,
    visible_intoxication,
)
from actors.rules.settings import DEFAULT, VenueSettings

NOW: Final = datetime(2026, 6, 1, 13, 0, tzinfo=UTC)  # 22:00 in Tokyo
DAY_START: Final = datetime(2026, 5, 31, 20, 0, tzinfo=UTC)
TOKYO: Final = ZoneInfo("Asia/Tokyo")
LATE: Final = datetime(2026, 6, 1, 17, 30, tzinfo=UTC)  # 02:30 in Tokyo
MINUTE: Final = timedelta(minutes=1)

Found = dict[str, int]


def levels(*crossings: Crossing | None) -> Found:
    """What fired, and the highest level that each rule asks for."""
    found: Found = {}
    for crossing in crossings:
        if crossing is not None:
            rule = crossing.rule.value
            found[rule] = max(crossing.level, found.get(rule, 0))
    return found


def pace(*had: tuple[int, int], persons: int = 1, settings: VenueSettings = DEFAULT) -> Found:
    """`had` are minutes ago and thousandths of a standard drink."""
    drinks = [Drunk(at=NOW - ago * MINUTE, milli=milli) for ago, milli in had]
    return levels(
        *pace_crossings(drinks, NOW, day_start=DAY_START, persons=persons, settings=settings)
    )


def signs(*seen: tuple[int, str]) -> Found:
    """`seen` are minutes ago and the sign."""
    known = [Seen(at=NOW - ago * MINUTE, sign=sign) for ago, sign in seen]
    return levels(*sign_crossings(known, NOW, DEFAULT))


def active(minutes: float) -> Found:
    return levels(*long_session(timedelta(minutes=minutes), started_at=DAY_START, settings=DEFAULT))


def topups(at: tuple[int, ...], declined: tuple[int, ...] = ()) -> Found:
    """Minutes ago."""
    return levels(
        topup_velocity(
            [NOW - ago * MINUTE for ago in at],
            [NOW - ago * MINUTE for ago in declined],
            NOW,
            DEFAULT,
        )
    )


def spent(day: int, before: int, at: datetime = LATE) -> Found:
    return levels(late_spend(day, before, at, day_start=DAY_START, tz=TOKYO, settings=DEFAULT))


ROWS: Final[tuple[tuple[str, Callable[..., Found], tuple[Any, ...], Found], ...]] = (
    ("pace_60: two in the hour", pace, ((0, 1000), (59, 1000)), {}),
    ("pace_60: three in the hour", pace, ((0, 1000), (30, 1000), (60, 1000)), {"pace_60": 1}),
    ("pace_60: the third is older", pace, ((0, 1000), (30, 1000), (61, 1000)), {}),
    (
        "pace_120: four in two hours",
        pace,
        ((0, 1000), (70, 1000), (80, 1000), (120, 1000)),
        {"pace_120": 2, "day_total": 1},
    ),
    (
        "pace_120_high: six in two hours",
        pace,
        ((0, 2000), (70, 2000), (120, 2000)),
        {"pace_120": 2, "pace_120_high": 3, "day_total": 1},
    ),
    (
        "pace_120_high: NIAAA's 5.6 are not yet six",
        pace,
        ((10, 1400), (70, 2800), (110, 1400)),
        {"pace_120": 2, "day_total": 1},
    ),
    ("day_total: four on the day", pace, ((200, 2000), (300, 2000)), {"day_total": 1}),
    ("day_total: eight on the day", pace, ((200, 4000), (300, 4000)), {"day_total": 3}),
    ("day_total: yesterday's don't count", pace, ((200, 2000), (1200, 2000)), {}),
    ("signs: one", signs, ((29, "drowsy"),), {"signs": 1}),
    ("signs: the same twice", signs, ((29, "drowsy"), (0, "drowsy")), {"signs": 1}),
    ("signs: two different in 30 min", signs, ((30, "drowsy"), (0, "loud")), {"signs": 3}),
    ("signs: two different, too far apart", signs, ((31, "drowsy"), (0, "loud")), {"signs": 1}),
    ("long_session: just under 4 h", active, (239.9,), {}),
    ("long_session: 4 h", active, (240,), {"long_session": 1}),
    ("long_session: 6 h", active, (360,), {"long_session": 2}),
    ("topup_velocity: two", topups, ((0, 59),), {}),
    ("topup_velocity: three in 60 min", topups, ((0, 30, 60),), {"topup_velocity": 2}),
    ("topup_velocity: the third is older", topups, ((0, 30, 61),), {}),
    ("topup_velocity: two declines, then one", topups, ((0,), (5, 9)), {"topup_velocity": 2}),
    ("topup_velocity: one decline, then one", topups, ((0,), (5,)), {}),
    ("topup_velocity: declines alone", topups, ((), (5, 9)), {}),
    ("late_spend: twice the mean and over 5000", spent, (5001, 60_000), {"late_spend": 1}),
    ("late_spend: just twice the mean", spent, (8000, 120_000), {}),
    ("late_spend: not over 5000", spent, (5000, 0), {}),
    ("late_spend: before 02:00", spent, (9000, 0, NOW), {}),
    ("late_spend: in the morning", spent, (9000, 0, LATE + timedelta(hours=3)), {}),
)


@pytest.mark.parametrize(("rule", "look", "seen", "found"), ROWS, ids=[row[0] for row in ROWS])
def test_a_row_of_the_table_fires_at_its_default(
    rule: str, look: Callable[..., Found], seen: tuple[Any, ...], found: Found
) -> None:
    """A threshold that is off by one refuses a guest who had none too many, or misses one.

    Rule 7 pace_60. Rule 7 pace_120. Rule 7 pace_120_high. Rule 7 day_total. Rule 7 signs. Rule 7
    topup_velocity.
    """
    assert look(*seen) == found, rule


def test_visible_intoxication_is_level_3_whenever_it_is_said() -> None:
    """A floor: service stops at once, and no window lets a second word pass unheard.

    Rule 7 visible_intoxication.
    """
    crossing = visible_intoxication(NOW)
    assert (crossing.level, crossing.since, crossing.window_s) == (3, NOW, None)


@pytest.mark.parametrize(("before", "after"), [(0, 1), (1, 2), (2, 3), (3, 3), (4, 3)])
def test_unanswered_asks_for_one_level_more_and_never_for_more_than_3(
    before: int, after: int
) -> None:
    """Silence is no proof of anything: people go and look, and no more. Rule 7 unanswered."""
    assert unanswered(before, NOW, DEFAULT).level == after


def test_pace_counts_for_each_person_present() -> None:
    """A round for four is no binge of one: per_order allows two for each person present."""
    assert pace((0, 4000), persons=4) == {}
    assert pace((0, 12_000), persons=4) == {"pace_60": 1}


def test_thresholds_are_settings() -> None:
    """A venue may be stricter, and what it sets is what counts."""
    strict = VenueSettings(pace_60_milli=2_000)
    assert pace((0, 1000), (59, 1000), settings=strict) == {"pace_60": 1}


def test_a_drink_is_ten_grams() -> None:
    """Three beers of 330 ml at 5 % are 3.9 standard drinks: pace_60, and not yet pace_120.

    Rule 7 standard_drink.
    """
    beer = standard_drinks_milli(330, 500)
    assert pace(*((n, beer) for n in range(3))) == {"pace_60": 1}


def test_a_break_is_due_each_active_hour() -> None:
    """break_reminder: once for each hour, however late anybody looks. Rule 7 break_reminder."""
    assert not break_is_due(timedelta(minutes=59), 0, DEFAULT)
    assert break_is_due(timedelta(minutes=60), 0, DEFAULT)
    assert not break_is_due(timedelta(minutes=119), 1, DEFAULT)
    assert break_is_due(timedelta(minutes=200), 1, DEFAULT)


@pytest.mark.parametrize(
    ("now", "mark"), [(0, 60), (59, 60), (60, 120), (239, 240), (240, 300), (359, 360), (400, 420)]
)
def test_the_next_look_is_at_the_next_mark(now: int, mark: int) -> None:
    """Who looks too late reminds too late; who looks too early looks again."""
    assert next_mark(timedelta(minutes=now), DEFAULT) == timedelta(minutes=mark)
