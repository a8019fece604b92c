"""Holds of people without a visit: management lifts them before their day is over (Rule 7).

A hold of a visit has a case, and is lifted by the outcome of that; this one has only a person.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from actors.rules.permissions import refuse_at_venue
from actors.rules.safety_register import LogKind, register_line
from actors.runtime.auditing import audited
from actors.runtime.outcome import Context, Decision, Outcome
from actors.runtime.state import State
from protocol.addresses import Role
from protocol.errors import Code, Refusal
from protocol.operations.care import LogSafetyObservation
from protocol.records.runtime import SafetyHold
from protocol.replies.care import ObservationLogged

LIFTED: Final = "lifted"


def hold_of(state: State, user_id: UUID) -> SafetyHold | None:
    """The hold on a person, over or not."""
    return state.get(SafetyHold, state.address.id, user_id)


def lifted(state: State, command: LogSafetyObservation, context: Context) -> Decision:
    """Let somebody in again. To lift what does not stand is written down and changes nothing."""
    principal, venue_id = context.principal, state.address.id
    assert principal is not None, "a command of the contract has a principal"
    assert command.user_id is not None, "the codec asks whom it is about"
    if (refusal := refuse_at_venue(principal, Role.MANAGEMENT, venue_id)) is not None:
        return refusal
    hold = hold_of(state, command.user_id)
    if hold is not None and hold.intervention_id is not None:
        return Refusal(
            Code.INTERVENTION_OPEN,
            f"intervention {hold.intervention_id} holds this person at level {hold.level}; "
            "its outcome lifts that",
            extra={"intervention_id": str(hold.intervention_id), "level": hold.level},
        )
    line = register_line(
        context.fresh_id,
        LogKind.LEVEL,
        venue_id=venue_id,
        session_id=None,
        user_id=command.user_id,
        by_user=principal.user_id,
        received_at=context.now,
        notes=LIFTED if command.notes is None else f"{LIFTED}: {command.notes}",
    )
    trail = audited(
        context,
        "safety_hold.lifted",
        "user",
        command.user_id,
        venue_id=venue_id,
        before=None if hold is None else {"level": hold.level},
        after={"level": 0},
    )
    return Outcome(
        reply=ObservationLogged(
            log_ids=(line.id,), venue_id=venue_id, session_id=None, safety_level=None
        ),
        appends=(line, trail),
        removes=() if hold is None else (hold,),
    )
