"""Own limits and the visit that runs: money for time, and time itself (Rule 7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from actors.account.admission import decide_admit_patron
from actors.account.state import AccountState
from actors.account.visit import (
    decide_capture_usage,
    decide_settle_visit,
)
from actors.account.visit_holds import decide_hold_for_visit
from actors.account.visit_limits import own_time_told, time_allowance
from actors.rules.money import tax_of
from protocol.errors import Code
from protocol.internal.allowances import OwnTimeChanged, TimeAllowance, TimeLimit
from protocol.internal.visit_holds import HoldForVisit, VisitHeld
from protocol.internal.visits import OpenSession, UsageCaptured
from protocol.records.money import Transaction
from protocol.records.money_states import TransactionKind, TransactionStatus
from protocol.records.runtime import TimeUsed
from protocol.records.states import LimitKind, LimitPeriod
from protocol.records.users import UserLimit
from tests.actors.account.asking import a_line, a_settlement, a_tick, an_admission
from tests.actors.account.card_kit import a_transaction
from tests.actors.account.wallets import (
    SESSION,
    TODAY,
    USER,
    VENUE,
    a_limit,
    an_account,
    assert_books,
    here,
    hold_of,
    rows_of,
)
from tests.actors.deciding import NOW, accepted, after, refused_with

DAY = timedelta(days=1)


def a_time_limit(minutes: int = 60) -> UserLimit:
    return a_limit(minutes, kind=LimitKind.TIME)


def a_visitor(*rows: UserLimit | TimeUsed, paid: int = 1000) -> AccountState:
    """Someone who is in, with 150 held."""
    state = an_account(*rows, paid=paid)
    return after(state, accepted(decide_admit_patron(state, an_admission(), here())))


def a_waiting_order(amount_minor: int) -> Transaction:
    return a_transaction(
        TransactionKind.PURCHASE,
        amount_minor=amount_minor,
        status=TransactionStatus.PENDING,
        business_day=None,
        posted_at=None,
    )


def a_hold(state: AccountState, target: int, purpose: str = "resume") -> HoldForVisit:
    return HoldForVisit(
        session_id=SESSION,
        venue_id=VENUE,
        hold_id=hold_of(state).id,
        hold_target_minor=target,
        hold_until=NOW + DAY,
        purpose=purpose,
    )


def test_a_tick_holds_no_more_than_the_limit_leaves() -> None:
    """Rule 7: the meter stops at the limit on spending as it does where funds end."""
    state = a_visitor(a_limit(200))
    tick = a_tick(hold_of(state).id, a_line(100))
    outcome = accepted(decide_capture_usage(state, tick, here()))
    after(state, outcome)
    assert_books(state, outcome)
    answer = outcome.sends[0].command
    assert isinstance(answer, UsageCaptured)
    assert (answer.captured_minor, answer.held_minor, answer.available_minor) == (100, 100, 0)
    assert answer.short_minor == 50


def test_time_leaves_room_for_an_order_that_waits_for_its_card() -> None:
    """Rule 7: time charged up to the limit and the order paid after it would pass it together."""
    state = a_visitor(a_limit(200))
    state.put(a_waiting_order(60))
    tick = a_tick(hold_of(state).id, a_line(100))
    outcome = accepted(decide_capture_usage(state, tick, here()))
    after(state, outcome)
    assert_books(state, outcome)
    answer = outcome.sends[0].command
    assert isinstance(answer, UsageCaptured)
    assert (answer.captured_minor, answer.held_minor, answer.available_minor) == (100, 40, 0)
    assert (
        refused_with(decide_hold_for_visit(state, a_hold(state, 41), here()))
        is Code.INSUFFICIENT_CREDITS
    )
    assert accepted(decide_hold_for_visit(state, a_hold(state, 40), here()))


def test_time_is_never_charged_beyond_the_limit() -> None:
    """What a drink used up meanwhile is not there for time any more."""
    state = a_visitor(a_limit(200))
    tick = a_tick(hold_of(state).id, a_line(100), a_line(150))
    after(state, accepted(decide_capture_usage(state, tick, here())))
    last = a_settlement(hold_of(state).id, a_line(50))
    after(state, accepted(decide_settle_visit(state, last, here())))
    assert sum(row.amount_minor for row in state.all(Transaction)) == 200


@pytest.mark.parametrize(
    ("purpose", "code"),
    [("resume", Code.INSUFFICIENT_CREDITS), ("extend", Code.SPEND_LIMIT_REACHED)],
)
def test_a_hold_beyond_the_limit_is_refused_by_the_name_its_row_has(
    purpose: str, code: Code
) -> None:
    """A longer booking is told of the limit; going on just finds no funds for it."""
    state = a_visitor(a_limit(400))
    assert refused_with(decide_hold_for_visit(state, a_hold(state, 401, purpose), here())) is code
    outcome = accepted(decide_hold_for_visit(state, a_hold(state, 400, purpose), here()))
    answer = outcome.sends[0].command
    assert isinstance(answer, VisitHeld)
    assert (answer.held_minor, answer.available_minor) == (400, 0)


def test_who_has_no_room_for_the_first_hold_does_not_come_in() -> None:
    """402 as for too little credit; the wallet has enough, the own limit does not."""
    state = an_account(a_limit(149), paid=1_000)
    decision = decide_admit_patron(state, an_admission(), here())
    assert refused_with(decision) is Code.INSUFFICIENT_CREDITS
    accepted(decide_admit_patron(an_account(a_limit(150), paid=1_000), an_admission(), here()))


def test_a_visit_hears_what_it_may_still_draw() -> None:
    """Not the wallet's thousand, but what the limit leaves besides the hold."""
    state = an_account(a_limit(400), paid=1_000)
    outcome = accepted(decide_admit_patron(state, an_admission(), here()))
    opening = outcome.sends[0].command
    assert isinstance(opening, OpenSession)
    assert opening.available_minor == 250


