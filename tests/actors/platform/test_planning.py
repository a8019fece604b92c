"""Rule 13 over venues: nobody is planned at two at once, and neither learns of the other."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from actors.platform.behaviour import PLATFORM as BEHAVIOUR
from actors.platform.planning import decide_claim_shifts, decide_restore_claims
from actors.platform.state import PlatformState
from actors.runtime.outcome import Decision
from protocol.addresses import PLATFORM, ActorKind, Address
from protocol.errors import Code
from protocol.internal.schedules import ClaimShifts, PlannedSlot, RestoreClaims, ShiftsClaimed
from protocol.records.runtime import ShiftClaim
from protocol.records.states import RoleName
from tests.actors.deciding import IDS, a_context, accepted, after, refused

HERE, THERE = UUID(int=0xB1), UUID(int=0xB2)
ANNA = UUID(int=0xD1)
WEEK = date(2026, 11, 23)
START = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_slot(starts: int = 0, staff_id: UUID | None = ANNA) -> PlannedSlot:
    """Six hours, from so many after the week's first evening."""
    return PlannedSlot(
        schedule_id=IDS.fresh(),
        staff_id=staff_id,
        role=RoleName.STAFF,
        starts_at=START + starts * HOUR,
        ends_at=START + (starts + 6) * HOUR,
    )


def claim(state: PlatformState, venue_id: UUID, *plan: PlannedSlot) -> Decision:
    command = ClaimShifts(venue_id=venue_id, week=WEEK, expected_version=1, plan=plan)
    return decide_claim_shifts(state, command, a_context(PLATFORM))


def test_a_plan_is_claimed_and_the_venue_hears() -> None:
    """Open shifts are nobody's, so they claim nobody; they come back with the rest."""
    state = PlatformState(PLATFORM)
    plan = (a_slot(), a_slot(1, None))
    outcome = accepted(claim(state, HERE, *plan))
    (send,) = outcome.sends
    assert send.target == Address(ActorKind.VENUE, HERE)
    assert send.command == ShiftsClaimed(week=WEEK, expected_version=1, plan=plan)
    assert send.undo == RestoreClaims(venue_id=HERE, week=WEEK, plan=())
    after(state, outcome)
    assert [c.staff_id for c in state.all(ShiftClaim)] == [ANNA]
    assert ClaimShifts in BEHAVIOUR.founded_by


@pytest.mark.parametrize(
    ("starts", "code"), [(3, Code.SCHEDULE_OVERLAP), (16, Code.REST_RULE_VIOLATED), (17, None)]
)
def test_another_venues_shifts_count_and_are_not_told(starts: int, code: Code | None) -> None:
    """Rule 15: that there is a clash is all that is said, not when the other venue has them."""
    state = PlatformState(PLATFORM)
    after(state, accepted(claim(state, THERE, a_slot())))
    decision = claim(state, HERE, a_slot(starts))
    if code is None:
        accepted(decision)
        return
    refusal = refused(decision)
    assert refusal.code is code
    assert str(THERE) not in refusal.detail
    assert "23 Nov" not in refusal.detail


def test_a_new_plan_of_a_week_takes_the_place_of_the_old() -> None:
    """What is out of the plan can be planned elsewhere; what changed is what it now is."""
    state = PlatformState(PLATFORM)
    first, second = a_slot(), a_slot(24)
    after(state, accepted(claim(state, HERE, first, second)))
    moved = PlannedSlot(
        schedule_id=second.schedule_id,
        staff_id=ANNA,
        role=RoleName.STAFF,
        starts_at=second.starts_at + HOUR,
        ends_at=second.ends_at + HOUR,
    )
    after(state, accepted(claim(state, HERE, moved)))
    (kept,) = state.all(ShiftClaim)
    assert (kept.schedule_id, kept.starts_at, kept.version) == (
        second.schedule_id,
        moved.starts_at,
        2,
    )
    accepted(claim(state, THERE, a_slot()))
    assert accepted(claim(state, HERE, moved)).changes == ()


def test_what_was_not_published_is_as_it_was_before() -> None:
    """The undo brings back just what stood there; with nothing to undo it is nothing."""
    state = PlatformState(PLATFORM)
    after(state, accepted(claim(state, HERE, a_slot(), a_slot(48))))
    before = {c.schedule_id: c.starts_at for c in state.all(ShiftClaim)}
    outcome = accepted(claim(state, HERE, a_slot(72)))
    undo = outcome.sends[0].undo
    assert isinstance(undo, RestoreClaims)
    after(state, outcome)
    after(state, accepted(decide_restore_claims(state, undo, a_context(PLATFORM))))
    assert {c.schedule_id: c.starts_at for c in state.all(ShiftClaim)} == before
    assert not accepted(decide_restore_claims(state, undo, a_context(PLATFORM))).writes
