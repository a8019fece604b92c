"""A venue is founded, once, and replaced by its owner (PutVenue).

Who may found one is decided by the platform; that there is only one of an id, here. The currency
stays for ever once anything was posted in it, and while anybody is here who might.
"""

from __future__ import annotations

from actors.rules.permissions import refuse_at_venue
from actors.rules.preconditions import refuse_version
from actors.rules.profile import profile_of
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Event, Outcome, Send
from actors.runtime.telling import tell
from actors.venue.days import keep_today, moved_days, moves_back, once
from actors.venue.hours import SHUT, cleared, hours_timer, last_orders_of, status_told
from actors.venue.place_changes import (
    changes_between,
    detail_of,
    own_settings,
    profile_with,
    refuse_moving_back,
    refuse_place,
    setting_rows,
    values_of,
)
from actors.venue.state import VenueState
from protocol.addresses import OUTSIDE, PLATFORM, Role
from protocol.errors import Code, Refusal
from protocol.events.system import SystemSettingsChanged
from protocol.internal.administration import FindJournals, FoundVenue, JournalsFound, VenueFounded
from protocol.operations.admin_venues import PutVenue
from protocol.records.runtime import FloorPlace
from protocol.records.states import VenueStatus
from protocol.records.venues import Venue

_NOT_SETTINGS = frozenset({"status", "status_reason"})
"""Of a venue's columns: what events of their own tell."""


@decides(FoundVenue)
def decide_found_venue(state: VenueState, command: FoundVenue, context: Context) -> Decision:
    """Be, unless there is a venue of this id already."""
    if state.exists:
        return Refusal(
            Code.VERSION_CONFLICT,
            f"venue {state.venue_id} is there; replace it with If-Match",
            current_version=state.venue.version,
        )
    refusal = refuse_place(command.request)
    if refusal is not None:
        return refusal
    assert context.principal is not None, "somebody founds a venue"
    now = context.now
    values = values_of(command.request)
    venue = Venue(id=state.venue_id, created_at=now, **values)
    profile = profile_of(venue, ())
    venue = venue.evolve(last_orders_at=last_orders_of(profile, venue.status, now))
    kept = keep_today(state, now, profile)
    events = [_settings_told(venue, tuple(sorted(values.keys() - _NOT_SETTINGS)), context)]
    if venue.status is not VenueStatus.CLOSED:
        events.append(status_told(VenueStatus.CLOSED, venue, now))
    noted = audited(
        context,
        "venue.founded",
        "venue",
        venue.id,
        venue_id=venue.id,
        after={"name": venue.name, "tz": venue.tz, "currency": venue.currency},
    )
    return Outcome(
        changes=(venue, *kept.changes),
        appends=(noted,),
        events=tuple(events),
        sends=(Send(PLATFORM, VenueFounded(detail=detail_of(venue))),),
        timers=(hours_timer(profile, venue.status, now), *kept.timers),
    )


@decides(PutVenue)
def decide_put_venue(state: VenueState, command: PutVenue, context: Context) -> Decision:
    """Replace what is said of the venue; of another currency the books are asked first."""
    assert context.principal is not None, "whoever changes a venue is signed in"
    venue = state.venue
    refusal = refuse_at_venue(context.principal, Role.OWNER, venue.id) or refuse_version(
        context.expected_version, venue.version, whose=f"venue {venue.id}"
    )
    if refusal is None:
        refusal = refuse_place(command)
    if refusal is not None:
        return refusal
    if command.currency != venue.currency:
        if state.rows(FloorPlace) or state.on_duty():
            return _locked(venue, "people are here who might post in it")
        asked = FindJournals(request=command, venue_id=venue.id, version=venue.version)
        return Outcome(reply=LATER, sends=(Send(OUTSIDE, asked),))
    return _replaced(state, command, context)


@decides(JournalsFound)
def decide_journals_found(state: VenueState, command: JournalsFound, context: Context) -> Decision:
    """Change the currency of a venue in whose books there is nothing."""
    venue = state.venue
    refusal = refuse_version(command.version, venue.version, whose=f"venue {venue.id}")
    if refusal is not None:
        return refusal
    if command.found is None:
        return Refusal(
            Code.ACTOR_UNAVAILABLE, "the books can't be read now; ask again", retry_after_s=5
        )
    if command.found or state.rows(FloorPlace) or state.on_duty():
        return _locked(venue, "its books are kept in it")
    return _replaced(state, command.request, context)


def _locked(venue: Venue, why: str) -> Refusal:
    return Refusal(
        Code.CURRENCY_LOCKED, f"the currency of {venue.name} stays {venue.currency}: {why}"
    )


def _replaced(state: VenueState, command: PutVenue, context: Context) -> Decision:
    now, before = context.now, state.venue
    after = before.revised(**values_of(command))
    profile = profile_with(state.profile, after)
    if moves_back(state.profile, profile, now):
        pointer = "/tz" if after.tz != before.tz else "/cutover"
        return refuse_moving_back(pointer, now)
    after = after.evolve(last_orders_at=last_orders_of(profile, after.status, now))
    was, is_now = changes_between(before, after)
    settings = tuple(name for name in is_now if name not in _NOT_SETTINGS)
    ends = Outcome()
    if after.status in SHUT and before.status not in SHUT:
        ends = cleared(state, now)
    events = [_settings_told(after, settings, context)] if settings else []
    if after.status is not before.status:
        events.append(status_told(before.status, after, now))
    by = None if context.principal is None else context.principal.user_id
    rows = tuple(setting_rows(state, own_settings(before, after), context, by))
    days = moved_days(state, profile, now)
    kept = keep_today(state, now, profile)
    noted = audited(
        context, "venue.replaced", "venue", after.id, venue_id=after.id, before=was, after=is_now
    )
    return Outcome(
        reply=detail_of(after),
        changes=(after, *rows, *days.changes, *kept.changes),
        appends=(noted,),
        events=tuple(events),
        sends=ends.sends,
        timers=(
            hours_timer(profile, after.status, now),
            *ends.timers,
            *once((*days.timers, *kept.timers)),
        ),
    )


def _settings_told(venue: Venue, keys: tuple[str, ...], context: Context) -> Event:
    assert context.principal is not None
    told = SystemSettingsChanged(
        scope="venue",
        keys=keys,
        version=venue.version,
        effective_at=context.now,
        by=context.principal.user_id,
    )
    return tell(told, venue_id=venue.id, version=venue.version)
