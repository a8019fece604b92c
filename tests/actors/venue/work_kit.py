"""A venue with people on duty, their tasks and handovers, and a hand on its clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import attrs

from actors.runtime.outcome import CancelTimer, Context, Outcome, SetTimer
from actors.venue.behaviour import VENUE as BEHAVIOUR
from actors.venue.state import VenueState
from protocol.addresses import Principal, Role
from protocol.commands import Command
from protocol.messages import Provenance
from protocol.records.base import Record
from protocol.records.runtime import DutyPlace
from protocol.records.staff import ShiftHandover, StaffTask
from protocol.records.states import RoleName, TaskPriority, TaskStatus
from protocol.records.users import UserRole
from tests.actors.deciding import IDS, NOW, a_context, a_principal, after, filled
from tests.actors.venue.floors import VENUE, VENUE_ID, a_floor

ANNA, BEN, CHIEF, DAY_CHIEF, OWNER = (UUID(int=0x1D0 + n) for n in range(5))
"""Staff, staff, a manager who is on duty, one who is not, and the owner, who never is."""
TASK = UUID(int=0x1E0)
OTHER_VENUE = UUID(int=0xB2)
MINUTE = timedelta(minutes=1)


def who(user_id: UUID, venue_id: UUID = VENUE_ID) -> Principal:
    """One of them, signed in."""
    roles = {CHIEF: Role.MANAGEMENT, DAY_CHIEF: Role.MANAGEMENT, OWNER: Role.OWNER}
    return a_principal(user_id, roles.get(user_id, Role.STAFF), venue_id)


def a_role(user_id: UUID, role: RoleName) -> UserRole:
    return UserRole(
        id=IDS.fresh(),
        user_id=user_id,
        venue_id=VENUE_ID,
        role=role,
        granted_by=None,
        granted_at=NOW,
    )


def a_place(staff_id: UUID, **changes: Any) -> DutyPlace:
    """Somebody on duty."""
    known: dict[str, Any] = {
        "staff_id": staff_id,
        "venue_id": VENUE_ID,
        "shift_id": UUID(int=staff_id.int + 0x100),
        "display_name": "Somebody",
        "since": NOW - timedelta(hours=1),
    }
    return DutyPlace(**(known | changes))


def a_task(**changes: Any) -> StaffTask:
    """A task that is due in an hour."""
    known: dict[str, Any] = {
        "id": TASK,
        "venue_id": VENUE_ID,
        "title": "Wipe table 4",
        "kind": "cleaning",
        "priority": TaskPriority.NORMAL,
        "status": TaskStatus.OPEN,
        "assignee_id": ANNA,
        "created_by": CHIEF,
        "due_at": NOW + 60 * MINUTE,
        "created_at": NOW,
    }
    return StaffTask(**(known | changes))


def a_handover(from_shift: UUID, **changes: Any) -> ShiftHandover:
    known: dict[str, Any] = {
        "id": IDS.fresh(),
        "venue_id": VENUE_ID,
        "from_shift": from_shift,
        "from_staff": ANNA,
        "body": {"note": "ice is low"},
        "watch": (),
        "at": NOW,
    }
    return ShiftHandover(**(known | changes))


class House:
    """A venue as it goes: what is decided is applied, and timers are kept."""

    def __init__(self, *rows: Record, on_duty: tuple[UUID, ...] = (ANNA, BEN, CHIEF)) -> None:
        self.state: VenueState = a_floor(
            a_role(ANNA, RoleName.STAFF),
            a_role(BEN, RoleName.STAFF),
            a_role(CHIEF, RoleName.MANAGEMENT),
            a_role(DAY_CHIEF, RoleName.MANAGEMENT),
            a_role(OWNER, RoleName.OWNER),
        )
        filled(self.state, (*(a_place(user) for user in on_duty), *rows))
        self.now: datetime = NOW
        self.timers: dict[str, SetTimer] = {}
        self.provenance: Provenance | None = None

    def context(self, principal: Principal | None, version: int | None, in_saga: bool) -> Context:
        context = a_context(
            VENUE,
            now=self.now,
            principal=principal,
            shared={VENUE: self.state.profile},
            expected_version=version,
            in_saga=in_saga,
        )
        return attrs.evolve(context, provenance=self.provenance)

    def do(
        self,
        command: Command,
        by: Principal | None = None,
        *,
        version: int | None = None,
        in_saga: bool = True,
    ) -> Outcome:
        """Have a command decided and applied; a refusal comes as the reply of an outcome."""
        context = self.context(by, version, in_saga)
        decision = BEHAVIOUR.decisions[type(command)](self.state, command, context)
        if not isinstance(decision, Outcome):
            return Outcome(reply=decision)
        after(self.state, decision)
        for timer in decision.timers:
            match timer:
                case SetTimer():
                    self.timers[timer.name] = timer
                case CancelTimer():
                    self.timers.pop(timer.name, None)
        return decision

    def tick(self) -> Outcome:
        """Let the next timer of a task come, at its time."""
        name, timer = min(self.of_tasks().items(), key=lambda item: item[1].due_at)
        del self.timers[name]
        self.now = max(self.now, timer.due_at)
        return self.do(timer.command, in_saga=False)

    def of_tasks(self) -> dict[str, SetTimer]:
        """The timers of tasks; the venue has others."""
        return {name: set_ for name, set_ in self.timers.items() if name.startswith("task:")}

    def task(self, task_id: UUID = TASK) -> StaffTask:
        """The task as it stands."""
        found = self.state.get(StaffTask, task_id)
        assert found is not None
        return found


def events_of(outcome: Outcome, kind: str) -> list[dict[str, Any]]:
    """The data of an outcome's events of one type."""
    return [dict(event.data) for event in outcome.events if event.type == kind]
