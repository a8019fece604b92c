"""Answers about the running node. No personal data: names, addresses and places are masked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from protocol.addresses import ActorKind
from protocol.bounds import text
from protocol.replies.base import reply

Key = Annotated[str, text(min=1, max=36)]


@reply
class ActorView:
    """One live actor; ages are in milliseconds."""

    actor_type: ActorKind
    actor_id: Key
    state: str
    mailbox_depth: int
    oldest_ms: int | None
    messages: int
    last_message_at: datetime | None
    restarts: int
    age_ms: int
    rows: int
    memory_bytes: int


@reply
class ActorList:
    """Live actors; `totals` counts them by kind, with dead letters and what waits."""

    items: tuple[ActorView, ...]
    totals: Mapping[str, int]
    next_cursor: str | None = None


@reply
class TimerView:
    """A pending timer."""

    name: str
    due_at: datetime
    command: str


@reply
class HandledView:
    """A message that was handled; durations are in milliseconds."""

    command: str
    at: datetime
    waited_ms: float
    took_ms: float
    result: str


@reply
class ActorDetail:
    """One actor; `snapshot` is its state with personal data masked.

    `position` is the journal position of what it last wrote or was told of, `waiting` counts
    sagas that it has begun and not answered.
    """

    actor: ActorView
    snapshot: Mapping[str, Any]
    timers: tuple[TimerView, ...]
    recent: tuple[HandledView, ...]
    failures: tuple[str, ...]
    waiting: int
    keys: int
    position: int
