"""The meter of a visit: what ticks charge, when funds end, and what is in flight (Rule 3)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import attrs
import pytest

from actors.rules.funds import hold_minor
from actors.rules.settings import DEFAULT
from protocol.internal.metering import RetrySettlement
from protocol.internal.visits import CaptureUsage, FloorChanged, UsageCaptured
from protocol.operations.sessions import CheckOut, ResumeSession
from protocol.records.states import Activity, SessionStatus
from protocol.replies.sessions import CheckedOut, SessionChanged
from tests.actors.session.visit_kit import (
    MINUTE,
    MS,
    OWN,
    SECOND,
    TODAY,
    Visit,
    a_visit,
)
from tests.actors.session.visit_opening import (
    START,
)

UNCAPPED = attrs.evolve(DEFAULT, time_cap_per_day_minor=10**9)


def check_out(visit: Visit) -> CheckedOut:
    answer = visit.do(CheckOut(session_id=visit.id), OWN)
    assert isinstance(answer, CheckedOut)
    return answer


def test_the_vector_of_the_rules_comes_out_of_ticks_and_a_check_out() -> None:
    """Rule 3: 37 min 20 s of arcade_time cost 746, to the unit, however it was charged."""
    visit = a_visit()
    visit.go_to(START + 37 * MINUTE + 20 * SECOND)
    assert visit.wallet.charged == 740
    assert check_out(visit).charge_minor == 746
    assert (visit.wallet.charged, visit.wallet.held) == (746, 0)
    assert visit.history.time_charge_minor == 746


def test_a_tick_asks_for_the_minute_and_for_the_next_quarter_of_an_hour() -> None:
    """The hold is what makes the next tick certain to be paid."""
    visit = a_visit()
    visit.held_back = True
    visit.go_to(START + 6 * MINUTE)
    ((sent, in_saga),) = visit.to_account
    assert isinstance(sent, CaptureUsage)
    assert not in_saga
    assert (sent.tick, sent.charged_until) == (1, START + MINUTE)
    assert sum(line.amount_minor for line in sent.lines) == 0, "the grace of short visits"
    assert sent.hold_target_minor == 320, "within the grace nothing was charged yet"
    visit.deliver()
    assert visit.wallet.charged == 120, "an answer that is late is followed by what is due by now"
    visit.go_to(START + 7 * MINUTE)
    ((sent, _),) = visit.to_account
    assert isinstance(sent, CaptureUsage)
    (line,) = sent.lines
    assert (sent.tick, line.amount_minor, line.business_day) == (3, 20, TODAY)
    assert (line.segment_id, sent.hold_target_minor) == (visit.segments[0].id, 300)


def test_the_patron_sees_the_figures_after_each_charge() -> None:
    """session.meter_tick says what the account confirmed, so it comes after the answer."""
    visit = a_visit(10_000)
    visit.held_back = True
    visit.go_to(START + MINUTE)
    assert not visit.heard("session.meter_tick")
    visit.deliver()
    (tick,) = visit.heard("session.meter_tick")
    assert not tick.durable
    assert tick.data["billable_s"] == 60
    assert tick.data["available_minor"] == visit.wallet.available
    assert tick.rooms == (f"user:{visit.session.user_id}",)


def test_the_floor_hears_what_was_charged() -> None:
    """The venue's live view shows the charge of each visit."""
    visit = a_visit()
    visit.go_to(START + 6 * MINUTE)
    (*_, told) = visit.told_venue(FloorChanged)
    assert isinstance(told, FloorChanged)
    assert told.charged_minor == visit.session.charged_minor == 120


def test_low_credit_is_told_once_until_it_is_cured() -> None:
    """Ten minutes or less: once per crossing, not once per tick."""
    visit = a_visit(400)
    visit.go_to(START + 9 * MINUTE)
    assert not visit.heard("session.low_credit")
    visit.go_to(START + 15 * MINUTE)
    (low,) = visit.heard("session.low_credit")
    assert low.data["minutes_left"] == 9
    visit.wallet.available += 1000
    visit.go_to(START + 17 * MINUTE)
    visit.wallet.available = 0
    visit.go_to(START + 55 * MINUTE)
    assert len(visit.heard("session.low_credit")) == 2


