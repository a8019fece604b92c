"""The levels of care for a visit, and when they rise and fall (Rule 7).

A rule of the table that finds too much of something is a `Crossing`. It raises the level at most
once per window, and the system only ever raises; what falls by itself is 1 and 2, after an hour in
which nothing happened. From 3 on only management lets the level fall.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import attrs

NUDGE: Final = 1
WELFARE: Final = 2
"""Staff see to the patron."""
HOLD: Final = 3
"""No alcohol, and the visit is cooling."""
END: Final = 4
"""The visit ends, with a safe way home."""
EMERGENCY: Final = 5
"""An SOS at the venue."""
LEVEL_MAX: Final = EMERGENCY

QUIET: Final = timedelta(minutes=60)
UNANSWERED_LEVEL_MAX: Final = HOLD


class SafetyRule(enum.StrEnum):
    """The rows of Rule 7's table that raise a level, and the words of people that do."""

    PACE_60 = "pace_60"
    PACE_120 = "pace_120"
    PACE_120_HIGH = "pace_120_high"
    DAY_TOTAL = "day_total"
    SIGNS = "signs"
    VISIBLE_INTOXICATION = "visible_intoxication"
    LONG_SESSION = "long_session"
    TOPUP_VELOCITY = "topup_velocity"
    LATE_SPEND = "late_spend"
    UNANSWERED = "unanswered"
    HELP_ASKED = "help_asked"
    """The patron answered a check with help."""
    ESCALATE = "escalate"
    """A responder found it worse than it was thought."""


@attrs.frozen(kw_only=True)
class Crossing:
    """A rule that found `value` where `limit` was the most; `level` is what it asks for.

    `since` is when the rule's present window began: it raises once in it. `window_s` is the
    window's length as people are told it, None where it has none.
    """

    rule: SafetyRule
    level: int
    value: float
    limit: float
    since: datetime
    window_s: int | None = None

    @property
    def name(self) -> str:
        """The row of the table: a rule with two levels has two."""
        return f"{self.rule.value}:{self.level}"


@attrs.frozen(kw_only=True)
class Watch:
    """What is remembered of a visit's safety: when each row raised last, when anything did last."""

    fired: Mapping[str, datetime] = attrs.field(factory=dict)
    stirred_at: datetime | None = None


def stirred(watch: Watch, at: datetime) -> Watch:
    """Something happened that must be an hour past before the level falls by itself."""
    latest = at if watch.stirred_at is None else max(at, watch.stirred_at)
    return attrs.evolve(watch, stirred_at=latest)


def may_raise(watch: Watch, level: int, crossing: Crossing) -> bool:
    """Whether a crossing raises: it asks for more, and did not raise in this window before."""
    fired_at = watch.fired.get(crossing.name)
    again = fired_at is not None and fired_at > crossing.since
    return crossing.level > level and not again


def raised(watch: Watch, crossing: Crossing, now: datetime) -> Watch:
    """What is remembered after a crossing raised the level."""
    fired = {**watch.fired, crossing.name: now}
    return stirred(attrs.evolve(watch, fired=fired), now)


def falls_at(watch: Watch, level: int, *, case_open: bool) -> datetime | None:
    """When the level falls to 0 by itself; None if it doesn't.

    With `case_open` somebody still has to see to the patron, and nothing falls before.
    """
    if not NUDGE <= level <= WELFARE or case_open or watch.stirred_at is None:
        return None
    return watch.stirred_at + QUIET


def level_after(level: int, *, lifted: bool, quiet: bool) -> int:
    """The level after management lifted it, or an hour was quiet: the only two ways down."""
    if lifted or (quiet and level <= WELFARE):
        return 0
    return level
