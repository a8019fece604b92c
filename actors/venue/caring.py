"""The venue's part of caring for a patron: who is sent, whom it serves no more (Rule 7).

Sessions say what is needed; the venue knows who is there. A hold stands for as long as management
lets it, whether its visit is over or not.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from actors.rules import intervention_ladder as ladder
from actors.rules.business_day import bounds, business_day_of
from actors.rules.permissions import not_found
from actors.rules.safety_levels import END, HOLD
from actors.rules.safety_register import observation_lines
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from actors.runtime.state import State
from actors.venue.holds import hold_of, lifted
from actors.venue.incident_state import people_of
from actors.venue.state import VenueState
from actors.venue.task_state import choose
from protocol.addresses import OUTSIDE, ActorKind, Address, Role
from protocol.errors import Code, Refusal
from protocol.internal.emergencies import AlertGroup, AlertPeople
from protocol.internal.safety import (
    CareEnded,
    HoldForNight,
    HoldService,
    LiftService,
    PatronObserved,
    SendSomebody,
    TakeCare,
)
from protocol.internal.tasks import CloseTask, OpenTask
from protocol.operations.care import LogSafetyObservation
from protocol.reads import Read
from protocol.records.runtime import SafetyHold
from protocol.records.staff import StaffTask
from protocol.records.states import Severity
from protocol.replies.care import ObservationLogged

HOLD_READ: Final = Read(SafetyHold, by="venue_id")
TASK_KIND: Final = "safety"
_OVERDUE: Final = "care_overdue"


@decides(SendSomebody)
def decide_send_somebody(state: State, command: SendSomebody, context: Context) -> Decision:
    """Give the task of this tier to somebody who is there, and tell all others of the tier."""
    task = OpenTask(
        task_id=command.task_id,
        title=ladder.title_of(command.level),
        kind=TASK_KIND,
        priority=ladder.priority_of(command.level, command.tier),
        due_at=command.due_at,
        zone=command.zone,
        session_id=command.session_id,
        intervention_id=command.intervention_id,
        for_management=ladder.for_management(command.level, command.tier),
    )
    sends = [Send(context.address, task, detached=True)]
    if command.before_id is not None:
        over = CloseTask(task_id=command.before_id, result="passed on")
        sends.insert(0, Send(context.address, over, detached=True))
    # With nobody on duty to have the task, those are told who would be next.
    tier = max(command.tier, 2) if choose(state) is None else command.tier
    groups = _groups(state, tier)
    if groups:
        alert = AlertPeople(
            incident_id=command.intervention_id,
            venue_id=context.address.id,
            severity=_severity(command.level),
            tier=tier,
            reason=_OVERDUE if command.tier else TASK_KIND,
            groups=groups,
            zone=command.zone,
        )
        sends.append(Send(OUTSIDE, alert, detached=True, urgent=True))
    return Outcome(sends=tuple(sends))


@decides(CareEnded)
def decide_care_ended(state: State, command: CareEnded, context: Context) -> Decision:
    """The case is over: whoever has its task has it no more."""
    over = CloseTask(task_id=command.task_id, result=command.result, by=command.by)
    return Outcome(sends=(Send(context.address, over, detached=True),))


@decides(HoldService)
def decide_hold_service(state: State, command: HoldService, context: Context) -> Decision:
    """No alcohol for this person from now on, and no way in after this visit."""
    known = hold_of(state, command.user_id)
    return Outcome(
        changes=(
            SafetyHold(
                venue_id=context.address.id,
                user_id=command.user_id,
                session_id=command.session_id,
                intervention_id=command.intervention_id,
                level=command.level,
                since=context.now if known is None else known.since,
                version=1 if known is None else known.version + 1,
            ),
        )
    )


@decides(HoldForNight)
def decide_hold_for_night(state: VenueState, command: HoldForNight, context: Context) -> Decision:
    """There is no visit that could be held, so it is the person."""
    hold = _hold_of_the_night(state, command.user_id, context)
    return Outcome(changes=() if hold is None else (hold,))


@decides(LiftService)
def decide_lift_service(state: State, command: LiftService, context: Context) -> Decision:
    """Management has lifted the hold of this visit; a later one is another."""
    known = hold_of(state, command.user_id)
    if known is None or known.session_id != command.session_id:
        return Outcome()
    return Outcome(removes=(known,))


@decides(LogSafetyObservation)
def decide_log_safety_observation(
    state: VenueState, command: LogSafetyObservation, context: Context
) -> Decision:
    """Write down what was seen of a person; if they have a visit here, it hears of it."""
    principal, now = context.principal, context.now
    assert principal is not None, "a command of the contract has a principal"
    if principal.role_at(state.venue_id) < Role.STAFF:
        return not_found(f"venue {state.venue_id}")
    if command.lifts_hold:
        return lifted(state, command, context)
    provenance = context.provenance
    occurred_at = (provenance and provenance.occurred_at) or now
    seat = next((p for p in state.open_places() if p.user_id == command.user_id), None)
    lines = observation_lines(
        command,
        context.fresh_id,
        venue_id=state.venue_id,
        session_id=None if seat is None else seat.session_id,
        user_id=command.user_id,
        by_user=principal.user_id,
        received_at=now,
        occurred_at=occurred_at,
        level=0 if seat is None else seat.safety_level,
    )
    reply = ObservationLogged(
        log_ids=tuple(line.id for line in lines),
        venue_id=state.venue_id,
        session_id=None if seat is None else seat.session_id,
        safety_level=None if seat is None else seat.safety_level,
    )
    if seat is not None:
        observed = PatronObserved(
            signs=tuple(sign.value for sign in command.signs),
            visible_intoxication=command.visible_intoxication,
            occurred_at=occurred_at,
            by_user=principal.user_id,
        )
        session = Address(ActorKind.SESSION, seat.session_id)
        sends = (Send(session, observed, detached=True),)
        return Outcome(reply=reply, appends=lines, sends=sends)
    held = command.visible_intoxication and command.user_id is not None
    hold = _hold_of_the_night(state, command.user_id, context) if held else None
    return Outcome(reply=reply, appends=lines, changes=() if hold is None else (hold,))


def care_taken(task: StaffTask, by: UUID) -> tuple[Send, ...]:
    """Whoever accepts the task of a case has acknowledged the case: its visit hears of it."""
    if task.intervention_id is None or task.session_id is None:
        return ()
    taken = TakeCare(intervention_id=task.intervention_id, by_user=by)
    return (Send(Address(ActorKind.SESSION, task.session_id), taken, detached=True),)


def service_hold(state: State, user_id: UUID, context: Context) -> SafetyHold | None:
    """The hold that stands on a person now."""
    hold = hold_of(state, user_id)
    if hold is None or (hold.ends_at is not None and hold.ends_at <= context.now):
        return None
    return hold


def refuse_held(state: State, user_id: UUID, context: Context) -> Refusal | None:
    """Whom management has not let in again since they were in no state to stay."""
    hold = service_hold(state, user_id, context)
    if hold is None or hold.level < HOLD:
        return None
    return Refusal(
        Code.SAFETY_HOLD_ACTIVE,
        f"a safety hold of level {hold.level} stands since {hold.since.isoformat()}; "
        "management lifts it",
    )


def _hold_of_the_night(
    state: VenueState, user_id: UUID | None, context: Context
) -> SafetyHold | None:
    """Somebody without a visit was visibly intoxicated: nothing more for them on this day."""
    assert user_id is not None
    known = service_hold(state, user_id, context)
    if known is not None:
        return None
    expired = hold_of(state, user_id)
    profile = state.profile
    cutover = profile.settings.cutover
    today = business_day_of(context.now, profile.tz, cutover)
    return SafetyHold(
        venue_id=state.venue_id,
        user_id=user_id,
        level=HOLD,
        since=context.now,
        ends_at=max(bounds(today, profile.tz, cutover).end, context.now + timedelta(hours=1)),
        version=1 if expired is None else expired.version + 1,
    )


def _groups(state: State, tier: int) -> tuple[AlertGroup, ...]:
    return tuple(
        AlertGroup(
            audience=audience.value,
            channels=tuple(sorted(channel.value for channel in channels)),
            user_ids=tuple(sorted(people_of(state, audience))),
        )
        for audience, channels in ladder.ALERTS[tier].items()
    )


def _severity(level: int) -> Severity:
    if level >= END:
        return Severity.CRITICAL
    return Severity.HIGH if level >= HOLD else Severity.MEDIUM
