"""Hearing what happens: over a socket, or by asking again and again."""

from __future__ import annotations

from typing import Annotated, Final

from protocol.addresses import Role
from protocol.bounds import integer, text
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.limits import INT64_MAX, PAGE_ITEMS_DEFAULT, POLL_S
from protocol.operations.addresses import gateway, query
from protocol.operations.base import Operation, in_category
from protocol.replies.realtime import RoomEvents
from protocol.values import PageSize


@command
class OpenSocket(Command):
    """Become a WebSocket."""


@command
class ReadEvents(Command):
    """Durable events of a room after a place; waits for one if there is none.

    Without `after_seq` it answers at once where the room stands. `epoch` is that of the place.
    """

    room: Annotated[str, text(min=1, max=128)]
    after_seq: Annotated[int | None, integer(0, INT64_MAX)] = None
    epoch: Annotated[str | None, text(min=1, max=128)] = None
    limit: PageSize = PAGE_ITEMS_DEFAULT
    wait_s: Annotated[int, integer(0, POLL_S)] = POLL_S


# fmt: off
OPERATIONS: Final = in_category(
    "Realtime",
    Operation(
        OpenSocket, Role.PATRON, "GET /ws", gateway, None,
        summary="WebSocket, subprotocol lastlight.v1: hello, subscribe, command, event, resume.",
        status=101, socket=False, emits=("system.resync_required",),
    ),
    Operation(
        ReadEvents, Role.PATRON, "GET /api/realtime/events", query("room_events"), RoomEvents,
        summary="Durable events of a room after a sequence; waits up to 25 s for one.",
        socket=False, errors=(Code.CURSOR_EXPIRED, Code.NOT_FOUND),
    ),
)
# fmt: on
