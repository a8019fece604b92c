"""What the server says, as bytes, in each of the languages that clients speak.

An event is encoded once for everybody who gets it in the same language. Three shapes of it exist:
the event itself, the empty one that a silent SOS shows its raiser, and the cursor that follows an
urgent copy.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from lastlight.front_door.socket_lane import frame_text
from protocol.codec_json import render_json
from protocol.entries import RoomEvent


class Wire(Protocol):
    """The language of a kind of client; one stateless object for all its connections.

    `seq` is None for what has no number: ephemeral events, and urgent copies.
    """

    def event(self, event: RoomEvent, room: str, seq: int | None) -> bytes:
        """An event as its room hears it."""
        ...

    def cursor(self, event: RoomEvent, room: str, seq: int) -> bytes:
        """The place of an event that this connection had already as an urgent copy."""
        ...

    def empty(self, room: str, seq: int) -> bytes:
        """The place of an event that this connection must not show (Rule 8, silent SOS)."""
        ...

    def joined(self, frames: Sequence[bytes]) -> bytes:
        """Several frames as one piece."""
        ...


class LastLightWire:
    """`lastlight.v1` over `/ws`: frames of WebSocket with a JSON object each. See `Wire`."""

    def event(self, event: RoomEvent, room: str, seq: int | None) -> bytes:
        """An event as its room hears it."""
        told = envelope_of(event, room, seq)
        return message_frame({"op": "event", **_place(room, seq), "event": told})

    def cursor(self, event: RoomEvent, room: str, seq: int) -> bytes:
        """The place of an event that this connection had already as an urgent copy.

        `event` names what the place is for, so that a client that reads the type of everything
        finds one; there is nothing new in it to show.
        """
        named = {"id": event.id, "type": event.type}
        told = {"op": "event", "room": room, "seq": seq, "id": event.id, "event": named}
        return message_frame(told)

    def empty(self, room: str, seq: int) -> bytes:
        """The place of an event that this connection must not show (Rule 8, silent SOS)."""
        return message_frame({"op": "event", "room": room, "seq": seq, "event": None})

    def joined(self, frames: Sequence[bytes]) -> bytes:
        """Several frames as one piece."""
        return b"".join(frames)


LAST_LIGHT_WIRE = LastLightWire()


def message_frame(message: Mapping[str, object]) -> bytes:
    """Any message of the server, ready to send."""
    return frame_text(render_json(plain(message)))


def envelope_of(event: RoomEvent, room: str, seq: int | None) -> dict[str, object]:
    """An event as every way out tells it (Rule 17)."""
    return {
        "id": event.id,
        **_place(room, seq),
        "type": event.type,
        "venue_id": event.venue_id,
        "occurred_at": event.occurred_at,
        "version": event.version,
        "data": event.data,
    }


def _place(room: str, seq: int | None) -> dict[str, object]:
    return {"room": room} if seq is None else {"room": room, "seq": seq}


def plain(value: object) -> object:
    """JSON's own types only: ids as text, times as RFC 3339 in UTC with milliseconds."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    return value
