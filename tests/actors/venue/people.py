"""A venue with people on duty, as the tests of help and broadcasts need it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from actors.runtime.outcome import Decision, Outcome
from actors.venue.behaviour import VENUE as BEHAVIOUR
from actors.venue.state import VenueState
from protocol.addresses import OUTSIDE, Address, Principal, Role
from protocol.commands import Command
from protocol.internal.emergencies import AlertPeople
from protocol.records.base import Record
from protocol.records.runtime import DutyPlace
from protocol.records.states import RoleName
from protocol.records.users import UserRole
from tests.actors.deciding import IDS, NOW, a_principal, accepted, after
from tests.actors.venue.floors import VENUE_ID, a_floor, context

ANN, BEN, CAT = (UUID(int=0x110 + n) for n in range(3))
MANAGER_ID, OWNER_ID = UUID(int=0x120), UUID(int=0x121)
MANAGER = a_principal(MANAGER_ID, Role.MANAGEMENT, VENUE_ID)
WORKER = a_principal(ANN, Role.STAFF, VENUE_ID)

C = TypeVar("C", bound=Command)


def on_duty(*staff_ids: UUID) -> list[Record]:
    """These people's shifts have begun."""
    return [
        DutyPlace(
            staff_id=staff_id,
            venue_id=VENUE_ID,
            shift_id=IDS.fresh(),
            display_name="Somebody",
            since=NOW - timedelta(hours=1),
        )
        for staff_id in staff_ids
    ]


def roles() -> list[Record]:
    """Who manages and who owns."""
    held = ((MANAGER_ID, RoleName.MANAGEMENT), (OWNER_ID, RoleName.OWNER))
    return [
        UserRole(
            id=IDS.fresh(),
            user_id=user_id,
            venue_id=VENUE_ID,
            role=role,
            granted_by=None,
            granted_at=NOW,
        )
        for user_id, role in held
    ]


def a_house(*rows: Record, staff: Iterable[UUID] = (ANN, BEN, CAT)) -> VenueState:
    """A venue with staff on duty, and a manager and an owner who are at home."""
    return a_floor(*on_duty(*staff), *roles(), *rows)


def decide(
    state: VenueState, command: Command, principal: Principal | None = None, **given: Any
) -> Decision:
    """Ask for a decision; nothing comes of it."""
    decision: Decision = BEHAVIOUR.decisions[type(command)](
        state, command, context(principal, **given)
    )
    return decision


def do(
    state: VenueState, command: Command, principal: Principal | None = None, **given: Any
) -> Outcome:
    """Decide, and let the rows follow."""
    outcome = accepted(decide(state, command, principal, **given))
    after(state, outcome)
    return outcome


def sent(outcome: Outcome, kind: type[C], target: Address | None = None) -> list[C]:
    """What an outcome sends of one kind."""
    return [
        send.command
        for send in outcome.sends
        if isinstance(send.command, kind) and target in (None, send.target)
    ]


def alerted(outcome: Outcome) -> set[UUID]:
    """Everybody whom an outcome alerts outside."""
    alerts = sent(outcome, AlertPeople, OUTSIDE)
    return {user_id for alert in alerts for group in alert.groups for user_id in group.user_ids}
