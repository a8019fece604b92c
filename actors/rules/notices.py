"""By which ways a person is told something, and how loudly: their switches and quiet hours.

Safety and security can't be switched off and know no quiet hours. Everything else is said as
somebody wishes: nothing of a topic that they switched off, no push where pushes are off, mail and
texts only where they asked for them. In quiet hours a push lies there silently, a mail disturbs
nobody, and no text goes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs

from protocol.internal.notifications import Loudness
from protocol.operations.users import ALWAYS_ON, Switch


@attrs.frozen(kw_only=True)
class Ways:
    """How something is said to somebody; `push` is how loudly, None not at all."""

    push: Loudness | None = None
    mail: bool = False
    sms: bool = False


NOT_AT_ALL: Final = Ways()


def ways_of(
    topic: Switch,
    *,
    channels: Mapping[str, Any],
    quiet_hours: Mapping[str, Any] | None,
    now: datetime,
    tz: ZoneInfo,
) -> Ways:
    """The ways for a topic, at a moment on the clock of `tz`."""
    if topic in ALWAYS_ON:
        return Ways(push=Loudness.PLAIN, mail=_asked_for(channels, Switch.EMAIL), sms=False)
    # Offers are the one thing that nobody hears of without having asked for it.
    if not bool(channels.get(topic.value, topic is not Switch.OFFERS)):
        return NOT_AT_ALL
    quiet = is_quiet(quiet_hours, now.astimezone(tz).time())
    loudness = Loudness.SILENT if quiet else Loudness.PLAIN
    return Ways(
        push=loudness if channels.get(Switch.PUSH.value, True) else None,
        mail=_asked_for(channels, Switch.EMAIL),
        sms=_asked_for(channels, Switch.SMS) and not quiet,
    )


def may_be_told(channels: Mapping[str, Any], *, has_devices: bool) -> bool:
    """Whether there is any way at all but the apps' own connections."""
    return has_devices or _asked_for(channels, Switch.EMAIL) or _asked_for(channels, Switch.SMS)


def is_quiet(quiet_hours: Mapping[str, Any] | None, at: time) -> bool:
    """Whether a wall time is within quiet hours, which may go over midnight; `to` is outside."""
    if quiet_hours is None:
        return False
    begins, ends = (time.fromisoformat(str(quiet_hours[name])) for name in ("from", "to"))
    if begins == ends:
        return False
    if begins < ends:
        return begins <= at < ends
    return at >= begins or at < ends


def _asked_for(channels: Mapping[str, Any], switch: Switch) -> bool:
    return channels.get(switch.value) is True
