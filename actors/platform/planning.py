"""Who is planned where (Rule 13): one person works at one place at a time, whatever venues plan.

Each venue checks its own plan; what only the platform can see is that another venue has somebody
at the same hours, or too soon before or after.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final
from uuid import UUID

from actors.platform.state import PlatformState
from actors.rules.rosters import refuse_clashes
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address
from protocol.errors import Refusal
from protocol.internal.schedules import ClaimShifts, PlannedSlot, RestoreClaims, ShiftsClaimed
from protocol.reads import Read, Since
from protocol.records.runtime import ShiftClaim
from protocol.records.states import RoleName

CLAIMS_READ: Final = Read(ShiftClaim, by=None, where=(Since("ends_at", 8 * 24 * 3600),))
"""What is planned anywhere from a week ago on."""


@decides(ClaimShifts)
def decide_claim_shifts(state: PlatformState, command: ClaimShifts, context: Context) -> Decision:
    """Take a venue's plan of a week for what it is, unless another venue has one of its people."""
    claimed = tuple(slot for slot in command.plan if slot.staff_id is not None)
    people = {slot.staff_id for slot in claimed}
    elsewhere = tuple(
        claim
        for claim in state.all(ShiftClaim)
        if claim.venue_id != command.venue_id and claim.staff_id in people
    )
    refusal = refuse_clashes((*claimed, *elsewhere)) if elsewhere else None
    if refusal is not None:
        # When the other venue has them is not for this one to know (Rule 15).
        return Refusal(
            refusal.code,
            "somebody of this plan is planned at another venue at that time, or within 11 hours "
            "of it; ask them",
            extra=refusal.extra,
        )
    before = _of_week(state, command.venue_id, command.week)
    answer = ShiftsClaimed(
        week=command.week, expected_version=command.expected_version, plan=command.plan
    )
    undo = RestoreClaims(
        venue_id=command.venue_id, week=command.week, plan=tuple(_slot(claim) for claim in before)
    )
    outcome = _claim(state, command.venue_id, command.week, command.plan)
    send = Send(Address(ActorKind.VENUE, command.venue_id), answer, undo=undo)
    return Outcome(changes=outcome.changes, removes=outcome.removes, sends=(send,))


@decides(RestoreClaims)
def decide_restore_claims(
    state: PlatformState, command: RestoreClaims, context: Context
) -> Decision:
    """The venue did not publish after all."""
    return _claim(state, command.venue_id, command.week, command.plan)


def _claim(
    state: PlatformState, venue_id: UUID, week: date, plan: Iterable[PlannedSlot]
) -> Outcome:
    ids = set()
    changes = []
    for slot in plan:
        if slot.staff_id is None:
            continue
        ids.add(slot.schedule_id)
        claim = ShiftClaim(
            schedule_id=slot.schedule_id,
            venue_id=venue_id,
            week=week,
            staff_id=slot.staff_id,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
        )
        known = state.get(ShiftClaim, slot.schedule_id)
        if known is None:
            changes.append(claim)
        elif known.evolve(version=1) != claim:
            changes.append(claim.evolve(version=known.version + 1))
    gone = tuple(c for c in _of_week(state, venue_id, week) if c.schedule_id not in ids)
    return Outcome(changes=tuple(changes), removes=gone)


def _of_week(state: PlatformState, venue_id: UUID, week: date) -> tuple[ShiftClaim, ...]:
    return tuple(c for c in state.all(ShiftClaim) if (c.venue_id, c.week) == (venue_id, week))


def _slot(claim: ShiftClaim) -> PlannedSlot:
    return PlannedSlot(
        schedule_id=claim.schedule_id,
        staff_id=claim.staff_id,
        role=RoleName.STAFF,
        starts_at=claim.starts_at,
        ends_at=claim.ends_at,
    )
