"""The platform's own settings: shown to management, changed by the owners of everything."""

from __future__ import annotations

from typing import Any, Final

import attrs

from actors.platform.state import PlatformState
from actors.rules.platform_settings import PLATFORM_SETTINGS, PlatformSettings, platform_settings
from actors.rules.preconditions import refuse_version
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Event, Outcome
from actors.runtime.telling import tell
from protocol.addresses import Role
from protocol.errors import Code, FieldError, Refusal
from protocol.events.system import SystemSettingsChanged
from protocol.operations.admin_settings import GetSettings, UpdateSettings
from protocol.reads import Read
from protocol.records.runtime import PlatformSetting
from protocol.replies.admin_settings import SettingsView, SettingView

SETTINGS_READ: Final = Read(PlatformSetting, by=None)
OWNERS_ROOM: Final = "owner"
"""Where owners of every venue are."""
_UNCHANGED: Final = 1
"""The version of settings of which none was ever changed."""


def settings_of(state: PlatformState) -> PlatformSettings:
    """What is in force."""
    found = platform_settings({row.name: row.value for row in state.all(PlatformSetting)})
    assert isinstance(found, PlatformSettings), found
    return found


@decides(GetSettings)
def decide_get_settings(state: PlatformState, command: GetSettings, context: Context) -> Decision:
    """Show all of them."""
    return Outcome(reply=_view(state, {}))


@decides(UpdateSettings)
def decide_update_settings(
    state: PlatformState, command: UpdateSettings, context: Context
) -> Decision:
    """Change some of them at once, on the whole node."""
    principal = context.principal
    assert principal is not None, "whoever changes settings is signed in"
    if principal.everywhere < Role.OWNER:
        return Refusal(
            Code.FORBIDDEN, "these hold at every venue; name yours with venue_id, or ask an owner"
        )
    refusal = refuse_version(
        context.expected_version, _version(state), whose="the settings of the platform"
    )
    if refusal is not None:
        return refusal
    if command.effective_at is not None:
        detail = "settings of the platform come into force at once; leave it out"
        errors = (FieldError("/effective_at", "not_allowed", detail),)
        return Refusal(Code.VALIDATION_FAILED, detail, errors=errors)
    checked = platform_settings(command.settings)
    if isinstance(checked, Refusal):
        return checked
    before = settings_of(state)
    rows = {
        name: _row(state, name, value, context)
        for name, value in command.settings.items()
        if getattr(checked, name) != getattr(before, name)
    }
    if not rows:
        return Outcome(reply=_view(state, {}))
    noted = audited(
        context,
        "settings.changed",
        "settings",
        "platform",
        venue_id=None,
        before={name: getattr(before, name) for name in rows},
        after={name: getattr(checked, name) for name in rows},
    )
    view = _view(state, rows)
    told = SystemSettingsChanged(
        scope="platform",
        keys=tuple(sorted(rows)),
        version=view.version,
        effective_at=context.now,
        by=principal.user_id,
    )
    return Outcome(
        reply=view,
        changes=tuple(rows.values()),
        appends=(noted,),
        events=(to_owners(tell(told, version=view.version)),),
    )


def to_owners(event: Event) -> Event:
    """No venue's rooms hear of it: it is the matter of those who own all of them."""
    return attrs.evolve(event, rooms=(OWNERS_ROOM,))


def _row(state: PlatformState, name: str, value: Any, context: Context) -> PlatformSetting:
    by = None if context.principal is None else context.principal.user_id
    known = state.get(PlatformSetting, name)
    if known is not None:
        return known.revised(value=value, set_by=by, set_at=context.now)
    return PlatformSetting(name=name, value=value, set_by=by, set_at=context.now)


def _version(state: PlatformState) -> int:
    """Every change of a row makes it one more."""
    return _UNCHANGED + sum(row.version for row in state.all(PlatformSetting))


def _view(state: PlatformState, changed: dict[str, PlatformSetting]) -> SettingsView:
    """The settings, some rows being changed just now."""
    rows = {row.name: row for row in state.all(PlatformSetting)} | changed
    return SettingsView(
        scope="platform",
        venue_id=None,
        settings=tuple(
            SettingView(
                name=name,
                value=known["default"]
                if (row := rows.get(name)) is None or row.value is None
                else row.value,
                default=known["default"],
                least=known["least"],
                most=known["most"],
                floor=None,
                changed_at=None if row is None else row.set_at,
                changed_by=None if row is None else row.set_by,
                planned=(),
            )
            for name, known in PLATFORM_SETTINGS.items()
        ),
        system={},
        version=_UNCHANGED + sum(row.version for row in rows.values()),
    )