def test_a_visit_hears_of_limits_of_time_and_of_the_time_before_it() -> None:
    """At its start, and with every answer."""
    used = TimeUsed(user_id=USER, business_day=TODAY, active_ms=60_000)
    wanted = TimeAllowance(
        limits=(TimeLimit(period=LimitPeriod.DAY, minutes=60),), elsewhere_ms={TODAY: 60_000}
    )
    state = an_account(a_time_limit(), used, paid=1_000)
    outcome = accepted(decide_admit_patron(state, an_admission(), here()))
    opening = outcome.sends[0].command
    assert isinstance(opening, OpenSession)
    assert opening.time == wanted
    after(state, outcome)
    tick = a_tick(hold_of(state).id, a_line(10))
    captured = accepted(decide_capture_usage(state, tick, here())).sends[0].command
    assert isinstance(captured, UsageCaptured)
    held = accepted(decide_hold_for_visit(state, a_hold(state, 200), here())).sends[0].command
    assert isinstance(held, VisitHeld)
    assert captured.time == held.time == wanted


def test_without_a_limit_of_time_nothing_is_told_of_other_visits() -> None:
    """Nobody needs to know."""
    used = TimeUsed(user_id=USER, business_day=TODAY, active_ms=60_000)
    assert time_allowance(an_account(used, a_limit(100)), NOW) == TimeAllowance()
    gone = a_time_limit().evolve(superseded_at=NOW)
    to_come = a_time_limit().evolve(effective_at=NOW + DAY)
    assert time_allowance(an_account(gone), NOW) == TimeAllowance()
    assert time_allowance(an_account(to_come), NOW) == TimeAllowance()


def test_a_visit_that_ends_adds_its_time_to_its_days() -> None:
    """The next visit counts it; what no limit counts any more is forgotten."""
    before = TimeUsed(user_id=USER, business_day=TODAY, active_ms=1_000)
    old = TimeUsed(user_id=USER, business_day=TODAY - 33 * DAY, active_ms=9)
    state = a_visitor(before, old)
    times = {TODAY - DAY: 5_000, TODAY: 7_000}
    command = a_settlement(hold_of(state).id, active_ms=times)
    outcome = accepted(decide_settle_visit(state, command, here()))
    found = {row.business_day: (row.active_ms, row.version) for row in rows_of(outcome, TimeUsed)}
    assert found == {TODAY - DAY: (5_000, 1), TODAY: (8_000, 2)}
    assert old in outcome.removes
    after(state, outcome)
    assert {row.business_day for row in state.all(TimeUsed)} == {TODAY - DAY, TODAY}


def test_an_open_visit_is_told_when_limits_change() -> None:
    """Lowering acts at once (Rule 7); who is not in needs no telling."""
    changed = [a_time_limit(30)]
    state = a_visitor(a_time_limit(60))
    (send,) = own_time_told(state, changed, NOW)
    assert send.detached
    assert isinstance(send.command, OwnTimeChanged)
    assert send.command.time.limits == (TimeLimit(period=LimitPeriod.DAY, minutes=30),)
    assert own_time_told(an_account(), changed, NOW) == ()


@pytest.mark.parametrize("steps", [(1,) * 33, (33,), (10, 20, 3), (11, 11, 11)])
def test_tax_on_time_is_that_of_the_sum_however_the_ticks_came(steps: tuple[int, ...]) -> None:
    """Rule 3, law a, with Rule 1: rounding each tick by itself would depend on their times."""
    state = a_visitor()
    for n, minor in enumerate(steps, 1):
        tick = a_tick(hold_of(state).id, a_line(minor, tax_bp=1_000), tick=n)
        outcome = accepted(decide_capture_usage(state, tick, here()))
        after(state, outcome)
        assert_books(state, outcome)
    (usage,) = state.all(Transaction)
    assert (usage.amount_minor, usage.tax_minor) == (33, tax_of(33, 1_000))
    assert sum(part.amount_minor for part in usage.sources) == 33
