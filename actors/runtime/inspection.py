"""What an operator sees of live actors, without stopping them and without personal data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import attrs


class Handled(NamedTuple):
    """One message that an actor handled; times in milliseconds. Each message makes one."""

    command: str
    at: datetime
    waited_ms: float
    took_ms: float
    result: str
    """`ok`, the code of a refusal, or `failed`."""


@attrs.frozen(kw_only=True)
class PendingTimer:
    """A timer that is set."""

    name: str
    due_at: datetime
    command: str


@attrs.frozen(kw_only=True)
class ActorStatistics:
    """One actor in a list."""

    actor_type: str
    actor_id: str
    state: str
    """`loading`, `idle` or `busy`."""
    mailbox_depth: int
    oldest_ms: float | None
    messages: int
    last_message_at: datetime | None
    restarts: int
    age_s: float
    rows: int
    memory_bytes: int
    """An estimate: rows and keys at their average size."""


@attrs.frozen(kw_only=True)
class ActorSnapshot:
    """One actor, whole; `masked` is its state without personal data."""

    statistics: ActorStatistics
    version: int
    """The position of what it last wrote or was told of."""
    masked: Mapping[str, object]
    timers: tuple[PendingTimer, ...]
    recent: tuple[Handled, ...]
    waiting: int
    """Sagas that it has begun and not answered."""
    keys: int
    failures: tuple[str, ...]


@attrs.frozen(kw_only=True)
class EffectView:
    """An effect that is not over. It says what is done and never to whom."""

    message_id: str
    effect: str
    lane: str
    decided_at: datetime
    tries: int
    reason: str | None
    """Why the last try failed, if one did."""


@attrs.frozen(kw_only=True)
class GivenUpView:
    """An effect that was given up, and is kept as a dead letter."""

    message_id: str
    effect: str
    at: datetime
    tries: int
    reason: str
    replayable: bool


@attrs.frozen(kw_only=True)
class NodeStatistics:
    """The node at one moment."""

    actors: Mapping[str, int]
    mailbox_depth: int
    mailbox_depth_max: int
    gate_backlog: int
    timers: int
    rooms: int
    unflushed: int
    dead_letters: int
    expired: int
    refused_full: int
    resets: int
    outside: int
    """Effects being tried at this moment."""
    effects_waiting: int
    """Effects that are not over, those being tried among them."""
    effects_given_up: int
    """Since the node started."""
