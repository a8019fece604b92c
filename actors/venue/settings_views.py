"""A venue's settings as management sees them: values, bounds, last change, what is to come."""

from __future__ import annotations

from actors.rules.settings import SETTINGS
from actors.rules.settings_patch import plain
from actors.venue.place_changes import current_row
from actors.venue.state import VenueState
from protocol.records.runtime import PlannedSettings
from protocol.replies.admin_settings import PlannedValue, SettingsView, SettingView


def planned_of(state: VenueState) -> list[PlannedSettings]:
    """What is planned, in the order in which it comes into force."""
    planned = state.all(PlannedSettings)
    return sorted(planned, key=lambda plan: (plan.effective_at, plan.planned_at, plan.id))


def settings_view(state: VenueState) -> SettingsView:
    """All settings of a venue."""
    planned = planned_of(state)
    return SettingsView(
        scope="venue",
        venue_id=state.venue_id,
        settings=tuple(_setting(state, name, planned) for name in SETTINGS),
        system={},
        version=state.venue.version,
    )


def _setting(state: VenueState, name: str, planned: list[PlannedSettings]) -> SettingView:
    known, row = SETTINGS[name], current_row(state, name)
    return SettingView(
        name=name,
        value=plain(getattr(state.profile.settings, name)),
        default=plain(known["default"]),
        least=plain(known["least"]),
        most=plain(known["most"]),
        floor=known["floor"],
        changed_at=None if row is None else row.effective_at,
        changed_by=None if row is None else row.set_by,
        planned=tuple(
            PlannedValue(
                value=plain(known["default"]) if plan.patch[name] is None else plan.patch[name],
                effective_at=plan.effective_at,
                set_by=plan.set_by,
            )
            for plan in planned
            if name in plan.patch
        ),
    )
