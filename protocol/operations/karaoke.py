"""Who sings next (Rule 14)."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Annotated, Final, TypeAlias
from uuid import UUID

from protocol.addresses import ActorKind, Role
from protocol.bounds import text
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.errors import FieldError
from protocol.operations.addresses import child
from protocol.operations.base import KeyRule, Operation, in_category
from protocol.replies.karaoke import KaraokeQueue

Song: TypeAlias = Annotated[str, text(min=1, max=120)]


@command
class GetKaraokeQueue(Command):
    """The order of the singers in a room."""

    room_id: UUID


class QueueAction(enum.StrEnum):
    """What is done to the queue."""

    ADD = "add"
    REMOVE = "remove"
    SWAP = "swap"
    SKIP = "skip"
    DONE = "done"


@command
class ChangeKaraokeQueue(Command):
    """Add a song; or take one out, swap two of one singer, skip one, or say that it was sung.

    `user_id` is for staff, who add for a guest.
    """

    room_id: UUID
    action: QueueAction
    song: Song | None = None
    show_name: bool = False
    """Whether others see whose song it is."""
    user_id: UUID | None = None
    entry_id: UUID | None = None
    with_entry_id: UUID | None = None

    def faults(self) -> Iterable[FieldError]:
        """A song goes with add, an entry with all else, a second one with swap."""
        adds, swaps = self.action is QueueAction.ADD, self.action is QueueAction.SWAP
        if adds != (self.song is not None):
            yield FieldError("/song", "required", "goes with action add, and only with it")
        if adds == (self.entry_id is not None):
            yield FieldError("/entry_id", "required", "goes with every action but add")
        if swaps != (self.with_entry_id is not None):
            yield FieldError("/with_entry_id", "required", "goes with swap, and only with it")
        if not adds and self.user_id is not None:
            yield FieldError("/user_id", "not_allowed", "goes with action add only")


# fmt: off
OPERATIONS: Final = in_category(
    "Karaoke",
    Operation(
        GetKaraokeQueue, Role.PATRON, "GET /api/karaoke/rooms/{room_id}/queue",
        child("room_id", ActorKind.VENUE), KaraokeQueue,
        summary="The fair order of singers with turns taken, place and estimated wait.",
    ),
    Operation(
        ChangeKaraokeQueue, Role.PATRON, "POST /api/karaoke/rooms/{room_id}/queue",
        child("room_id", ActorKind.VENUE), KaraokeQueue,
        summary="Add, remove, swap, skip or finish a song.",
        key=KeyRule.ACCEPTED,
        errors=(Code.INVALID_TRANSITION, Code.QUANTITY_LIMIT),
        emits=("karaoke.queue_changed",),
    ),
)
# fmt: on
