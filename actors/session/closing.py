"""The visit ends: the meter stops, the account closes its books, and a row is kept (Rule 2).

`closing` never goes back. The account settles once, whoever asks first; everyone who asked to
check out is answered with the one receipt, and settlement is asked for until it is done.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import attrs

from actors.rules.lifecycle import SessionTrigger
from actors.rules.own_time import time_by_day
from actors.rules.session_conditions import refuse_session_step
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome
from actors.session import late
from actors.session.breaks import refuse_while_moving
from actors.session.cases import end_watch
from actors.session.draft import DEADLINE, MS, VisitDraft, draft_of
from actors.session.keeping import kept_summary, time_lines
from actors.session.meter import covered_until, due_minor, usage_lines
from actors.session.shortening import receipt_of, shorten, shortened_to
from actors.session.standing import is_assisted, refuse_stranger
from actors.session.state import SessionState
from protocol.addresses import ActorKind, Address
from protocol.errors import Refusal
from protocol.events.sessions import SessionCheckedOut
from protocol.internal.managing import FindOpenOrders, NoOpenOrders, VisitOver
from protocol.internal.metering import CloseVisit, CorrectEnd, EndOverdueVisit, RetrySettlement
from protocol.internal.visits import FreeSeat, SettleVisit, VisitSettled
from protocol.operations.sessions import CheckOut
from protocol.records.states import CheckOutCause, SessionStatus
from protocol.records.visits import SessionHistory

SETTLE: Final = "settle"
"""The timer that asks for the settlement again."""
CLOSE: Final = "close"
"""The timer of an end that waits until the account has said whether the visit is voided."""
VOIDED_WITHIN: Final = timedelta(seconds=2)
RETRY_FIRST: Final = timedelta(minutes=1)
RETRY_DOUBLINGS_MAX: Final = 6
"""After that it is asked once every 64 minutes."""


@decides(CheckOut)
def decide_check_out(state: SessionState, command: CheckOut, context: Context) -> Decision:
    """Stop the meter and settle; a repeat is answered by the first receipt.

    Orders that may have been paid by card are asked for first: once it is closing, a visit never
    goes back.
    """
    refusal = refuse_stranger(state, context)
    if refusal is not None:
        return refusal
    session = state.session
    if session is not None and session.status is not SessionStatus.CLOSING:
        draft = draft_of(state, session, context)
        if draft.notes.voiding and (refusal := refuse_while_moving(draft)) is not None:
            return refusal
        if draft.notes.card_orders and not command.carry_over:
            draft.send(draft.account, FindOpenOrders(session_id=session.id))
            return draft.outcome(LATER)
    return _check_out(state, context)


@decides(NoOpenOrders)
def decide_no_open_orders(state: SessionState, command: NoOpenOrders, context: Context) -> Decision:
    """Everything was served: go on with the check-out."""
    return _check_out(state, context)


def _check_out(state: SessionState, context: Context) -> Decision:
    session, history = state.session, state.history
    if session is None:
        assert history is not None, f"session {state.session_id} has neither begun nor ended"
        if history.status is SessionStatus.CLOSED:
            return answer_check_out(state, history, context)
        return refuse_check_out(history)
    session = late.as_it_was(session, context)
    draft = draft_of(state, session, context)
    if session.status is SessionStatus.CLOSING:
        # The account settles whichever request comes first and refuses the other as closed.
        draft.send(draft.account, _settlement(draft))
        return draft.outcome(LATER)
    if draft.notes.voiding and (refusal := refuse_while_moving(draft)) is not None:
        return refusal
    cause = CheckOutCause.STAFF if is_assisted(session, context) else CheckOutCause.PATRON
    ended_at = late.end_moment(draft)
    close(draft, SessionTrigger.CHECK_OUT, cause, ended_at, at=ended_at)
    return draft.outcome(LATER)


@decides(CloseVisit)
def decide_close_visit(state: SessionState, command: CloseVisit, context: Context) -> Decision:
    """End the visit for a reason outside it."""
    session = state.session
    if session is None or session.status is SessionStatus.CLOSING:
        return Outcome()
    draft = draft_of(state, session, context)
    if draft.notes.voiding:
        draft.timer(CLOSE, context.now + VOIDED_WITHIN, command)
        return draft.outcome()
    close(draft, SessionTrigger.END, command.cause, context.now)
    return draft.outcome()


@decides(EndOverdueVisit)
def decide_end_overdue_visit(
    state: SessionState, command: EndOverdueVisit, context: Context
) -> Decision:
    """The pause was too long: the visit ended when the meter stopped."""
    session = state.session
    if session is None or session.deadline_at is None or context.now < session.deadline_at:
        return Outcome()
    draft = draft_of(state, session, context)
    if draft.notes.voiding:
        draft.timer(DEADLINE, context.now + VOIDED_WITHIN, command)
        return draft.outcome()
    stopped_at = draft.segments[-1].ended_at
    close(draft, SessionTrigger.END, CheckOutCause.AUTO, stopped_at or context.now)
    return draft.outcome()


@decides(RetrySettlement)
def decide_retry_settlement(
    state: SessionState, command: RetrySettlement, context: Context
) -> Decision:
    """Ask once more; if the account has settled already, it refuses and nothing comes of it."""
    session = state.session
    if session is None or session.status is not SessionStatus.CLOSING:
        return Outcome()
    draft = draft_of(state, session, context)
    draft.send(draft.account, _settlement(draft), detached=True)
    _retry_later(draft, command.attempt + 1)
    return draft.outcome()


@decides(VisitSettled)
def decide_visit_settled(state: SessionState, command: VisitSettled, context: Context) -> Decision:
    """The books are closed: answer with the receipt, and free the seat."""
    session = state.session
    if session is None:
        return Outcome()
    draft = draft_of(state, session, context)
    assert session.ended_at is not None, "what is settled has ended"
    assert session.cause is not None, "what is closing has a cause"
    ended_at, cause = session.ended_at, CheckOutCause(session.cause)
    # The account's own sum, whatever is still on its way here.
    time_minor = command.total_minor - command.purchases_minor
    if time_minor < draft.charge(ended_at).total_minor:
        # Funds ended before the visit did, and no tick had said so yet: it ended there.
        draft.shorten(covered_until(draft, ended_at, time_minor))
        ended_at = min(ended_at, draft.segments[-1].ended_at or ended_at)
        draft.session = session = session.evolve(ended_at=ended_at)
    draft.move(SessionTrigger.SETTLE, at=context.now, reason=cause.value)
    draft.cancel(SETTLE)
    end_watch(draft, state)
    duration_ms = (ended_at - session.started_at) // MS
    charge = draft.charge(ended_at)
    history = SessionHistory(
        id=session.id,
        venue_id=session.venue_id,
        user_id=session.user_id,
        status=SessionStatus.CLOSED,
        business_day=session.business_day,
        started_at=session.started_at,
        ended_at=ended_at,
        duration_ms=duration_ms,
        billable_ms=charge.active_ms,
        time_charge_minor=time_minor,
        total_minor=command.total_minor,
        cause=cause,
        receipt_id=command.receipt_id,
        summary=kept_summary(
            draft,
            purchases_minor=command.purchases_minor,
            time=time_lines(charge),
            reason=draft.notes.forced_reason,
        ),
    )
    draft.tell(
        SessionCheckedOut(
            session_id=session.id,
            user_id=session.user_id,
            ended_at=ended_at,
            duration_s=duration_ms // 1000,
            billable_s=charge.active_ms // 1000,
            time_charge_minor=time_minor,
            total_minor=command.total_minor,
            currency=command.currency,
            receipt_id=command.receipt_id,
            cause=cause,
        )
    )
    draft.send(draft.venue, FreeSeat(session_id=session.id, cause=cause), detached=True)
    draft.send(draft.account, VisitOver(session_id=session.id), detached=True)
    if not context.in_saga:
        return draft.outcome(kept=history)
    if shortened_to(history, context) is not None:
        # Who asked left before the end that was settled: that is corrected next.
        draft.send(Address(ActorKind.SESSION, session.id), CorrectEnd())
        return draft.outcome(kept=history)
    return draft.outcome(receipt_of(history), kept=history)


@decides(CorrectEnd)
def decide_correct_end(state: SessionState, command: CorrectEnd, context: Context) -> Decision:
    """Answer a check-out that came before the end of a visit that another check-out closed."""
    assert state.history is not None, "only what is closed is corrected"
    return answer_check_out(state, state.history, context)


def answer_check_out(state: SessionState, history: SessionHistory, context: Context) -> Outcome:
    """Answer by the receipt; who left before the end that is known has the visit shortened."""
    ended_at = shortened_to(history, context)
    if ended_at is None:
        return Outcome(reply=receipt_of(history))
    return shorten(state, history, ended_at, context)


def refuse_check_out(history: SessionHistory) -> Refusal:
    """Why a visit that is over has no receipt."""
    refusal = refuse_session_step(history.status, SessionTrigger.CHECK_OUT, session_id=history.id)
    assert refusal is not None, "what is over can't be checked out"
    return refusal


def close(
    draft: VisitDraft,
    trigger: SessionTrigger,
    cause: CheckOutCause,
    ended_at: datetime,
    *,
    at: datetime | None = None,
    reason: str | None = None,
) -> None:
    """Stop the meter at a moment that may be past, and have the books closed.

    `at` is when the step counts as taken, if not now.
    """
    draft.stop(ended_at)
    draft.notes = attrs.evolve(draft.notes, seen_at=min(late.seen_at(draft), ended_at))
    draft.move(
        trigger,
        at=at or draft.now,
        reason=reason or cause.value,
        cause=cause.value,
        effective_at=ended_at,
    )
    draft.session = draft.session.evolve(ended_at=ended_at)
    # What is in flight has a number of its own; the settlement has the next, however often asked.
    draft.send(draft.account, _settlement(draft))
    _retry_later(draft, 1)


def _settlement(draft: VisitDraft) -> SettleVisit:
    """The last request: all time that was neither charged nor asked for."""
    session = draft.session
    assert session.ended_at is not None, "what is settled has ended"
    assert session.hold_id is not None, "an open visit has a hold"
    charge = draft.charge(session.ended_at)
    return SettleVisit(
        session_id=session.id,
        venue_id=session.venue_id,
        hold_id=session.hold_id,
        tick=draft.notes.tick + 1,
        lines=usage_lines(due_minor(draft, session.ended_at), draft.segments, draft.notes.tax_bp),
        time_charge_minor=charge.total_minor,
        started_at=session.started_at,
        ended_at=session.ended_at,
        duration_ms=(session.ended_at - session.started_at) // MS,
        business_day=session.business_day,
        summary=time_lines(charge),
        owed_minor=charge.by_day(),
        active_ms=time_by_day(draft.segments, session.ended_at, draft.tariff),
        tax_bp=draft.notes.tax_bp,
    )


def _retry_later(draft: VisitDraft, attempt: int) -> None:
    doublings = min(attempt - 1, RETRY_DOUBLINGS_MAX)
    draft.timer(SETTLE, draft.now + RETRY_FIRST * 2**doublings, RetrySettlement(attempt=attempt))
