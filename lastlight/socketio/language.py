"""How Socket.IO says what the hub and a conversation say: see `Wire` and `Voice`.

An event has its type as name and its envelope as the one argument. Places without anything to show
(after an urgent copy; of a silent SOS to its raiser) are the event `cursor`, which who keeps no
cursors need not listen to. Answers are acknowledgements; who asked for none hears `subscribed`,
`reply`, `welcome` and `error` as events.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import uuid4

from lastlight.realtime.conversation import Ref
from lastlight.realtime.frames import Wire, envelope_of
from lastlight.realtime.services import Answer, Resumption
from lastlight.socketio.packets import ack_frame, event_frame
from lastlight.web.problems import problem_of
from protocol.addresses import Principal
from protocol.entries import RoomEvent
from protocol.errors import Refusal
from protocol.limits import SOCKET_PING_S

CURSOR: Final = "cursor"
ERROR: Final = "error"


class SocketIoWire:
    """See `Wire`."""

    def event(self, event: RoomEvent, room: str, seq: int | None) -> bytes:
        """An event as its room hears it."""
        return event_frame(event.type, envelope_of(event, room, seq))

    def cursor(self, event: RoomEvent, room: str, seq: int) -> bytes:
        """The place of an event that this connection had already as an urgent copy."""
        return event_frame(CURSOR, {"room": room, "seq": seq, "id": event.id, "type": event.type})

    def empty(self, room: str, seq: int) -> bytes:
        """The place of an event that this connection must not show (Rule 8, silent SOS)."""
        return event_frame(CURSOR, {"room": room, "seq": seq})

    def joined(self, frames: Sequence[bytes]) -> bytes:
        """Several frames as one piece."""
        return b"".join(frames)


SOCKET_IO_WIRE: Final = SocketIoWire()


class SocketIoVoice:
    """See `Voice`. A `ref` is the number of the acknowledgement that is waited for."""

    wire: Wire = SOCKET_IO_WIRE
    ends_at_foreign_rooms = False
    """The stock client does not come again after it was disconnected, and an acknowledgement that
    waits for a lost connection never comes. Rooms are refused all the same, and wishes counted."""

    def welcomed(self, principal: Principal, now: datetime, ref: Ref) -> bytes:
        """A hello was good."""
        told = {
            "user_id": principal.user_id,
            "display_name": principal.display_name,
            "expires_at": principal.expires_at,
            "server_time": now,
            "ping_interval_s": SOCKET_PING_S,
        }
        return _answer("welcome", told, ref)

    def subscribed(self, room: str, found: Resumption, ref: Ref) -> bytes:
        """Where a room stands."""
        told: dict[str, object] = {"room": room, "epoch": found.epoch, "seq": found.seq}
        if found.snapshot is not None:
            told["snapshot"] = found.snapshot.body
        return _answer("subscribed", told, ref)

    def answered(self, answer: Answer, ref: Ref) -> bytes:
        """What became of a command."""
        if answer.status >= 400:
            return _refusal(answer.data, ref)
        return _answer("reply", {"status": answer.status, "data": answer.data}, ref)

    def refused(self, refusal: Refusal, ref: Ref) -> bytes:
        """Why not."""
        return _refusal(problem_of(refusal, str(uuid4())), ref)

    def ponged(self) -> bytes:
        """The answer to a client's own ping."""
        return event_frame("pong", {})


def _answer(name: str, told: object, ref: Ref) -> bytes:
    return ack_frame(ref, told) if isinstance(ref, int) else event_frame(name, told)


def _refusal(problem: object, ref: Ref) -> bytes:
    return ack_frame(ref, {"problem": problem}) if isinstance(ref, int) else error_frame(problem)


def error_frame(problem: object) -> bytes:
    """What is wrong, where nobody waits for an answer."""
    return event_frame(ERROR, {"problem": problem})