@pytest.mark.parametrize("funds", [300, 501, 777, 1001])
def test_an_exhausted_visit_stops_at_the_instant_funds_end(funds: int) -> None:
    """Never overdrawn: all credit is used, and a millisecond more would have passed it."""
    visit = a_visit(funds)
    visit.go_to(START + funds * 3 * SECOND)
    visit.go_to(visit.now + 4 * SECOND)
    assert visit.status is SessionStatus.PAUSED
    assert visit.session.cause == "exhausted"
    ended_at = visit.segments[-1].ended_at
    assert ended_at is not None
    assert visit.charge(ended_at) == funds == visit.wallet.charged
    running = [segment.evolve(ended_at=None) for segment in visit.segments]
    visit.state.put(running[-1])
    assert visit.charge(ended_at + MS) == funds + 1
    (told,) = visit.heard("session.exhausted")
    assert told.data["charge_minor"] == funds
    assert visit.timers["deadline"].due_at == ended_at + 10 * MINUTE
    assert "meter" not in visit.timers


def test_ten_minutes_after_exhaustion_the_visit_ends_as_of_then() -> None:
    """Rule 2: paused(exhausted) for 10 minutes closes; ended_at is when the meter stopped."""
    visit = a_visit(400)
    visit.go_to(START + 21 * MINUTE)
    stopped_at = visit.segments[-1].ended_at
    visit.go_to(START + 31 * MINUTE)
    assert visit.status is SessionStatus.CLOSED
    assert visit.history.ended_at == stopped_at
    assert visit.history.summary["elapsed_ms"]["paused"] == 600_000
    assert visit.history.cause == "auto"
    assert visit.wallet.charged == visit.history.time_charge_minor == 400


def test_who_tops_up_after_exhaustion_goes_on() -> None:
    """The ten minutes are there to top up: then the hold is possible and the meter runs."""
    visit = a_visit(400)
    visit.go_to(START + 21 * MINUTE)
    visit.wallet.available += 1000
    answer = visit.do(ResumeSession(session_id=visit.id), OWN)
    assert isinstance(answer, SessionChanged)
    assert answer.status is SessionStatus.ACTIVE
    visit.go_to(START + 31 * MINUTE)
    check_out(visit)
    assert visit.wallet.charged == 600


def test_a_room_is_left_at_the_end_of_the_block_that_could_be_paid() -> None:
    """Blocks are paid whole: with no credit for the next one, the visit stops before it begins."""
    visit = a_visit(1600, Activity.KARAOKE_ROOM)
    visit.go_to(START + 35 * MINUTE)
    assert visit.status is SessionStatus.PAUSED
    assert visit.segments[-1].ended_at == START + 30 * MINUTE
    assert visit.wallet.charged == 1500
    assert visit.wallet.available + visit.wallet.held == 100


def test_after_an_outage_time_is_charged_as_far_as_credit_goes() -> None:
    """A tick that comes an hour late takes first what is held, then asks for the rest."""
    visit = a_visit(100_000, settings=UNCAPPED)
    visit.now = START + 60 * MINUTE
    visit.tick()
    assert [line.amount_minor for line in visit.wallet.lines] == [300, 900]
    poor = a_visit(700)
    poor.now = START + 60 * MINUTE
    poor.tick()
    assert poor.status is SessionStatus.PAUSED
    assert poor.segments[-1].ended_at == START + 35 * MINUTE + 3 * SECOND - MS
    assert poor.wallet.charged == 700


def test_one_request_is_in_flight_at_most() -> None:
    """A second one could ask for what the first has not yet been given."""
    visit = a_visit()
    visit.held_back = True
    visit.go_to(START + 20 * MINUTE)
    assert len(visit.to_account) == 1
    visit.deliver()
    visit.go_to(START + 21 * MINUTE)
    visit.deliver()
    assert visit.wallet.charged == 420


