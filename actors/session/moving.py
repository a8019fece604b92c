"""From one activity to another: the venue gives the station, the account the hold (Rule 3).

One change is under way at a time. Each answer finds a visit that may have gone on meanwhile, so
its state is asked again; if it can't be done any more, what was taken is given back.
"""

from __future__ import annotations

import attrs

from actors.rules.metering import charge_at
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision
from actors.session.breaks import changed, refuse_while_moving
from actors.session.draft import VisitDraft, draft_of
from actors.session.meter import HOLD_AHEAD, HOLD_KEPT, arm
from actors.session.notes import Move
from actors.session.rates import activity_changed
from actors.session.standing import refuse_stranger
from actors.session.state import SessionState
from protocol.errors import Code, Refusal
from protocol.internal.managing import ForgetChange
from protocol.internal.visit_holds import HoldForVisit
from protocol.internal.visits import ReserveStation, StationReserved
from protocol.operations.sessions import SwitchActivity
from protocol.records.states import SessionStatus
from protocol.records.visits import Session

SWITCH = "switch"
"""What a hold is asked for when the activity changes."""


@decides(SwitchActivity)
def decide_switch_activity(
    state: SessionState, command: SwitchActivity, context: Context
) -> Decision:
    """Ask the venue for the station, and for the rate to freeze."""
    refusal = refuse_stranger(state, context)
    if refusal is not None:
        return refusal
    session = active_session(state)
    if isinstance(session, Refusal):
        return session
    draft = draft_of(state, session, context)
    refusal = refuse_while_moving(draft)
    if refusal is not None:
        return refusal
    draft.notes = attrs.evolve(draft.notes, move=Move(activity=command.activity))
    reserve = ReserveStation(
        session_id=session.id,
        activity=command.activity,
        game_id=command.game_id,
        room_id=command.room_id,
    )
    undo = ForgetChange(session_id=session.id, what="move") if context.in_saga else None
    draft.send(draft.venue, reserve, undo=undo)
    return draft.outcome(LATER)


@decides(StationReserved)
def decide_station_reserved(
    state: SessionState, command: StationReserved, context: Context
) -> Decision:
    """Move there if enough is held, else ask for the hold first."""
    session = active_session(state)
    if isinstance(session, Refusal):
        return give_up_move(state, session, context)
    draft = draft_of(state, session, context)
    if draft.notes.move is None:
        return given_up(session)
    move = Move(
        activity=command.activity,
        station_id=command.station_id,
        mode=command.mode,
        rate_minor_per_h=command.rate_minor_per_h,
        rate_bands=command.rate_bands,
    )
    needed_minor = _needed_minor(draft, move)
    if session.held_minor - draft.notes.in_flight_minor >= needed_minor:
        take_place(draft, move)
        return draft.outcome(changed(draft))
    draft.notes = attrs.evolve(draft.notes, move=move, hold_until=context.now + HOLD_KEPT)
    assert session.hold_id is not None, "an open visit has a hold"
    hold = HoldForVisit(
        session_id=session.id,
        venue_id=session.venue_id,
        hold_id=session.hold_id,
        hold_target_minor=max(session.held_minor, needed_minor),
        hold_until=draft.notes.hold_until,
        purpose=SWITCH,
    )
    draft.send(draft.account, hold)
    return draft.outcome()


def take_place(draft: VisitDraft, move: Move) -> None:
    """The visit goes on at the new station, at a rate that stays."""
    assert move.mode is not None, "the venue has answered"
    before = draft.session
    draft.stop(draft.now)
    draft.start(draft.now, move.activity, move.station_id, move.mode, move.rate_minor_per_h)
    draft.session = before.evolve(activity=move.activity, station_id=move.station_id)
    draft.notes = attrs.evolve(
        draft.notes,
        move=None,
        warned=False,
        rate_bands=move.rate_bands,
        # A booking is of the place that is left.
        booked_until=None,
        acted_at=draft.now,
        placed_at=draft.now,
    )
    draft.tell(activity_changed(draft.segments[-1], before))
    arm(draft)


def give_up_move(state: SessionState, refusal: Refusal, context: Context) -> Decision:
    """The change that was under way is none any more, and its asker is told why."""
    session = state.session
    if session is None:
        return refusal
    draft = draft_of(state, session, context)
    draft.notes = attrs.evolve(draft.notes, move=None)
    return draft.outcome(refusal)


def given_up(session: Session) -> Refusal:
    """The answer to a change that was given up before the venue or the account spoke."""
    return Refusal(
        Code.INVALID_TRANSITION, f"session {session.id} is not changing any more; ask again"
    )


def station_gone(session: Session) -> Refusal:
    """The answer to a change whose station broke while the account was asked."""
    return Refusal(
        Code.STATION_OUT_OF_ORDER,
        f"the station went out of order before session {session.id} was there; choose another",
    )


def active_session(state: SessionState) -> Session | Refusal:
    """The visit, if it is running: what rests must be resumed before it moves."""
    visit = state.session or state.history
    assert visit is not None, f"session {state.session_id} has neither begun nor ended"
    if isinstance(visit, Session) and visit.status is SessionStatus.ACTIVE:
        return visit
    return Refusal(
        Code.INVALID_TRANSITION,
        f"session {visit.id} is {visit.status.value}; only an active one changes its activity",
    )


def _needed_minor(draft: VisitDraft, move: Move) -> int:
    """What must be held to move: what is due here, and the first quarter of an hour there.

    Of a booking the whole first block.
    """
    assert move.mode is not None, "the venue has answered"
    *before, last = draft.segments
    there = last.evolve(
        id=draft.session.id,
        activity=move.activity,
        station_id=move.station_id,
        mode=move.mode,
        rate_minor_per_h=move.rate_minor_per_h,
        started_at=draft.now,
        ended_at=None,
    )
    moved = [*before, last.evolve(ended_at=last.ended_at or draft.now), there]
    total_minor = charge_at(moved, draft.now + HOLD_AHEAD, draft.tariff).total_minor
    paid_minor = draft.notes.settled_minor + draft.notes.in_flight_minor
    return max(0, total_minor - paid_minor)
