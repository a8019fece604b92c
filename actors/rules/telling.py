"""From an event of the contract to what a decision tells: its rooms filled in, its data encoded."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from actors.runtime.outcome import Event
from protocol.codec import encode
from protocol.events.base import EventData


def tell(
    event: EventData,
    *,
    venue_id: UUID | None = None,
    user_id: UUID | None = None,
    version: int = 1,
    urgent: bool = False,
    hide_from: UUID | None = None,
    without: tuple[str, ...] = (),
) -> Event:
    """Tell everyone in the event's audience.

    Args:
        event: one of `protocol.events`.
        venue_id: whose rooms `venue:{id}:…` stands for; without it they are left out.
        user_id: whose room `user:{id}` stands for; without it that is left out.
        version: of the record that changed.
        urgent: send a copy before it is durable (Rule 8).
        hide_from: a person whose devices must not show it.
        without: templates of the audience that don't hear it this time.
    """
    rooms = []
    for template in type(event).audience:
        missing = (venue_id is None and "{venue_id}" in template) or (
            user_id is None and "{user_id}" in template
        )
        if not missing and template not in without:
            rooms.append(template.format(venue_id=venue_id, user_id=user_id))
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
