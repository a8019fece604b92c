"""Business days are closed in order, numbered without gap, and frozen with the ledger's totals."""

from __future__ import annotations

from datetime import timedelta

import pytest

from actors.runtime.outcome import LATER, CancelTimer, SetTimer
from actors.venue.closing_days import (
    SUMMED_AGAIN,
    decide_close_business_day,
    decide_close_day,
    decide_open_orders_counted,
)
from actors.venue.days import timer_of
from protocol.addresses import Principal
from protocol.errors import Code
from protocol.internal.administration import (
    CloseDay,
    CountOpenOrders,
    OpenOrdersCounted,
    SumUpDay,
)
from protocol.operations.admin_venues import CloseBusinessDay
from protocol.records.ledger import BusinessDay
from protocol.records.money_states import BusinessDayStatus
from protocol.records.runtime import Trading
from protocol.records.states import SessionStatus
from protocol.replies.analytics import DayReport, DayState, ReportKind
from tests.actors.deciding import NOW, accepted, refused, refused_with
from tests.actors.venue.closing_kit import HEAD, close, day_in, outside, summed_up
from tests.actors.venue.floors import AT_DOOR, VENUE_ID, a_floor, a_seat
from tests.actors.venue.houses import (
    MANAGER,
    OWNER_ELSEWHERE,
    TILL,
    TODAY,
    TOMORROW,
    YESTERDAY,
    a_day,
    a_drawer,
    a_duty,
    a_state_with,
    by,
    noted,
)


@pytest.mark.parametrize("principal", [AT_DOOR, OWNER_ELSEWHERE])
def test_only_management_closes_a_day(principal: Principal) -> None:
    """Rule 15: staff append to the day, they do not end it."""
    code = refused_with(close(a_floor(a_day()), principal=principal))
    assert code in (Code.FORBIDDEN, Code.NOT_FOUND)


def test_closing_gives_the_number_and_opens_the_next_day_before_totals_are_known() -> None:
    """From this entry on money goes to the next day, so the totals that come can't change."""
    state = a_floor(a_day())
    outcome = accepted(close(state))
    assert outcome.reply is LATER
    assert outside(outcome) == [
        SumUpDay(venue_id=VENUE_ID, business_day=TODAY, starts_at=a_day().starts_at, ends_at=NOW)
    ]
    a_state_with(state, outcome)
    closing = day_in(state)
    assert (closing.status, closing.z_number, closing.ends_at) == (
        BusinessDayStatus.OPEN, 1, NOW,
    )  # fmt: skip
    assert state.profile.closed_through == TODAY
    assert day_in(state, TOMORROW).starts_at == NOW
    assert (
        SetTimer(timer_of(TODAY), NOW + SUMMED_AGAIN, CloseDay(business_day=TODAY))
        in outcome.timers
    )


def test_the_totals_freeze_the_day_and_answer() -> None:
    """The Z report is what the ledger said, for ever."""
    state = a_floor(a_day())
    a_state_with(state, accepted(close(state)))
    outcome = summed_up(state, principal=MANAGER)
    report = outcome.reply
    assert isinstance(report, DayReport)
    assert (report.kind, report.status, report.z_number) == (ReportKind.Z, DayState.CLOSED, 1)
    assert (report.gross_minor, report.journal_head_hash) == (1_100, HEAD)
    assert report.closed_by == MANAGER.user_id
    (event,) = outcome.events
    assert event.type == "business_day.closed"
    assert (event.data["z_number"], event.data["gross_minor"], event.data["auto"]) == (
        1, 1_100, False,
    )  # fmt: skip
    assert [line.action for line in noted(outcome)] == ["business_day.closed"]
    assert outcome.timers == (CancelTimer(timer_of(TODAY)),)


def test_totals_that_come_twice_close_once() -> None:
    """An effect may be performed again after a crash."""
    state = a_floor(a_day())
    a_state_with(state, accepted(close(state)))
    summed_up(state)
    again = summed_up(state, principal=MANAGER)
    assert not again.writes
    assert isinstance(again.reply, DayReport)
    assert summed_up(state, in_saga=False).reply is None


