"""Where the patron's device is: leaving pauses the visit, coming back resumes it (Rule 6)."""

from __future__ import annotations

from typing import Final

from actors.rules.geofence import (
    Fence,
    FenceStep,
    Fix,
    Verdict,
    follow,
    is_inside,
    is_leaving,
    judge_fix,
)
from actors.rules.lifecycle import SessionTrigger
from actors.rules.session_conditions import BOOKED_ACTIVITIES
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.session import late
from actors.session.breaks import REENTER, ask_for_hold, fence_at, go_on, measured, needs_hold
from actors.session.draft import VisitDraft, draft_of
from actors.session.meter import ask_for_rest, not_before_charged
from actors.session.own_time import refuse_used_up
from actors.session.standing import is_assisted, refuse_stranger
from actors.session.state import SessionState
from protocol.errors import Code, Refusal
from protocol.events.sessions import SessionGeofenceWarning
from protocol.operations.sessions import ReportLocation
from protocol.records.states import SessionStatus
from protocol.records.visits import LocationReport
from protocol.replies.sessions import LocationTaken

NEXT_FIX_S: Final = 60
NEXT_FIX_IN_DOUBT_S: Final = 20
"""A second fix this long after the first confirms that someone left."""
LEFT: Final = "left_the_fence"


@decides(ReportLocation)
def decide_report_location(
    state: SessionState, command: ReportLocation, context: Context
) -> Decision:
    """Take fixes in and act on what they show together; one alone decides nothing."""
    refusal = refuse_stranger(state, context)
    if refusal is not None:
        return refusal
    session = state.session
    if session is None:
        return Refusal(
            Code.SESSION_CLOSED,
            f"session {state.session_id} is over; fixes are not wanted any more",
        )
    if is_assisted(session, context):
        return Refusal(Code.FORBIDDEN, "only the patron's own device says where the patron is")
    draft = draft_of(state, session, context)
    if session.status is SessionStatus.CLOSING:
        return Outcome(reply=_taken(draft, FenceStep(state=draft.fence), command))
    fence = fence_at(draft)
    fixes = [measured(fix) for fix in command.fixes]
    step = follow(draft.fence, fixes, now=context.happened_at, fence=fence)
    good = _good(draft, fixes)
    draft.append(_report(draft, fix, fence) for fix in good)
    draft.fence = step.state
    if step.left_at is not None and session.status is SessionStatus.ACTIVE:
        _leave(draft, step)
    elif session.status is SessionStatus.AUTO_PAUSED and _is_back(step):
        _come_back(draft)
    if step.confirm_by is not None and session.status is SessionStatus.ACTIVE:
        _warn(draft, good[-1], fence, step)
    return draft.outcome(_taken(draft, step, command))


def _leave(draft: VisitDraft, step: FenceStep) -> None:
    """Pause in effect from the first fix outside; what was charged since then stays charged,
    unless it was charged because the device was offline.
    """
    assert step.left_at is not None
    if draft.context.is_late:
        left_at = max(step.left_at, late.least(draft))
    else:
        left_at = not_before_charged(draft, step.left_at)
    if draft.session.activity not in BOOKED_ACTIVITIES:
        late.rewind(draft, left_at)
    draft.move(
        SessionTrigger.LEAVE_FENCE,
        at=left_at,
        reason=LEFT,
        deadline_at=late.rest_until(draft, SessionStatus.AUTO_PAUSED, left_at),
    )
    if draft.running is None:
        ask_for_rest(draft)


def _is_back(step: FenceStep) -> bool:
    """Whether the fixes show somebody inside; also who came back earlier and had no funds then."""
    state = step.state
    return step.accepted_count > 0 and not state.outside and state.leaving_since is None


def _come_back(draft: VisitDraft) -> None:
    """Go on, if need be when the account has held enough; who has no funds, or no
    own time left, stays paused.
    """
    at = late.moment(draft)
    if late.refuse_overdue(draft, at) is not None or refuse_used_up(draft, at) is not None:
        return
    if needs_hold(draft, at):
        ask_for_hold(draft, REENTER, at, detached=True)
    else:
        go_on(draft, SessionTrigger.ENTER_FENCE, REENTER, at=at)


def _warn(draft: VisitDraft, fix: Fix, fence: Fence, step: FenceStep) -> None:
    assert step.confirm_by is not None
    draft.tell(
        SessionGeofenceWarning(
            session_id=draft.session.id,
            distance_m=round(fence.distance_m(fix)),
            radius_m=fence.radius_m,
            accuracy_m=round(fix.accuracy_m),
            confirm_by=step.confirm_by,
        )
    )


def _good(draft: VisitDraft, fixes: list[Fix]) -> list[Fix]:
    """The fixes that `follow` takes in: those that count and are newer than the last."""
    good: list[Fix] = []
    last_at = draft.fence.last_fix_at
    for fix in fixes:
        newer = last_at is None or fix.fix_at > last_at
        if newer and judge_fix(fix, draft.context.happened_at) is Verdict.COUNTS:
            good.append(fix)
            last_at = fix.fix_at
    return good


def _report(draft: VisitDraft, fix: Fix, fence: Fence) -> LocationReport:
    distance_m = fence.distance_m(fix)
    if is_inside(distance_m, fix.accuracy_m, fence):
        verdict = "inside"
    elif is_leaving(distance_m, fix.accuracy_m, fence):
        verdict = "outside"
    else:
        verdict = "near"
    return LocationReport(
        id=draft.context.fresh_id(),
        session_id=draft.session.id,
        venue_id=draft.session.venue_id,
        user_id=draft.session.user_id,
        lat=fix.lat,
        lon=fix.lon,
        accuracy_m=fix.accuracy_m,
        distance_m=distance_m,
        fix_at=fix.fix_at,
        received_at=draft.now,
        verdict=verdict,
    )


def _taken(draft: VisitDraft, step: FenceStep, command: ReportLocation) -> LocationTaken:
    in_doubt = step.state.leaving_since is not None
    return LocationTaken(
        session_id=draft.session.id,
        status=draft.session.status,
        accepted=step.accepted_count,
        ignored=len(command.fixes) - step.accepted_count,
        next_in_s=NEXT_FIX_IN_DOUBT_S if in_doubt else NEXT_FIX_S,
        version=draft.version,
    )
