"""The business days that a venue keeps: one row for each, and a timer that closes it (Rule 5).

From the first thing that happens in a venue on, each day opens the next. A day is closed in two
steps: its number is given and the next day is where money goes (`Trading`), then, when everything
before that is in the ledger, its totals are taken from there and the row is frozen.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

import attrs

from actors.rules.business_day import CLOSE_AFTER_CUTOVER, bounds, business_day_of, posting_day
from actors.rules.profile import VenueProfile
from actors.runtime.outcome import SetTimer
from actors.venue.state import VenueState
from protocol.internal.administration import CloseDay
from protocol.records.ledger import BusinessDay
from protocol.records.money_states import BusinessDayStatus
from protocol.records.runtime import Trading

_TIMERS: Final = 8
"""Names for the timers of days, used in turn; no more days than that are open at once."""


@attrs.frozen
class Kept:
    """Rows of days, and the timers that close them."""

    changes: tuple[BusinessDay, ...] = ()
    timers: tuple[SetTimer, ...] = ()


def trading_of(state: VenueState) -> Trading | None:
    """How far the days are closed; None as long as none was."""
    return state.get(Trading, state.venue_id)


def day_of(state: VenueState, day: date) -> BusinessDay | None:
    """The row of a day."""
    return state.get(BusinessDay, state.venue_id, day)


def is_closing(day: BusinessDay) -> bool:
    """Whether a day has its number and waits for its totals."""
    return day.status is BusinessDayStatus.OPEN and day.z_number is not None


def open_days(state: VenueState) -> list[BusinessDay]:
    """The days that are not closed, those included that are being closed; oldest first."""
    days = [day for day in state.all(BusinessDay) if day.status is BusinessDayStatus.OPEN]
    return sorted(days, key=lambda day: day.business_day)


def today_at(profile: VenueProfile, now: datetime) -> date:
    """The day to which things are posted now."""
    calendar = business_day_of(now, profile.tz, profile.settings.cutover)
    return posting_day(calendar, profile.closed_through)


def timer_of(day: date) -> str:
    """The name of the timer that closes a day."""
    return f"day_{day.toordinal() % _TIMERS}"


def closing_timer(day: BusinessDay, now: datetime) -> SetTimer:
    """Close it an hour after its end; one that should be closed by now at once."""
    due_at = max(day.ends_at + CLOSE_AFTER_CUTOVER, now)
    return SetTimer(timer_of(day.business_day), due_at, CloseDay(business_day=day.business_day))


def new_day(profile: VenueProfile, day: date, now: datetime) -> BusinessDay:
    """The row of a day that has none. Opened ahead of its cutover, it begins now."""
    starts_at, ends_at = bounds(day, profile.tz, profile.settings.cutover)
    return BusinessDay(
        venue_id=profile.venue_id,
        business_day=day,
        starts_at=min(starts_at, now),
        ends_at=ends_at,
        status=BusinessDayStatus.OPEN,
    )


def closing_timers(state: VenueState, made: BusinessDay, now: datetime) -> tuple[SetTimer, ...]:
    """Timers for a new day, and for those before it: none of them may be forgotten."""
    earlier = [day for day in open_days(state) if not is_closing(day)]
    return tuple(closing_timer(day, now) for day in (*earlier, made))


def keep_today(state: VenueState, now: datetime, profile: VenueProfile | None = None) -> Kept:
    """Have a row for the day that it is now, and a timer for every day that is still open.

    `profile` is that of the outcome under way, if it changes what decides the day.
    """
    profile = profile or state.profile
    today = today_at(profile, now)
    if day_of(state, today) is not None:
        return Kept()
    made = new_day(profile, today, now)
    return Kept((made,), closing_timers(state, made, now))


def moved_days(state: VenueState, profile: VenueProfile, now: datetime) -> Kept:
    """Open days as they are under a new cutover or time zone: when they end, and close."""
    changes, timers = [], []
    for day in open_days(state):
        ends_at = bounds(day.business_day, profile.tz, profile.settings.cutover).end
        if is_closing(day) or ends_at == day.ends_at:
            continue
        moved = day.revised(ends_at=max(ends_at, day.starts_at + timedelta(milliseconds=1)))
        changes.append(moved)
        timers.append(closing_timer(moved, now))
    return Kept(tuple(changes), tuple(timers))


def moves_back(before: VenueProfile, after: VenueProfile, at: datetime) -> bool:
    """Whether a new cutover or time zone would make a moment part of an earlier day."""
    return today_at(after, at) < today_at(before, at)


def once(timers: tuple[SetTimer, ...]) -> tuple[SetTimer, ...]:
    """The first timer of each name: a day that was moved knows its end better than its row."""
    found: dict[str, SetTimer] = {}
    for timer in timers:
        found.setdefault(timer.name, timer)
    return tuple(found.values())
