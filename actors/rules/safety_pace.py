"""The rows of Rule 7's table, each a function from what was seen to what it asks for.

All of them are pure and whole numbers throughout: drinks are thousandths of a standard drink, money
is minor units. Pace is counted for each person present, as the drinks of one order are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import attrs

from actors.rules.safety_levels import (
    HOLD,
    NUDGE,
    UNANSWERED_LEVEL_MAX,
    WELFARE,
    Crossing,
    SafetyRule,
)
from actors.rules.settings import VenueSettings

PACE_60: Final = timedelta(minutes=60)
PACE_120: Final = timedelta(minutes=120)
TOPUP_WINDOW: Final = timedelta(minutes=60)
_MILLI: Final = 1000
_MEAN_DAYS: Final = 30
_LATE_UNTIL: Final = time(5, 0)
"""A night ends at the cutover, but not before this."""
_HOUR: Final = timedelta(hours=1)


@attrs.frozen(kw_only=True)
class Drunk:
    """Alcohol had at one moment, in thousandths of a standard drink."""

    at: datetime
    milli: int


@attrs.frozen(kw_only=True)
class Seen:
    """A sign that somebody saw; `sign` is a word of the fixed list."""

    at: datetime
    sign: str


def pace_crossings(
    drinks: Sequence[Drunk],
    now: datetime,
    *,
    day_start: datetime,
    persons: int,
    settings: VenueSettings,
) -> tuple[Crossing, ...]:
    """pace_60, pace_120, pace_120_high and day_total, as far as they are reached."""
    rows = (
        (SafetyRule.PACE_60, NUDGE, settings.pace_60_milli, PACE_60),
        (SafetyRule.PACE_120, WELFARE, settings.pace_120_milli, PACE_120),
        (SafetyRule.PACE_120_HIGH, HOLD, settings.pace_120_high_milli, PACE_120),
        (SafetyRule.DAY_TOTAL, NUDGE, settings.day_total_milli, None),
        (SafetyRule.DAY_TOTAL, HOLD, settings.day_total_high_milli, None),
    )
    found = []
    for rule, level, limit_milli, window in rows:
        since = day_start if window is None else now - window
        milli = sum(drink.milli for drink in drinks if since <= drink.at <= now)
        if milli > 0 and milli >= limit_milli * max(1, persons):
            found.append(
                Crossing(
                    rule=rule,
                    level=level,
                    value=milli / _MILLI / max(1, persons),
                    limit=limit_milli / _MILLI,
                    since=since,
                    window_s=None if window is None else int(window.total_seconds()),
                )
            )
    return tuple(found)


def sign_crossings(
    signs: Iterable[Seen], now: datetime, settings: VenueSettings
) -> tuple[Crossing, ...]:
    """signs: one is a nudge, two different ones within the window stop service."""
    window = timedelta(minutes=settings.signs_window_minutes)
    since = now - window
    different = {seen.sign for seen in signs if since <= seen.at <= now}
    if not different:
        return ()
    level, limit = (HOLD, 2) if len(different) >= 2 else (NUDGE, 1)
    return (
        Crossing(
            rule=SafetyRule.SIGNS,
            level=level,
            value=len(different),
            limit=limit,
            since=since,
            window_s=int(window.total_seconds()),
        ),
    )


def visible_intoxication(now: datetime) -> Crossing:
    """visible_intoxication: a floor. Whenever it is said, service stops at once."""
    return Crossing(rule=SafetyRule.VISIBLE_INTOXICATION, level=HOLD, value=1, limit=1, since=now)


def long_session(
    active: timedelta, *, started_at: datetime, settings: VenueSettings
) -> tuple[Crossing, ...]:
    """long_session: so long active, at two lengths; each raises once in a visit."""
    found = []
    for level, minutes in (
        (NUDGE, settings.long_session_minutes),
        (WELFARE, settings.long_session_high_minutes),
    ):
        if active >= timedelta(minutes=minutes):
            found.append(
                Crossing(
                    rule=SafetyRule.LONG_SESSION,
                    level=level,
                    value=active / _HOUR,
                    limit=minutes / 60,
                    since=started_at,
                )
            )
    return tuple(found)


def next_mark(active: timedelta, settings: VenueSettings) -> timedelta:
    """How long active the visit is when it is next to be looked at: a break, or a long visit."""
    every = timedelta(minutes=settings.break_reminder_minutes)
    marks = [(active // every + 1) * every]
    lengths = (settings.long_session_minutes, settings.long_session_high_minutes)
    marks += [timedelta(minutes=minutes) for minutes in lengths]
    return min(mark for mark in marks if mark > active)


def break_is_due(active: timedelta, reminded: int, settings: VenueSettings) -> bool:
    """break_reminder: whether one is due, where `reminded` have been sent."""
    return active // timedelta(minutes=settings.break_reminder_minutes) > reminded


def topup_velocity(
    topups: Sequence[datetime],
    declines: Sequence[datetime],
    now: datetime,
    settings: VenueSettings,
) -> Crossing | None:
    """topup_velocity: too many top-ups within the hour, or card declines and then one."""
    since = now - TOPUP_WINDOW
    recent = [at for at in topups if since <= at <= now]
    refused = [at for at in declines if since <= at <= now]
    if not recent:
        return None
    count, limit = len(recent), settings.topup_velocity_count
    if count < limit:
        before = sum(1 for at in refused if at <= max(recent))
        count, limit = before, settings.card_declines_count
    if count < limit:
        return None
    return Crossing(
        rule=SafetyRule.TOPUP_VELOCITY,
        level=WELFARE,
        value=count,
        limit=limit,
        since=since,
        window_s=int(TOPUP_WINDOW.total_seconds()),
    )


def is_late(now: datetime, tz: ZoneInfo, settings: VenueSettings) -> bool:
    """Whether it is after 02:00 in a night that has not ended."""
    ends = max(settings.cutover, _LATE_UNTIL)
    return settings.late_spend_from <= now.astimezone(tz).time() < ends


def late_spend(
    day_minor: int,
    before_minor: int,
    now: datetime,
    *,
    day_start: datetime,
    tz: ZoneInfo,
    settings: VenueSettings,
) -> Crossing | None:
    """late_spend: late at night, more than twice the own mean and more than a least amount.

    `before_minor` is what was spent on the 30 business days before this one.
    """
    least_minor = settings.late_spend_least_minor
    twice = settings.late_spend_percent * before_minor / (100 * _MEAN_DAYS)
    beyond_mean = day_minor * 100 * _MEAN_DAYS > settings.late_spend_percent * before_minor
    if not (beyond_mean and day_minor > least_minor and is_late(now, tz, settings)):
        return None
    return Crossing(
        rule=SafetyRule.LATE_SPEND,
        level=NUDGE,
        value=day_minor,
        limit=max(least_minor, round(twice)),
        since=day_start,
    )


def unanswered(level: int, now: datetime, settings: VenueSettings) -> Crossing:
    """unanswered: one level more, up to 3. Nobody was silent about a check that was not sent."""
    return Crossing(
        rule=SafetyRule.UNANSWERED,
        level=min(level + 1, UNANSWERED_LEVEL_MAX),
        value=settings.check_answer_s,
        limit=settings.check_answer_s,
        since=now,
        window_s=settings.check_answer_s,
    )
