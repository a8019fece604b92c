"""Visits over the ends of days, months and years, through clock changes, in any currency (3, 5)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from actors.rules.business_day import bounds
from protocol.operations.sessions import CheckOut, PauseSession, ResumeSession
from protocol.records.states import Activity
from protocol.replies.sessions import CheckedOut
from tests.actors.session.visit_kit import MINUTE, MS, OWN, SECOND, Visit, a_visit

HOUR = timedelta(hours=1)
BERLIN = "Europe/Berlin"


def an_hour_long(visit: Visit, length: timedelta = HOUR) -> CheckedOut:
    """Stay, tick by tick, and check out."""
    visit.go_to(visit.now + length)
    answer = visit.do(CheckOut(session_id=visit.id), OWN)
    assert isinstance(answer, CheckedOut)
    return answer


def by_day(visit: Visit) -> dict[date, int]:
    """What each business day was charged, by the lines that the account was sent."""
    sums: Counter[date] = Counter()
    for line in visit.wallet.lines:
        sums[line.business_day] += line.amount_minor
    return dict(sums)


@pytest.mark.parametrize(
    ("at", "days"),
    [
        # Each begins half an hour before the cutover at 05:00 in Tokyo, 20:00 in UTC.
        (datetime(2026, 6, 1, 19, 30, tzinfo=UTC), (date(2026, 6, 1), date(2026, 6, 2))),
        (datetime(2026, 6, 30, 19, 30, tzinfo=UTC), (date(2026, 6, 30), date(2026, 7, 1))),
        (datetime(2026, 12, 31, 19, 30, tzinfo=UTC), (date(2026, 12, 31), date(2027, 1, 1))),
        (datetime(2028, 2, 28, 19, 30, tzinfo=UTC), (date(2028, 2, 28), date(2028, 2, 29))),
    ],
    ids=["day", "month", "year", "leap day"],
)
def test_rule_05_a_visit_over_the_cutover_is_split_and_not_closed(
    at: datetime, days: tuple[date, date]
) -> None:
    """Each day has its half hour, whatever else ends with it; together they are the hour.

    Rule 5 split.
    """
    visit = a_visit(10_000, at=at)
    answer = an_hour_long(visit)
    assert answer.charge_minor == 1_200
    assert by_day(visit) == {days[0]: 600, days[1]: 600}
    first, second = visit.segments
    assert first.ended_at == second.started_at == at + 30 * MINUTE
    assert (first.business_day, second.business_day) == days
    assert visit.history.business_day == days[0]
    assert [line["business_day"] for line in visit.history.summary["time"]] == [
        day.isoformat() for day in days
    ]


def test_rule_03_each_day_is_floored_by_itself_and_the_cap_is_each_days() -> None:
    """59 s before and 59 s after the cutover are 19 and 19, not 39; both in the patron's favour."""
    at = datetime(2026, 6, 1, 19, 54, 1, tzinfo=UTC)
    visit = a_visit(10_000, at=at)
    an_hour_long(visit, 6 * MINUTE + 58 * SECOND)
    # 5 min 59 s and 59 s at 1200 an hour are 119.67 and 19.67.
    assert by_day(visit) == {date(2026, 6, 1): 119, date(2026, 6, 2): 19}


def test_rule_03_a_room_over_the_cutover_is_rounded_once_on_the_day_it_began() -> None:
    """40 minutes of a room are three blocks of the first day, and none of the second."""
    at = datetime(2026, 6, 1, 19, 40, tzinfo=UTC)
    visit = a_visit(10_000, Activity.KARAOKE_ROOM, at=at)
    assert an_hour_long(visit, 40 * MINUTE).charge_minor == 2_250
    assert by_day(visit) == {date(2026, 6, 1): 2_250}


def test_rule_05_the_night_in_which_an_hour_is_missing() -> None:
    """Berlin, 29 March 2026: 02:00 is 03:00. The meter counts time that passed, not the wall."""
    at = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # 01:30, half an hour before the gap
    visit = a_visit(10_000, at=at, tz=BERLIN)
    answer = an_hour_long(visit)
    assert (answer.charge_minor, answer.duration_ms) == (1_200, 3_600_000)
    assert by_day(visit) == {date(2026, 3, 28): 1_200}
    assert len(visit.segments) == 1


