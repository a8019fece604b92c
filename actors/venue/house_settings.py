"""A venue's settings: shown to management, changed by its owner, now or from a moment on.

The version of the settings is that of the venue itself, for cutover and radius stand there. What
is planned is checked against everything that comes before and after it, so that it is never
refused when its time has come.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import attrs

from actors.rules.permissions import refuse_at_venue
from actors.rules.preconditions import refuse_version
from actors.rules.settings import VenueSettings
from actors.rules.settings_patch import Patch, changed_names, patched, patched_in_turn, plain, under
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Event, Outcome, SetTimer
from actors.runtime.telling import tell
from actors.venue.days import keep_today, moved_days, moves_back, once
from actors.venue.hours import hours_timer
from actors.venue.menu import item_updated, recounted
from actors.venue.place_changes import refuse_moving_back, setting_rows
from actors.venue.settings_views import planned_of, settings_view
from actors.venue.state import VenueState
from protocol.addresses import Role
from protocol.domain_limits import PLANNED_AHEAD_MAX_S, PLANNED_SETTINGS_MAX
from protocol.errors import Code, FieldError, Refusal
from protocol.events.system import SystemSettingsChanged
from protocol.internal.administration import ComeIntoForce
from protocol.operations.admin_settings import GetSettings, UpdateSettings
from protocol.records.runtime import PlannedSettings
from protocol.records.venues import Venue

_AGAIN: Final = timedelta(minutes=5)


@decides(GetSettings)
def decide_get_settings(state: VenueState, command: GetSettings, context: Context) -> Decision:
    """Show all settings."""
    assert context.principal is not None, "whoever reads settings is signed in"
    stranger = refuse_at_venue(context.principal, Role.MANAGEMENT, state.venue_id)
    return stranger or Outcome(reply=settings_view(state))


@decides(UpdateSettings)
def decide_update_settings(
    state: VenueState, command: UpdateSettings, context: Context
) -> Decision:
    """Change settings now, or plan to."""
    assert context.principal is not None, "whoever changes settings is signed in"
    venue = state.venue
    refusal = refuse_at_venue(context.principal, Role.OWNER, venue.id) or refuse_version(
        context.expected_version, venue.version, whose=f"the settings of {venue.name}"
    )
    if refusal is not None:
        return refusal
    at = command.effective_at
    if at is not None and at > context.now:
        return _planned(state, command.settings, at, context)
    later = [planned.patch for planned in planned_of(state)]
    checked = patched_in_turn(state.profile.settings, (command.settings, *later))
    if isinstance(checked, Refusal):
        return under(checked, "/settings")
    outcome = _in_force(state, command.settings, context, context.principal.user_id)
    if isinstance(outcome, Refusal):
        return outcome
    return attrs.evolve(outcome, reply=_view_after(state, outcome))


@decides(ComeIntoForce)
def decide_come_into_force(state: VenueState, command: ComeIntoForce, context: Context) -> Decision:
    """The time of planned settings has come."""
    planned = state.get(PlannedSettings, command.planned_id)
    if planned is None:
        return Outcome()
    outcome = _in_force(state, planned.patch, context, planned.set_by)
    if isinstance(outcome, Refusal):
        # The node was down at their time, and a new cutover must wait until it moves nothing back.
        return Outcome(timers=(SetTimer(_timer_of(planned.id), context.now + _AGAIN, command),))
    return attrs.evolve(outcome, removes=(planned,))


def _planned(state: VenueState, patch: Patch, at: datetime, context: Context) -> Decision:
    assert context.principal is not None
    now, known = context.now, planned_of(state)
    if (at - now).total_seconds() > PLANNED_AHEAD_MAX_S:
        return _refuse_time(f"settings are planned for a year ahead at most, not for {at:%Y-%m-%d}")
    if len(known) >= PLANNED_SETTINGS_MAX:
        return _refuse_time(f"{len(known)} changes are planned; no more than that wait at once")
    before = [planned.patch for planned in known if planned.effective_at <= at]
    after = [planned.patch for planned in known if planned.effective_at > at]
    settings = patched_in_turn(state.profile.settings, before)
    assert not isinstance(settings, Refusal), "what was planned was checked"
    checked = patched(settings, patch)
    if not isinstance(checked, Refusal):
        rest = patched_in_turn(checked, after)
        if isinstance(rest, Refusal):
            return under(rest, "/settings")
    if isinstance(checked, Refusal):
        return under(checked, "/settings")
    profile = attrs.evolve(state.profile, settings=settings)
    if moves_back(profile, attrs.evolve(profile, settings=checked), at):
        return refuse_moving_back("/settings/cutover", at)
    planned = PlannedSettings(
        id=context.fresh_id(),
        venue_id=state.venue_id,
        effective_at=at,
        patch=patch,
        set_by=context.principal.user_id,
        planned_at=now,
    )
    venue = state.venue.revised()
    noted = audited(
        context,
        "settings.planned",
        "settings",
        state.venue_id,
        venue_id=state.venue_id,
        before={name: plain(getattr(settings, name)) for name in patch},
        after={"effective_at": at, **patch},
    )
    outcome = Outcome(
        changes=(venue, planned),
        appends=(noted,),
        events=(_told(venue, tuple(sorted(patch)), at, context.principal.user_id),),
        timers=(SetTimer(_timer_of(planned.id), at, ComeIntoForce(planned_id=planned.id)),),
    )
    return attrs.evolve(outcome, reply=_view_after(state, outcome))


def _refuse_time(detail: str) -> Refusal:
    errors = (FieldError("/effective_at", "out_of_range", detail),)
    return Refusal(Code.VALIDATION_FAILED, detail, errors=errors)


def _timer_of(planned_id: UUID) -> str:
    return f"settings:{planned_id}"


def _in_force(
    state: VenueState, patch: Patch, context: Context, by: UUID | None
) -> Outcome | Refusal:
    """What follows when a patch, checked before, comes into force now."""
    now, before = context.now, state.profile
    settings = patched(before.settings, patch)
    assert isinstance(settings, VenueSettings), settings
    profile = attrs.evolve(before, settings=settings)
    if moves_back(before, profile, now):
        return refuse_moving_back("/settings/cutover", now)
    names = changed_names(before.settings, settings)
    if not names:
        return Outcome()
    venue = state.venue.revised(cutover_local=settings.cutover, radius_m=settings.fence_radius_m)
    values: dict[str, Any] = {
        name: None if patch[name] is None else plain(getattr(settings, name)) for name in names
    }
    noted = audited(
        context,
        "settings.changed",
        "settings",
        venue.id,
        venue_id=venue.id,
        before={name: plain(getattr(before.settings, name)) for name in names},
        after={name: plain(getattr(settings, name)) for name in names},
    )
    menu = recounted(state, settings)
    days = moved_days(state, profile, now)
    kept = keep_today(state, now, profile)
    return Outcome(
        changes=(
            venue,
            *setting_rows(state, values, context, by),
            *menu,
            *days.changes,
            *kept.changes,
        ),
        appends=(noted,),
        events=(_told(venue, names, now, by), *(item_updated(state, item) for item in menu)),
        timers=(hours_timer(profile, venue.status, now), *once((*days.timers, *kept.timers))),
    )


def _told(venue: Venue, keys: tuple[str, ...], at: datetime, by: UUID | None) -> Event:
    told = SystemSettingsChanged(
        scope="venue", keys=keys, version=venue.version, effective_at=at, by=by or venue.id
    )
    return tell(told, venue_id=venue.id, version=venue.version)


def _view_after(state: VenueState, outcome: Outcome) -> object:
    """The settings as they are when an outcome is applied."""
    after = VenueState(state.address)
    for record in (*state, *outcome.changes):
        if isinstance(record, Venue) or record.table.name in _SHOWN:
            after.put(record)
    return settings_view(after)


_SHOWN: Final = frozenset({"venue_settings", "planned_settings", "trading"})
