"""Rule 3: vectors and laws of the meter."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.business_day import business_day_of
from actors.rules.metering import (
    MS_PER_HOUR,
    Charge,
    Segment,
    Tariff,
    charge_at,
    mode_of,
    next_cutover,
    rate_of,
    split_segment,
    tick_minor,
)
from actors.rules.settings import DEFAULT
from protocol.records.states import Activity, SegmentMode
from protocol.records.visits import SessionSegment
from tests.actors.rules.visits import (
    MS,
    START,
    TARIFF,
    TIMED,
    TODAY,
    UNCAPPED,
    a_segment,
    moments,
    visits,
)

quick = settings(max_examples=100, deadline=None)
CONTINUOUS = (Activity.LOUNGE, Activity.ARCADE_TIME)


def cost(
    activity: Activity, length: timedelta, tariff: Tariff = TARIFF, start: datetime = START
) -> int:
    return charge_at([a_segment(activity, start)], start + length, tariff).total_minor


@pytest.mark.parametrize(
    ("activity", "length", "minor"),
    [
        (Activity.ARCADE_TIME, timedelta(minutes=37, seconds=20), 746),
        (Activity.KARAOKE_ROOM, timedelta(minutes=37, seconds=20), 2250),
        (Activity.LOUNGE, timedelta(minutes=4, seconds=59), 0),
        (Activity.LOUNGE, timedelta(minutes=6), 60),
        (Activity.ARCADE_TIME, timedelta(hours=6), 6000),
    ],
)
def test_the_vectors_of_the_rule(activity: Activity, length: timedelta, minor: int) -> None:
    """The five cases that the contract spells out. Rule 3 vectors."""
    assert cost(activity, length) == minor


@pytest.mark.parametrize(
    ("minutes", "blocks_minutes"), [(1, 30), (30, 30), (31, 45), (45, 45), (46, 60), (60, 60)]
)
def test_rooms_are_charged_in_blocks_after_a_first_long_one(
    minutes: int, blocks_minutes: int
) -> None:
    """Rule 3: 15-minute blocks rounded up, the first 30 minutes at least. Rule 3 blocks."""
    assert cost(Activity.KARAOKE_ROOM, timedelta(minutes=minutes)) == 50 * blocks_minutes


def test_a_stay_over_the_cutover_is_rounded_once_on_the_day_it_began() -> None:
    """Split at 05:00 the hour would be two stays of 30 and 30, or three blocks and three.

    Rule 3 blocks.
    """
    start = datetime(2026, 6, 1, 19, 20, tzinfo=UTC)  # 04:20 in Tokyo, still 1 June
    room = a_segment(Activity.KARAOKE_ROOM, start, timedelta(minutes=62))
    charge = charge_at([room], start + timedelta(hours=2), TARIFF)
    assert charge.by_day() == {date(2026, 6, 1): 75 * 50}
    parts = split_segment(room, next_cutover(start, TARIFF))
    assert charge_at(parts, start + timedelta(hours=2), TARIFF) == charge


def test_two_rooms_are_two_stays() -> None:
    """Moving to another room begins anew; staying in the same one does not."""
    half = timedelta(minutes=20)
    first = a_segment(Activity.KARAOKE_ROOM, START, half)
    same = a_segment(Activity.KARAOKE_ROOM, START + half, half)
    other = attrs.evolve(same, station_id=UUID(int=2))
    at = START + 2 * half
    assert charge_at([first, same], at, TARIFF).total_minor == 45 * 50
    assert charge_at([first, other], at, TARIFF).total_minor == 60 * 50


def test_five_minutes_are_a_look_around_and_cost_nothing() -> None:
    """Rule 3: the grace covers the whole session, to the millisecond. Rule 3 grace."""
    five = timedelta(minutes=5)
    assert cost(Activity.ARCADE_TIME, five) == 0
    assert cost(Activity.ARCADE_TIME, five + MS) == 100
    early, late = (a_segment(Activity.LOUNGE, START + n * 2 * five, five) for n in (0, 1))
    assert charge_at([early, late], START + 4 * five, TARIFF).total_minor == 100


def test_a_room_or_a_play_ends_the_grace() -> None:
    """Whoever used something has not only looked around."""
    minutes = timedelta(minutes=3)
    assert cost(Activity.KARAOKE_ROOM, minutes) == 1500
    assert cost(Activity.LOUNGE, minutes, attrs.evolve(TARIFF, played=True)) == 30


def test_the_cap_counts_what_other_visits_of_the_day_cost() -> None:
    """Rule 3: coming back later does not start a second cap. Rule 3 cap."""
    tariff = attrs.evolve(TARIFF, charged_elsewhere_minor={TODAY: 5900})
    assert cost(Activity.ARCADE_TIME, timedelta(hours=1), tariff) == 100
    over = attrs.evolve(TARIFF, charged_elsewhere_minor={TODAY: 6100})
    assert cost(Activity.ARCADE_TIME, timedelta(hours=1), over) == 0


def test_each_business_day_has_a_cap_of_its_own() -> None:
    """The cap is of a day, and 05:00 begins a new one."""
    charge = charge_at([a_segment(Activity.ARCADE_TIME)], START + timedelta(hours=12), TARIFF)
    assert charge.by_day() == {TODAY: 6000, TODAY + timedelta(days=1): 1200}


def test_what_began_first_keeps_its_charge_under_the_cap() -> None:
    """The lines of a receipt must add up to what was taken."""
    hours = timedelta(hours=3)
    arcade = a_segment(Activity.ARCADE_TIME, START, hours)
    room = a_segment(Activity.KARAOKE_ROOM, START + hours, hours)
    charge = charge_at([room, arcade], START + 2 * hours, TARIFF)
    assert charge.by_activity() == {Activity.ARCADE_TIME: 3600, Activity.KARAOKE_ROOM: 2400}
    assert charge.gross_minor == 3600 + 9000


def test_a_rate_is_per_person_but_for_a_room() -> None:
    """Rule 3: lounge, arcade time and table by heads, a room by the room."""
    rates = {activity: rate_of(activity, party_size=3, settings=DEFAULT) for activity in TIMED}
    assert list(rates.values()) == [1800, 3600, 4500, 3000]
    for wrong in (mode_of, lambda play: rate_of(play, party_size=1, settings=DEFAULT)):
        with pytest.raises(ValueError, match="bought at its price"):
            wrong(Activity.ARCADE_PLAY)


def test_the_record_of_the_table_can_be_metered() -> None:
    """The session need not copy its rows to have them charged."""
    row = SessionSegment(
        id=UUID(int=1),
        session_id=UUID(int=2),
        venue_id=UUID(int=3),
        user_id=UUID(int=4),
        seq=1,
        activity=Activity.LOUNGE,
        station_id=None,
        rate_minor_per_h=600,
        mode=SegmentMode.CONTINUOUS,
        started_at=START,
        business_day=TODAY,
    )
    assert charge_at([row], START + timedelta(hours=1), TARIFF).total_minor == 600


@quick
@given(visits(), moments, moments)
def test_the_charge_never_falls(visit: list[Segment], one: datetime, two: datetime) -> None:
    """Rule 3: whatever was posted stays right. Rule 3 continuous. Rule 3 never_falls."""
    early, late = sorted((one, two))
    assert charge_at(visit, early, TARIFF).total_minor <= charge_at(visit, late, TARIFF).total_minor


@quick
@given(visits(), st.lists(moments, max_size=8), moments)
def test_law_a_the_result_is_independent_of_tick_times(
    visit: list[Segment], ticks: list[datetime], end: datetime
) -> None:
    """Rule 3 (a): a node that slept through ten ticks charges the same. Rule 3 law_a."""
    charged = 0
    for at in [*sorted(tick for tick in ticks if tick < end), end]:
        charged += tick_minor(charge_at(visit, at, TARIFF), charged)
    assert charged == charge_at(visit, end, TARIFF).total_minor


@quick
@given(visits(), st.data(), moments)
def test_law_b_splitting_a_segment_changes_nothing(
    visit: list[Segment], data: st.DataObject, at: datetime
) -> None:
    """Rule 3 (b): cutover and checkpoints may split wherever they like. Rule 3 law_b."""
    n = data.draw(st.integers(0, len(visit) - 1))
    end = visit[n].ended_at or visit[n].started_at + timedelta(hours=30)
    length_ms = (end - visit[n].started_at) // MS
    if length_ms < 2:
        return
    cut = visit[n].started_at + data.draw(st.integers(1, length_ms - 1)) * MS
    parts = [*visit[:n], *split_segment(visit[n], cut), *visit[n + 1 :]]
    whole = charge_at(visit, at, TARIFF)
    assert charge_at(parts, at, TARIFF) == whole
    assert charge_at(list(reversed(parts)), at, TARIFF) == whole


@quick
@given(visits(CONTINUOUS), st.integers(1, 3 * MS_PER_HOUR))
def test_law_c_pauses_add_nothing(visit: list[Segment], pause_ms: int) -> None:
    """Rule 3 (c): a longer pause before the last segment, on the same day, costs nothing.

    Rule 3 law_c.
    """
    *before, last = visit
    moved = attrs.evolve(
        last,
        started_at=last.started_at + pause_ms * MS,
        ended_at=last.ended_at and last.ended_at + pause_ms * MS,
    )
    length = timedelta(minutes=90)
    whole_day = attrs.evolve(UNCAPPED, tz=ZoneInfo("UTC"))
    days = {
        business_day_of(t, whole_day.tz, DEFAULT.cutover)
        for t in (last.started_at, moved.started_at + length)
    }
    if len(days) > 1:
        return
    one = charge_at([*before, last], last.started_at + length, whole_day)
    two = charge_at([*before, moved], moved.started_at + length, whole_day)
    assert one.total_minor == two.total_minor


@quick
@given(visits(CONTINUOUS), moments)
def test_law_d_the_charge_is_at_most_the_exact_cost(visit: list[Segment], at: datetime) -> None:
    """Rule 3 (d): rounding is in the patron's favour, by less than a unit a day and activity.

    Rule 3 law_d.
    """
    exact = Fraction(0)
    for segment in visit:
        end = min(at, segment.ended_at or at)
        if end > segment.started_at:
            ms = (end - segment.started_at) // MS
            exact += Fraction(segment.rate_minor_per_h * ms, MS_PER_HOUR)
    charge = charge_at(visit, at, UNCAPPED)
    assert charge.total_minor <= exact
    assert exact - charge.total_minor < max(1, len(charge.lines))
    assert charge_at(visit, at, TARIFF).total_minor <= charge.total_minor


@quick
@given(visits(), moments, st.dictionaries(st.just(TODAY), st.integers(0, 8000)))
def test_lines_add_up_and_no_day_passes_the_cap(
    visit: list[Segment], at: datetime, elsewhere: dict[date, int]
) -> None:
    """What a receipt lists is what was taken."""
    charge: Charge = charge_at(visit, at, attrs.evolve(TARIFF, charged_elsewhere_minor=elsewhere))
    assert sum(charge.by_day().values()) == charge.total_minor <= charge.gross_minor
    assert sum(charge.by_activity().values()) == charge.total_minor
    for day, minor in charge.by_day().items():
        assert 0 <= minor <= max(0, 6000 - elsewhere.get(day, 0))


def test_a_segment_is_only_split_inside() -> None:
    """An empty segment would be a row that means nothing."""
    segment = a_segment(Activity.LOUNGE, START, timedelta(minutes=1))
    for outside in (START, START + timedelta(minutes=1)):
        with pytest.raises(ValueError, match="is not inside"):
            split_segment(segment, outside)
    assert segment.mode is SegmentMode.CONTINUOUS