def test_a_stray_answer_changes_nothing() -> None:
    """What nobody waits for any more must not be counted twice."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    stray = UsageCaptured(
        session_id=visit.id,
        tick=3,
        captured_minor=99,
        held_minor=0,
        available_minor=0,
        short_minor=5,
    )
    before = visit.session
    visit.do(stray, in_saga=False)
    assert visit.session == before
    check_out(visit)
    visit.do(stray, in_saga=False)
    assert visit.wallet.charged == visit.history.time_charge_minor == 200


@pytest.mark.parametrize("order", ["answered first", "answered after", "settled first"])
def test_a_check_out_with_a_charge_in_flight_pays_all_time_once(order: str) -> None:
    """Wherever the last tick's request is when the patron leaves, the sum is the charge."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    visit.held_back = True
    visit.go_to(START + 11 * MINUTE)
    if order == "answered first":
        visit.account_takes()
    visit.now = START + 11 * MINUTE + 30 * SECOND
    visit.do(CheckOut(session_id=visit.id), OWN)
    while visit.to_account:
        visit.account_takes()
    if order == "settled first":
        visit.session_hears(1)
        assert visit.status is SessionStatus.CLOSED
    visit.deliver()
    assert visit.wallet.charged == 230
    assert visit.history.time_charge_minor == 230
    assert isinstance(visit.answers[-1], CheckedOut)


def test_a_charge_that_arrives_while_closing_is_noted_and_nothing_else() -> None:
    """No tick event, no timer, no pause: the visit is over but for the receipt."""
    visit = a_visit()
    visit.held_back = True
    visit.go_to(START + 8 * MINUTE)
    visit.do(CheckOut(session_id=visit.id), OWN)
    visit.account_takes()
    visit.session_hears()
    assert visit.status is SessionStatus.CLOSING
    assert visit.notes.asked_minor is None
    assert "meter" not in visit.timers
    assert not visit.heard("session.meter_tick")
    visit.do(RetrySettlement(attempt=1), in_saga=False)
    visit.deliver()
    assert visit.wallet.charged == visit.charge(visit.history.ended_at) == 160


def test_a_visit_over_the_cutover_is_split_and_each_day_pays_its_part() -> None:
    """Rule 5: sessions open at cutover are split, not closed; revenue falls to its day."""
    cutover = datetime(2026, 6, 1, 20, 0, tzinfo=UTC)  # 05:00 in Tokyo
    visit = a_visit(at=cutover - 10 * MINUTE)
    visit.go_to(cutover + 30 * MINUTE)
    assert visit.status is SessionStatus.ACTIVE
    first, second = visit.segments
    assert first.ended_at == second.started_at == cutover
    assert (first.business_day, second.business_day) == (date(2026, 6, 1), date(2026, 6, 2))
    assert (first.active_ms, first.charge_minor) == (600_000, 200)
    check_out(visit)
    by_day: dict[date, int] = {}
    for line in visit.wallet.lines:
        by_day[line.business_day] = by_day.get(line.business_day, 0) + line.amount_minor
    assert by_day == {date(2026, 6, 1): 200, date(2026, 6, 2): 600}
    assert sum(segment.charge_minor for segment in visit.segments) == 800


def test_a_room_over_the_cutover_is_rounded_once() -> None:
    """A run over the cutover is charged on the day it began: splitting changes nothing."""
    cutover = datetime(2026, 6, 1, 20, 0, tzinfo=UTC)
    visit = a_visit(activity=Activity.KARAOKE_ROOM, at=cutover - 10 * MINUTE)
    visit.go_to(cutover + 25 * MINUTE)
    check_out(visit)
    assert len(visit.segments) == 2
    assert visit.wallet.charged == 2250
    assert {line.business_day for line in visit.wallet.lines} == {date(2026, 6, 1)}


def test_the_cap_counts_what_earlier_visits_of_the_day_paid() -> None:
    """Rule 3: at most the cap a day and user here, over all visits."""
    visit = a_visit(elsewhere=5900)
    visit.go_to(START + 60 * MINUTE)
    assert visit.status is SessionStatus.ACTIVE
    check_out(visit)
    assert visit.wallet.charged == 100


def test_what_is_held_at_check_in_is_a_quarter_of_an_hour() -> None:
    """The kit holds what the rules say, or these tests would show nothing."""
    assert a_visit().wallet.held == hold_minor(1200) == 300