def test_open_orders_are_asked_for_unless_they_are_to_be_carried() -> None:
    """409 open_orders_exist: they are not lost without somebody knowing."""
    state = a_floor(a_day())
    request = CloseBusinessDay(business_day=TODAY)
    outcome = accepted(decide_close_business_day(state, request, by(MANAGER)))
    assert outside(outcome) == [CountOpenOrders(request=request, venue_id=VENUE_ID, ends_at=NOW)]
    assert not outcome.changes
    some = OpenOrdersCounted(request=request, count=2)
    refusal = refused(decide_open_orders_counted(state, some, by(MANAGER)))
    assert (refusal.code, refusal.extra) == (Code.OPEN_ORDERS_EXIST, {"open_orders": 2})
    none = OpenOrdersCounted(request=request, count=0)
    assert outside(accepted(decide_open_orders_counted(state, none, by(MANAGER))))
    unknown = OpenOrdersCounted(request=request, count=None)
    assert refused_with(decide_open_orders_counted(state, unknown, by(MANAGER))) is (
        Code.ACTOR_UNAVAILABLE
    )


def test_what_came_in_between_is_seen() -> None:
    """A till that was opened while the books were asked."""
    state = a_floor(a_day(), a_drawer(), a_duty())
    counted = OpenOrdersCounted(request=CloseBusinessDay(business_day=TODAY), count=0)
    assert refused_with(decide_open_orders_counted(state, counted, by(MANAGER))) is Code.TILL_OPEN


def test_open_tills_are_counted_first() -> None:
    """409 till_open, with the tills that are meant."""
    refusal = refused(close(a_floor(a_day(), a_drawer(), a_duty())))
    assert (refusal.code, refusal.extra) == (Code.TILL_OPEN, {"till_ids": [str(TILL)]})


def test_a_till_of_the_next_day_does_not_keep_the_last_one_open() -> None:
    """After the cutover those who came since go on working."""
    later = a_day().ends_at + timedelta(minutes=20)
    state = a_floor(a_day(), a_drawer(), a_duty(since=a_day().ends_at))
    assert accepted(close(state, now=later)).reply is LATER


def test_a_visit_that_is_being_settled_is_waited_for() -> None:
    """Its last minutes belong to this day."""
    state = a_floor(a_day(), a_seat(status=SessionStatus.CLOSING))
    assert refused_with(close(state)) is Code.INVALID_TRANSITION


def test_days_close_in_their_order_and_once() -> None:
    """409 business_day_closed for a day that is closed, or being closed."""
    state = a_floor(a_day(YESTERDAY), a_day())
    assert refused_with(close(state)) is Code.INVALID_TRANSITION
    a_state_with(state, accepted(close(state, YESTERDAY)))
    assert refused_with(close(state, YESTERDAY)) is Code.BUSINESS_DAY_CLOSED
    assert accepted(close(state)).reply is LATER
    before = YESTERDAY - timedelta(days=400)
    assert refused_with(close(state, before)) is Code.BUSINESS_DAY_CLOSED


def test_a_day_that_has_not_begun_is_not_here() -> None:
    """Closed early, the night goes on in the next day, which can't be closed before it begins."""
    state = a_floor(a_day())
    a_state_with(state, accepted(close(state)))
    assert refused_with(close(state, TOMORROW)) is Code.NOT_FOUND
    assert refused_with(close(a_floor(), TOMORROW)) is Code.NOT_FOUND
    assert refused_with(close(a_floor(), YESTERDAY)) is Code.NOT_FOUND


def test_the_first_day_of_a_venue_may_be_closed_though_nothing_happened() -> None:
    """A Z of zeros is a Z."""
    state = a_floor()
    a_state_with(state, accepted(close(state)))
    assert day_in(state).version == 1
    assert summed_up(state).events[0].data["z_number"] == 1


def test_numbers_have_no_gap_over_many_days() -> None:
    """Whoever closes them, and whenever the totals come. Rule 5 numbers."""
    state, now = a_floor(a_day()), NOW
    for n in range(1, 40):
        day = TODAY + timedelta(days=n - 1)
        if n % 3:
            command = CloseDay(business_day=day)
            timed = by(None, now=day_in(state, day).ends_at + timedelta(hours=1), in_saga=False)
            outcome = accepted(decide_close_day(state, command, timed))
        else:
            outcome = accepted(close(state, day, now=now))
        a_state_with(state, outcome)
        if n % 5:
            summed_up(state, day, now=now)
        now += timedelta(days=1)
    numbers = [day.z_number for day in state.all(BusinessDay) if day.z_number is not None]
    assert numbers == list(range(1, 40))
    (trading,) = state.all(Trading)
    assert trading.z_number == 39