def test_rule_05_the_day_before_the_missing_hour_has_23() -> None:
    """02:30Z is 04:30 there and still the day before; the cutover comes at 03:00Z."""
    at = datetime(2026, 3, 29, 2, 30, tzinfo=UTC)
    visit = a_visit(10_000, at=at, tz=BERLIN)
    an_hour_long(visit)
    assert by_day(visit) == {date(2026, 3, 28): 600, date(2026, 3, 29): 600}
    assert visit.segments[1].started_at == datetime(2026, 3, 29, 3, 0, tzinfo=UTC)
    day = bounds(date(2026, 3, 28), visit.profile.tz, visit.settings.cutover)
    assert day.end - day.start == 23 * HOUR


def test_rule_05_the_night_in_which_an_hour_comes_twice() -> None:
    """Berlin, 25 October 2026: 02:30 comes twice. Two hours passed, and two hours are charged."""
    at = datetime(2026, 10, 24, 23, 45, tzinfo=UTC)  # 01:45; 03:00 on the wall is 3 h 15 later
    visit = a_visit(10_000, at=at, tz=BERLIN)
    answer = an_hour_long(visit, 2 * HOUR)
    assert (answer.charge_minor, answer.duration_ms) == (2_400, 7_200_000)
    assert by_day(visit) == {date(2026, 10, 24): 2_400}
    assert len(visit.segments) == 1


def test_rule_05_the_day_of_the_repeated_hour_has_25() -> None:
    """Its cutover at 05:00 is at 04:00Z, an hour later than the day before."""
    at = datetime(2026, 10, 25, 3, 30, tzinfo=UTC)
    visit = a_visit(10_000, at=at, tz=BERLIN)
    an_hour_long(visit)
    assert visit.segments[1].started_at == datetime(2026, 10, 25, 4, 0, tzinfo=UTC)
    assert by_day(visit) == {date(2026, 10, 24): 600, date(2026, 10, 25): 600}
    day = bounds(date(2026, 10, 24), visit.profile.tz, visit.settings.cutover)
    assert day.end - day.start == 25 * HOUR


@pytest.mark.parametrize(
    "at",
    [datetime(2026, 3, 29, 0, 50, tzinfo=UTC), datetime(2026, 10, 25, 0, 50, tzinfo=UTC)],
    ids=["gap", "overlap"],
)
def test_rule_02_a_pause_through_a_clock_change_ends_by_time_that_passed(at: datetime) -> None:
    """45 minutes are 45 minutes, whatever the wall says of them."""
    visit = a_visit(10_000, at=at, tz=BERLIN)
    visit.go_to(at + 6 * MINUTE)
    visit.do(PauseSession(session_id=visit.id), OWN)
    visit.go_to(at + 50 * MINUTE)
    visit.do(ResumeSession(session_id=visit.id), OWN)
    assert an_hour_long(visit, 10 * MINUTE).charge_minor == 320


@pytest.mark.parametrize(
    ("activity", "length", "minor"),
    [
        (Activity.ARCADE_TIME, 37 * MINUTE + 20 * SECOND, 746),
        (Activity.KARAOKE_ROOM, 37 * MINUTE + 20 * SECOND, 2_250),
        (Activity.LOUNGE, 4 * MINUTE + 59 * SECOND, 0),
        (Activity.LOUNGE, 6 * MINUTE, 60),
    ],
)
@pytest.mark.parametrize(("currency", "tz"), [("JPY", "Asia/Tokyo"), ("EUR", BERLIN)])
def test_rule_03_its_vectors_hold_in_whole_visits_and_in_every_currency(
    activity: Activity, length: timedelta, minor: int, currency: str, tz: str
) -> None:
    """A yen has no cents: minor units are whole, and no rule asks how many digits it has."""
    visit = a_visit(100_000, activity, tz=tz)
    visit.currency = currency
    answer = an_hour_long(visit, length)
    assert answer.charge_minor == minor == visit.wallet.charged
    assert visit.history.summary["currency"] == currency
    assert visit.wallet.available == 100_000 - minor


@pytest.mark.parametrize("beside", [-MS, MS])
def test_rule_03_a_short_visit_is_free_to_the_millisecond(beside: timedelta) -> None:
    """Up to five minutes nothing, a millisecond more the whole of it."""
    visit = a_visit(10_000)
    assert an_hour_long(visit, 5 * MINUTE + beside).charge_minor == (0 if beside < 0 * MS else 100)
