"""Who sees to a patron, by when, and who is told if nobody does (Rule 7).

A case that nobody acknowledges goes to the next tier of people each time its time runs out, and
from the last tier on to everyone of it again: it ends by a person's word and in no other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from actors.rules.safety_levels import EMERGENCY, END, HOLD, NUDGE, WELFARE, SafetyRule
from actors.rules.sos import Audience, Channel
from protocol.records.states import InterventionOutcome, SafetyCheckKind, TaskPriority

ACKNOWLEDGE_WITHIN: Final[Mapping[int, timedelta]] = {
    NUDGE: timedelta(minutes=10),
    WELFARE: timedelta(minutes=5),
    HOLD: timedelta(minutes=2),
    END: timedelta(minutes=1),
    EMERGENCY: timedelta(minutes=1),
}
OUTCOME_WITHIN: Final = timedelta(minutes=10)
"""From the opening of a case on; also the pause between two reminders of its outcome."""
TIER_MAX: Final = 3

_FIRST: Final = frozenset({Channel.SOCKET, Channel.PUSH})
_LOUD: Final = frozenset({Channel.SMS, Channel.VOICE})

ALERTS: Final[Mapping[int, Mapping[Audience, frozenset[Channel]]]] = {
    0: {},
    1: {Audience.ON_DUTY_STAFF: _FIRST, Audience.ON_DUTY_MANAGEMENT: _FIRST | _LOUD},
    2: {
        Audience.ON_DUTY_STAFF: _FIRST,
        Audience.ON_DUTY_MANAGEMENT: _FIRST | _LOUD,
        Audience.OFF_DUTY_MANAGEMENT: _FIRST | _LOUD,
    },
    3: {
        Audience.ON_DUTY_STAFF: _FIRST,
        Audience.ON_DUTY_MANAGEMENT: _FIRST | _LOUD,
        Audience.OFF_DUTY_MANAGEMENT: _FIRST | _LOUD,
        Audience.OWNER: _FIRST | _LOUD,
    },
}
"""Whom each tier tells besides the person whose task it is."""

_MEASURES: Final[Mapping[int, tuple[str, ...]]] = {
    NUDGE: ("nudge",),
    WELFARE: ("welfare_check",),
    HOLD: ("alcohol_hold", "cooling"),
    END: ("alcohol_hold", "end_session", "safe_way_home"),
    EMERGENCY: ("sos",),
}
_TITLES: Final[Mapping[int, str]] = {
    NUDGE: "Keep an eye on a patron",
    WELFARE: "See how a patron is",
    HOLD: "Stop alcohol and look after a patron",
    END: "Bring a patron safely home",
    EMERGENCY: "Emergency with a patron",
}
LEAVING: Final = frozenset(
    {
        InterventionOutcome.RIDE_ARRANGED,
        InterventionOutcome.LEFT_ESCORTED,
        InterventionOutcome.MEDICAL,
    }
)
"""Outcomes after which the patron is not here any more."""


def acknowledge_by(level: int, opened_at: datetime) -> datetime:
    """Until when somebody must have taken a case on."""
    return opened_at + ACKNOWLEDGE_WITHIN[level]


def outcome_by(opened_at: datetime, acknowledged_at: datetime) -> datetime:
    """Until when a case that was taken on must have an outcome: 10 min after it was opened.

    Whoever took it on late has the same time from then.
    """
    due_at = opened_at + OUTCOME_WITHIN
    return due_at if due_at > acknowledged_at else acknowledged_at + OUTCOME_WITHIN


def next_tier(tier: int) -> int:
    """Who comes after a tier that did not answer; the last one is asked again and again."""
    return min(tier + 1, TIER_MAX)


def again_at(level: int, due_at: datetime, now: datetime) -> datetime:
    """When the next tier's time is over: as long as the first had, and never in the past."""
    wait = ACKNOWLEDGE_WITHIN[level]
    missed = max(0, (now - due_at) // wait)
    return due_at + (missed + 1) * wait


def needs_people(level: int) -> bool:
    """Whether somebody is sent: a nudge goes to the patron alone."""
    return level >= WELFARE


def measures_of(level: int) -> tuple[str, ...]:
    """What is done at a level."""
    return _MEASURES[level]


def title_of(level: int) -> str:
    """What the task says; it names nobody."""
    return _TITLES[level]


def priority_of(level: int, tier: int = 0) -> TaskPriority:
    """How urgent the task is."""
    return TaskPriority.CRITICAL if level >= HOLD or tier > 0 else TaskPriority.HIGH


def for_management(level: int, tier: int = 0) -> bool:
    """Whether a manager should have the task (Rule 7, level 3), if one is there."""
    return level >= HOLD or tier > 0


def check_of(level: int, rule: str | None = None) -> SafetyCheckKind | None:
    """What the patron is asked when a level is reached: levels 1 to 3 ask, 4 and 5 act.

    Who is here for long is reminded of breaks, and owes no answer: a long visit is no sign of harm
    by itself, so silence about it must never stop service.
    """
    if level > HOLD:
        return None
    if rule == SafetyRule.LONG_SESSION:
        return SafetyCheckKind.BREAK_REMINDER
    return SafetyCheckKind.REACTION if level == WELFARE else SafetyCheckKind.WELLBEING


def is_lift(level: int, outcome: InterventionOutcome) -> bool:
    """Whether an outcome says that a hold is over: from 3 on that is for management to say."""
    return level >= HOLD and outcome is InterventionOutcome.FINE


def closes(level: int, outcome: InterventionOutcome) -> bool:
    """Whether a case is over with this outcome."""
    if outcome is InterventionOutcome.ESCALATE:
        return False
    return level < HOLD or outcome is InterventionOutcome.FINE
