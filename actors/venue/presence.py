"""Who is there, and telling of it: the part that all changes of the floor share.

Occupancy is told at whole two seconds and takings at whole seconds: each change sets the same timer
for the next one, so however many changes come, one event goes out, and nothing need be remembered.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from actors.rules.occupancy import next_alert, percent_of
from actors.rules.opening_hours import is_open
from actors.runtime.outcome import Event, SetTimer
from actors.runtime.telling import tell
from actors.venue.state import VenueState
from protocol.errors import Code, Refusal
from protocol.events.venue import VenueCapacityAlert
from protocol.internal.floor import TellOccupancy
from protocol.records.states import VenueStatus

OCCUPANCY_EVERY: Final = timedelta(seconds=2)
OCCUPANCY: Final = "occupancy"
"""The timer of the next telling."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def next_whole(every: timedelta, now: datetime) -> datetime:
    """The next instant after `now` that is a whole number of `every` since 1970."""
    return _EPOCH + ((now - _EPOCH) // every + 1) * every


def occupancy_soon(now: datetime) -> SetTimer:
    """Have the occupancy told when it is due."""
    return SetTimer(OCCUPANCY, next_whole(OCCUPANCY_EVERY, now), TellOccupancy())


def alerts(state: VenueState, change: int) -> tuple[Event, ...]:
    """What to tell of the capacity when `change` persons more, or fewer, are present."""
    present, capacity = state.present + change, state.venue.capacity
    if next_alert(state.alert, present, capacity) == state.alert:
        return ()
    alert = VenueCapacityAlert(
        venue_id=state.venue_id,
        present=present,
        capacity=capacity,
        percent=percent_of(present, capacity),
    )
    return (tell(alert, venue_id=state.venue_id),)


def refuse_closed(state: VenueState, now: datetime) -> Refusal | None:
    """Why nobody may come in now: the venue's status, or its hours."""
    venue, profile = state.venue, state.profile
    if venue.status is not VenueStatus.OPEN:
        return Refusal(Code.VENUE_CLOSED, f"{venue.name} is {venue.status.value}; come another day")
    if not is_open(venue.hours, now, profile.tz):
        local = now.astimezone(profile.tz)
        return Refusal(
            Code.VENUE_CLOSED, f"{venue.name} has no hours at {local:%H:%M on %A}; see its hours"
        )
    return None
