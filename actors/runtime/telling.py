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
    urgent: bool = False,
    hide_from: UUID | None = None,
    without: tuple[Audience, ...] = (),
) -> Event:
    """Tell everyone in the event's audience.

    Args:
        event: one of `protocol.events`.
        venue_id: whose rooms `venue:{id}:…` are; without it they are left out.
        user_id: whose room `user:{id}` is; without it that is left out.
        version: of the record that changed.
        urgent: send a copy before it is durable (Rule 8).
        hide_from: a person whose devices must not show it.
        without: those of the audience that don't hear it this time.
    """
    ids = dict.fromkeys(Audience, venue_id) | {Audience.USER: user_id}
    rooms = [
        audience.room(whose)
        for audience in type(event).audience
        if (whose := ids[audience]) is not None and audience not in without
    ]
    data: Any = encode(event)
    return Event(
        type=type(event).type,
        rooms=tuple(rooms),
        data=data,
        venue_id=venue_id,
        version=version,
        durable=type(event).durable,
        urgent=urgent,
        hide_from=hide_from,
    )
