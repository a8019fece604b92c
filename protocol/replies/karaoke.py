"""Answers about the singers' queue."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocol.records.states import TurnStatus
from protocol.replies.base import reply


@reply
class QueueEntry:
    """One song. Whose it is, others learn only if the singer chose so; staff always do."""

    entry_id: UUID
    place: int
    """From 1, in the order of singing; whoever sings now stands first."""
    song: str
    singer: str | None
    user_id: UUID | None
    own: bool
    turns_taken: int
    turn: int
    """The round in which it is sung."""
    status: TurnStatus
    added_at: datetime
    wait_s: int


@reply
class KaraokeQueue:
    """The order of singers in a room; `version` rises with every change of it."""

    room_id: UUID
    now: UUID | None
    next: UUID | None
    length: int
    wait_s: int
    """For somebody who would be added last."""
    entries: tuple[QueueEntry, ...]
    version: int
