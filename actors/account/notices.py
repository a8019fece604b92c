"""What one person is told: notices on their devices, and mail to their address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from actors.runtime.outcome import Context, Event, Send
from actors.runtime.telling import tell
from protocol.addresses import OUTSIDE
from protocol.events.system import SystemNotification
from protocol.internal.people import SendNotice


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


def mail(user_id: UUID, email: str, kind: str, *, subject: str, text: str) -> Send:
    """A message to an address, which may be one that the person has no more."""
    command = SendNotice(user_id=user_id, kind=kind, email=email, subject=subject, text=text)
    return Send(OUTSIDE, command, detached=True)
