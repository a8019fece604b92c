"""What a client that refuses snapshots is told where it can't resume (Rule 17)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from protocol.codec import encode
from protocol.entries import RoomEvent
from protocol.errors import Refusal
from protocol.events.base import Audience
from protocol.events.system import SystemResyncRequired


def resync_required(user_id: UUID, refusal: Refusal, now: datetime) -> RoomEvent:
    """The event that goes with a `cursor_expired` of `resuming`, to this connection alone."""
    room, reason = refusal.extra["room"], refusal.extra["reason"]
    told: Any = {
        "rooms": (room,),
        "reason": reason,
        "reload_from": f"/api/realtime/events?room={room}",
    }
    event = SystemResyncRequired(**told)
    return RoomEvent(
        id=uuid4(),
        type=event.type,
        venue_id=None,
        occurred_at=now,
        data=encode(event),
        rooms=((Audience.USER.room(user_id), None),),
    )
