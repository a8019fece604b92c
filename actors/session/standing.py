"""Who may do something with a visit, and whether there is still a visit to do it with (Rule 15)."""

from __future__ import annotations

from uuid import UUID

from actors.rules.lifecycle import SessionTrigger
from actors.rules.permissions import not_found, refuse_object
from actors.rules.profile import VenueProfile
from actors.rules.session_conditions import refuse_session_step
from actors.runtime.outcome import Context
from actors.session.state import SessionState
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, Refusal
from protocol.records.visits import Session


def profile_of(context: Context, venue_id: UUID) -> VenueProfile:
    """What the visit's venue says of itself; venues are resident, so it always does."""
    profile: VenueProfile | None = context.shared(Address(ActorKind.VENUE, venue_id))
    assert profile is not None, f"venue {venue_id} has shared no profile"
    return profile


def refuse_stranger(state: SessionState, context: Context) -> Refusal | None:
    """404 for whoever is neither the patron nor staff of the visit's venue."""
    visit = state.session or state.history
    whose = f"session {state.session_id}"
    if visit is None:
        return not_found(whose)
    assert context.principal is not None, "a command of the contract has a principal"
    return refuse_object(
        context.principal,
        owner_id=visit.user_id,
        venue_id=visit.venue_id,
        least=Role.STAFF,
        whose=whose,
    )


def refuse_lesser(state: SessionState, context: Context, least: Role) -> Refusal | None:
    """404 for strangers; 403 for who may know of the visit but has a lesser role at its venue."""
    refusal = refuse_stranger(state, context)
    if refusal is not None:
        return refusal
    visit = state.session or state.history
    assert visit is not None
    assert context.principal is not None, "a command of the contract has a principal"
    role = context.principal.role_at(visit.venue_id)
    if role >= least:
        return None
    return Refusal(
        Code.FORBIDDEN, f"this needs the role {least.label} at this venue; yours is {role.label}"
    )


def level_shown(context: Context, venue_id: UUID, level: int) -> int | None:
    """The safety level, for those who work where the visit is, and nobody else.

    Whoever asked for help shows nothing of it on their own screen (Rule 7).
    """
    return level if works_at(context, venue_id) else None


def works_at(context: Context, venue_id: UUID) -> bool:
    """Whether the caller sees what staff of a venue see."""
    principal = context.principal
    return principal is not None and principal.role_at(venue_id) >= Role.STAFF


def is_assisted(session: Session, context: Context) -> bool:
    """Whether somebody else than the patron asks."""
    assert context.principal is not None, "a command of the contract has a principal"
    return context.principal.user_id != session.user_id


def open_session(
    state: SessionState, context: Context, trigger: SessionTrigger
) -> Session | Refusal:
    """The visit, if the caller may act on it and its state allows the step."""
    refusal = refuse_stranger(state, context)
    if refusal is not None:
        return refusal
    return steppable(state, trigger)


def steppable(state: SessionState, trigger: SessionTrigger) -> Session | Refusal:
    """The visit, if its state allows the step; the caller was asked before."""
    session, history = state.session, state.history
    visit = session or history
    assert visit is not None, f"session {state.session_id} has neither begun nor ended"
    refusal = refuse_session_step(visit.status, trigger, session_id=state.session_id)
    if refusal is not None:
        return refusal
    assert session is not None, f"session {state.session_id} is over and may {trigger.value}"
    return session
