"""What a session's step needs besides its state: quotas, ages and deadlines (Rule 2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from actors.rules.lifecycle import SESSION, SessionTrigger, refuse_transition
from actors.rules.settings import VenueSettings
from protocol.errors import Code, Refusal
from protocol.records.states import Activity, SessionStatus

EXHAUSTED_MAX: Final = timedelta(minutes=10)
"""Time to top up after the funds ended; then the session closes."""
VOIDABLE_AGE_MAX: Final = timedelta(minutes=10)
BOOKED_ACTIVITIES: Final = frozenset({Activity.KARAOKE_ROOM, Activity.TABLE})
"""These occupy space whether anyone is there or not: not pausable, metered until they end."""


def refuse_session_step(
    status: SessionStatus, trigger: SessionTrigger, *, session_id: UUID
) -> Refusal | None:
    """Why this step is not possible, with the code that the contract names for it.

    A check-out that is repeated is no step: answer it with the first receipt before asking here.
    """
    refusal = refuse_transition(SESSION, status, trigger, whose=f"session {session_id}")
    if refusal is None:
        return None
    if trigger is SessionTrigger.CHECK_OUT and status is SessionStatus.VOIDED:
        return Refusal(
            Code.SESSION_VOIDED, f"session {session_id} was voided and owes nothing; check in anew"
        )
    if trigger is SessionTrigger.FORCE_CHECK_OUT:
        return Refusal(Code.SESSION_CLOSED, refusal.detail)
    if trigger is SessionTrigger.VOID:
        return Refusal(Code.SESSION_NOT_VOIDABLE, refusal.detail)
    if trigger is SessionTrigger.RESUME and status is SessionStatus.COOLING:
        return Refusal(
            Code.SAFETY_HOLD_ACTIVE,
            f"session {session_id} is cooling; it goes on after an answered check and the cooling "
            "time, or when management says so",
        )
    return refusal


def refuse_pause(
    *, activity: Activity, pauses_count: int, settings: VenueSettings
) -> Refusal | None:
    """Why a running session may not be paused by its patron or staff.

    `pauses_count` counts pauses of this session so far; automatic ones do not count.
    """
    if activity in BOOKED_ACTIVITIES:
        return Refusal(
            Code.ACTIVITY_NOT_PAUSABLE,
            f"a {activity.value} is booked and keeps its place; leave it or check out instead",
        )
    if pauses_count >= settings.pauses_max:
        return Refusal(
            Code.PAUSE_QUOTA_USED,
            f"this visit had {pauses_count} pauses of {settings.pauses_max}; check out instead",
        )
    return None


def refuse_void(*, started_at: datetime, now: datetime, purchases_count: int) -> Refusal | None:
    """Why a check-in can no longer be undone: it is too old, or something was bought."""
    if now - started_at > VOIDABLE_AGE_MAX:
        return Refusal(
            Code.SESSION_NOT_VOIDABLE,
            f"the session is {(now - started_at) // timedelta(minutes=1)} min old; it could be "
            "voided for 10 min; check it out and refund instead",
        )
    if purchases_count > 0:
        return Refusal(
            Code.SESSION_NOT_VOIDABLE,
            f"{purchases_count} purchases hang on the session; refund them and check it out",
        )
    return None


def refuse_end_of_cooling(
    *, cooling_since: datetime, now: datetime, answered_ok: bool, settings: VenueSettings
) -> Refusal | None:
    """Why the system may not end cooling yet: it needs an answered check **and** the time.

    Management may override and need not ask.
    """
    cooled_enough_at = cooling_since + timedelta(minutes=settings.cooling_least_minutes)
    if answered_ok and now >= cooled_enough_at:
        return None
    return Refusal(
        Code.SAFETY_HOLD_ACTIVE,
        f"cooling lasts at least {settings.cooling_least_minutes} min and until a check is "
        "answered with ok",
        retry_after_s=max(0, -(-(cooled_enough_at - now) // timedelta(seconds=1))),
    )


def deadline_of(
    status: SessionStatus, *, since: datetime, exhausted: bool, settings: VenueSettings
) -> datetime | None:
    """When a session that stays in this state closes by itself; None if it never does.

    `exhausted` says that the pause came because the funds ended.
    """
    if status is SessionStatus.PAUSED:
        if exhausted:
            return since + EXHAUSTED_MAX
        return since + timedelta(minutes=settings.paused_max_minutes)
    if status is SessionStatus.AUTO_PAUSED:
        return since + timedelta(minutes=settings.auto_paused_max_minutes)
    return None


def is_metered(status: SessionStatus, activity: Activity) -> bool:
    """Whether time passes on the meter: when active, and for bookings until the end (Rule 2)."""
    if activity in BOOKED_ACTIVITIES:
        return status in {
            SessionStatus.ACTIVE,
            SessionStatus.PAUSED,
            SessionStatus.AUTO_PAUSED,
            SessionStatus.COOLING,
        }
    return status is SessionStatus.ACTIVE
