"""From an event of the contract to what a decision tells: its rooms filled in, its data encoded."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from actors.runtime.outcome import Event
from protocol.codec import encode
from protocol.events.base import Audience, EventData


def tell(
    event: EventData,
    *,
    venue_id: UUID | None = None,
    user_id: UUID | None = None,
    version: int = 1,
    hide_from: UUID | None = None,
    without: tuple[Audience, ...] = (),
) -> Event:
    """Tell everyone in the event's audience.

    Args:
        event: one of `protocol.events`.
        venue_id: whose rooms `venue:{id}:…` stands for; without it they are left out.
        user_id: whose room `user:{id}` stands for; without it that is left out.
        version: of the record that changed.
        hide_from: a person whose devices must not show it (Rule 8).
        without: parts of the audience that don't hear it this time.
    """
    kind = type(event)
    rooms = []
    for audience in kind.audience:
        id_ = user_id if audience is Audience.USER else venue_id
        if id_ is not None and audience not in without:
            rooms.append(audience.room(id_))
    data: Any = encode(event)
    return Event(
        type=kind.type,
        rooms=tuple(rooms),
        data=data,
        venue_id=venue_id,
        version=version,
        durable=kind.durable,
        urgent=kind.urgent,
        hide_from=hide_from,
    )
