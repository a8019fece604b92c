"""From an event of the contract to what a decision tells: its rooms filled in, its data encoded.

Some of it is also brought to people whose app is closed; `protocol.noticed` says what.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import attrs

from actors.runtime.outcome import Event, Outcome, Send
from protocol.addresses import OUTSIDE
from protocol.codec import encode
from protocol.events.base import Audience, EventData
from protocol.noticed import NOTICED, notices_of


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


def with_notices(outcome: Outcome, by: UUID | None) -> Outcome:
    """The outcome with the notices that follow from its events; nobody is told what `by` did."""
    sends = [
        Send(OUTSIDE, notice, detached=True)
        for event in outcome.events
        if event.type in NOTICED
        for notice in notices_of(
            event.type, event.data, event.rooms, venue_id=event.venue_id, by=by
        )
        if notice.user_id != event.hide_from
    ]
    return attrs.evolve(outcome, sends=(*outcome.sends, *sends)) if sends else outcome
