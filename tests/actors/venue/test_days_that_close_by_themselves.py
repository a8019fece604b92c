"""Days that nobody closes do it an hour after their end, and lose nothing (Rule 5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from actors.rules.business_day import bounds
from actors.runtime.outcome import Send, SetTimer
from actors.venue.closing_days import (
    SUMMED_AGAIN,
    TILLS_AWAITED,
    TILLS_AWAITED_TIMES,
    decide_close_day,
    decide_day_not_summed_up,
    decide_day_summed_up,
)
from actors.venue.days import keep_today, timer_of
from actors.venue.duty import decide_staff_on_duty
from actors.venue.takings import decide_revenue_booked
from protocol.internal.administration import (
    CloseDay,
    DayNotSummedUp,
    DaySummedUp,
    SumUpDay,
)
from protocol.internal.duty import CutOver, StaffOnDuty
from protocol.internal.orders import RevenueBooked
from protocol.records.ledger import BusinessDay
from protocol.replies.analytics import DayReport, DayState, OpenOrder
from tests.actors.deciding import NOW, accepted
from tests.actors.venue.closing_kit import close, outside, summed_up
from tests.actors.venue.floors import STAFF, VENUE_ID, a_floor
from tests.actors.venue.houses import (
    MANAGER,
    SHIFT,
    TODAY,
    TOMORROW,
    YESTERDAY,
    a_day,
    a_drawer,
    a_duty,
    a_state_with,
    by,
    some_figures,
)


@pytest.mark.parametrize(
    ("tz", "day", "hours"),
    [("Europe/Berlin", "2026-03-28", 23), ("Europe/Berlin", "2026-10-24", 25)],
)
def test_days_of_23_and_25_hours_close_an_hour_after_their_end(
    tz: str, day: str, hours: int
) -> None:
    """Rule 5: clocks that change between two cutovers change nothing else."""
    began = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC)
    state = a_floor(tz=tz, currency="EUR")
    kept = keep_today(state, began)
    (made,) = kept.changes
    assert made.ends_at - made.starts_at == timedelta(hours=hours)
    assert made.ends_at == bounds(made.business_day, ZoneInfo(tz), state.venue.cutover_local).end
    assert kept.timers == (
        SetTimer(
            timer_of(made.business_day),
            made.ends_at + timedelta(hours=1),
            CloseDay(business_day=made.business_day),
        ),
    )


def test_by_itself_a_day_closes_without_asking_for_orders() -> None:
    """They are carried, by name: the report says which."""
    state = a_floor(a_day())
    late = by(None, now=a_day().ends_at + timedelta(hours=1), in_saga=False)
    outcome = accepted(decide_close_day(state, CloseDay(business_day=TODAY), late))
    a_state_with(state, outcome)
    assert outcome.reply is None
    order = OpenOrder(
        transaction_id=UUID(int=5), name="1 × Draught Beer", amount_minor=600, ordered_at=NOW
    )
    command = DaySummedUp(business_day=TODAY, figures=some_figures(order), journal_head=None)
    done = accepted(decide_day_summed_up(state, command, late))
    assert done.reply is None
    data = done.events[0].data
    assert (data["carried_orders"], data["auto"]) == (1, True)
    closed = a_state_with(state, done).get(BusinessDay, VENUE_ID, TODAY)
    assert closed is not None
    assert closed.totals is not None
    assert closed.totals["open_orders"][0]["name"] == "1 × Draught Beer"
    assert (closed.ends_at, closed.journal_head_hash) == (a_day().ends_at, None)


def test_forgotten_tills_are_ended_first_and_not_waited_for_without_end() -> None:
    """Rule 5: open tills and shifts become ended and needs_review; the report shows them so."""
    state = a_floor(a_day(), a_drawer(), a_duty())
    now = a_day().ends_at + timedelta(hours=1)
    command = CloseDay(business_day=TODAY)
    outcome = accepted(decide_close_day(state, command, by(None, now=now, in_saga=False)))
    assert [send.command for send in outcome.sends] == [CutOver(shift_id=SHIFT)]
    assert outcome.sends[0].target.id == STAFF
    waits = command.evolve(tries=1)
    assert outcome.timers == (SetTimer(timer_of(TODAY), now + TILLS_AWAITED, waits),)
    last = command.evolve(tries=TILLS_AWAITED_TIMES)
    given_up = accepted(decide_close_day(state, last, by(None, now=now, in_saga=False)))
    assert [type(asked) for asked in outside(given_up)] == [SumUpDay]
    state.discard(type(a_drawer()), a_drawer().primary_key)
    ended = accepted(decide_close_day(state, waits, by(None, now=now, in_saga=False)))
    assert [type(asked) for asked in outside(ended)] == [SumUpDay]


def test_totals_that_do_not_come_are_asked_for_again() -> None:
    """The database may be away for an hour; whoever asked is told 202 meanwhile."""
    state = a_floor(a_day())
    a_state_with(state, accepted(close(state)))
    failed = DayNotSummedUp(business_day=TODAY)
    answer = accepted(decide_day_not_summed_up(state, failed, by(MANAGER)))
    assert answer.status == 202
    assert isinstance(answer.reply, DayReport)
    assert (answer.reply.status, answer.reply.z_number) == (DayState.CLOSING, 1)
    assert not accepted(decide_day_not_summed_up(state, failed, by(None, in_saga=False))).writes
    later = NOW + SUMMED_AGAIN
    again = accepted(
        decide_close_day(state, CloseDay(business_day=TODAY), by(None, now=later, in_saga=False))
    )
    assert [type(asked) for asked in outside(again)] == [SumUpDay]
    assert [timer.due_at for timer in again.timers if isinstance(timer, SetTimer)] == [
        later + SUMMED_AGAIN
    ]


def test_a_later_day_waits_for_the_one_before() -> None:
    """After a day without power two days are due at once."""
    state = a_floor(a_day(YESTERDAY), a_day())
    now = a_day().ends_at + timedelta(hours=1)
    timed = by(None, now=now, in_saga=False)
    waits = accepted(decide_close_day(state, CloseDay(business_day=TODAY), timed))
    assert not waits.sends
    assert [t.name for t in waits.timers if isinstance(t, SetTimer)] == [timer_of(TODAY)]
    first = accepted(decide_close_day(state, CloseDay(business_day=YESTERDAY), timed))
    a_state_with(state, first)
    summed_up(state, YESTERDAY)
    second = accepted(decide_close_day(state, CloseDay(business_day=TODAY), timed))
    assert [asked.business_day for asked in outside(second)] == [TODAY]


def test_a_timer_for_a_day_that_is_closed_keeps_the_days_going() -> None:
    """The chain of days never ends: each closing day leaves an open one with a timer."""
    state = a_floor(a_day())
    a_state_with(state, accepted(close(state)))
    summed_up(state)
    state.discard(BusinessDay, (VENUE_ID, TOMORROW))
    timed = by(None, now=NOW + timedelta(days=1), in_saga=False)
    outcome = accepted(decide_close_day(state, CloseDay(business_day=TODAY), timed))
    assert [row.primary_key[1] for row in outcome.changes] == [TOMORROW]
    assert [t.name for t in outcome.timers if isinstance(t, SetTimer)] == [timer_of(TOMORROW)]


def test_the_first_sale_and_the_first_shift_open_a_day_that_will_close() -> None:
    """No money is ever taken on a day without an end."""
    sale = RevenueBooked(business_day=TODAY, gross_minor=110, tax_minor=10)
    booked = accepted(decide_revenue_booked(a_floor(), sale, by(None)))
    due = SetTimer(
        timer_of(TODAY), a_day().ends_at + timedelta(hours=1), CloseDay(business_day=TODAY)
    )
    assert due in booked.timers
    begun = StaffOnDuty(
        staff_id=STAFF, shift_id=SHIFT, display_name="Somebody", on_break=False, since=NOW
    )
    assert due in accepted(decide_staff_on_duty(a_floor(), begun, by(None))).timers
    again = accepted(decide_staff_on_duty(a_floor(a_day()), begun, by(None)))
    assert due not in again.timers


def test_what_is_told_of_a_closed_day_changes_no_figures() -> None:
    """It was posted before the day was closed, and the ledger has it."""
    state = a_floor(a_day())
    a_state_with(state, accepted(close(state)))
    late = RevenueBooked(business_day=TODAY, gross_minor=110, tax_minor=10)
    assert not accepted(decide_revenue_booked(state, late, by(None))).writes


def test_sends_to_the_books_are_part_of_the_chain() -> None:
    """Whoever asked is answered at its end, so the send must not be detached."""
    (send,) = accepted(close(a_floor(a_day()))).sends
    assert isinstance(send, Send)
    assert not send.detached
