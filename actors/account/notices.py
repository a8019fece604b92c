"""What one person is told: notices on their devices, and mail to their address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from actors.account.state import AccountState
from actors.rules.notices import may_be_told
from actors.runtime.outcome import Context, Event, Send
from actors.runtime.telling import tell
from protocol.addresses import OUTSIDE
from protocol.events.system import SystemNotification
from protocol.internal.notifications import NotifyPerson
from protocol.internal.people import SendNotice
from protocol.operations.users import Switch
from protocol.records.users import PushDevice, UserPreferences


def notice(
    user_id: UUID,
    kind: str,
    context: Context,
    *,
    params: Mapping[str, Any] | None = None,
    severity: Literal["info", "warning", "critical"] = "info",
) -> Event:
    """A notice to all devices of a person; apps word it by its title's key."""
    told = SystemNotification(
        notification_id=context.fresh_id(),
        kind=kind,
        title_key=f"notice.{kind}",
        params=params or {},
        severity=severity,
        expires_at=None,
    )
    return tell(told, user_id=user_id)


def outside(
    state: AccountState,
    kind: str,
    topic: Switch,
    *,
    params: Mapping[str, Any] | None = None,
    venue_id: UUID | None = None,
) -> tuple[Send, ...]:
    """The same notice for when no app is open: by push, or as the person wants it.

    Nothing, if there is no way but the apps' own connections. By which ways, and how loudly, is
    found out when it goes out, as somebody may change their mind until then.
    """
    preferences = state.first(UserPreferences)
    channels = {} if preferences is None else preferences.channels
    if not may_be_told(channels, has_devices=bool(state.rows(PushDevice))):
        return ()
    told = NotifyPerson(
        user_id=state.user_id, kind=kind, topic=topic, params=params or {}, venue_id=venue_id
    )
    return (Send(OUTSIDE, told, detached=True),)


def mail(user_id: UUID, email: str, kind: str, *, subject: str, text: str) -> Send:
    """A message to an address, which may be one that the person has no more."""
    command = SendNotice(user_id=user_id, kind=kind, email=email, subject=subject, text=text)
    return Send(OUTSIDE, command, detached=True)
