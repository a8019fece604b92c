"""What the runtime needs from outside: its ports.

Each has a real implementation in `storage` or `lastlight`, which never import this module, and an
in-memory twin in the tests; both pass the same contract suite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from actors.runtime.effect_terms import EffectTerms
from actors.runtime.outcome import Send
from protocol.addresses import Address, Position
from protocol.entries import RoomEvent
from protocol.journal import Urgency
from protocol.messages import Message
from protocol.reads import Loaded, Read
from protocol.records.base import Record
from protocol.records.platform import ActorTimer


class Clock(Protocol):
    """Server time."""

    def now(self) -> datetime:
        """UTC with whole milliseconds. May step when the machine's clock does."""
        ...


class Ids(Protocol):
    """Names for new things."""

    def fresh(self) -> UUID:
        """A UUIDv7 greater than every one before it in this process."""
        ...


class Journal(Protocol):
    """The one order of everything that this node decided; see `storage.journal`."""

    @property
    def journal_id(self) -> UUID: ...
    @property
    def durable(self) -> Position: ...
    @property
    def last(self) -> Position: ...

    def append_nowait(self, data: bytes, *, urgency: Urgency) -> Position:
        """Put an entry in line for the next group commit.

        Raises:
            JournalFull: the share for this urgency is used up. Nothing was enqueued.
            CommitLost: a commit failed and `recover` was not called since. Nothing was enqueued.
        """
        ...

    async def wait_durable_beyond(self, position: Position) -> Position:
        """Wait until something after `position` is durable, and tell what the last of it is.

        Raises:
            CommitLost: a commit failed; what is lost stands after `durable`.
        """
        ...

    async def read(
        self, after: Position, *, entries_max: int, bytes_max: int
    ) -> Sequence[tuple[Position, bytes]]:
        """Durable entries after a position, in order."""
        ...

    async def recover(self) -> None:
        """Forget what was lost; appending works again."""
        ...


class Flushed(Protocol):
    """How far the write-behind has brought the journal into the database."""

    @property
    def flushed(self) -> Position: ...
    @property
    def lag_s(self) -> float:
        """For how long something durable has waited."""
        ...

    @property
    def still_s(self) -> float:
        """For how long it got no further."""
        ...

    @property
    def away(self) -> bool:
        """Whether the database did not answer when last asked."""
        ...

    def keeps(self, address: Address) -> bool:
        """Whether rows of this actor were refused: what it holds is nowhere else."""
        ...

    async def wait_flushed(self, position: Position) -> None:
        """Wait until the database holds everything up to `position`."""
        ...


class Loader(Protocol):
    """Reads rows of actors. All methods raise `ActorUnavailable` while the database is away."""

    async def load(self, address: Address, reads: tuple[Read, ...]) -> Loaded:
        """An actor's rows, its live idempotency keys without answers older than
        IDEMPOTENCY_ANSWER_KEEP_S, and its timers, fired ones too."""
        ...

    async def residents(self) -> Sequence[Address]:
        """The actors to load at start: every venue, and the platform."""
        ...

    async def room_seq(self, room: str) -> int:
        """The last `seq` given in a room, 0 if none was."""
        ...

    async def answer(self, key: tuple[object, ...]) -> Mapping[str, object] | None:
        """The stored answer of an idempotency key (its primary key's values)."""
        ...

    async def owner_of(self, table: str, child: UUID) -> Address | None:
        """The actor that owns a row named only by its id, or None if there is no such row."""
        ...

    async def timers(
        self, until: datetime, after: ActorTimer | None, page: int
    ) -> Sequence[ActorTimer]:
        """Unfired timers due until then, in order of due time and primary key, after one."""
        ...

    async def pending_sends(self) -> tuple[Sequence[Message], int]:
        """What was sent and not handled, in journal order, and how far the journal was flushed."""
        ...


class Publisher(Protocol):
    """Takes events to whoever is in their rooms. Never waits."""

    def publish(self, event: RoomEvent) -> None:
        """A durable event in its place, or an ephemeral one."""
        ...

    def publish_urgent(self, event: RoomEvent) -> None:
        """The unnumbered copy of a durable event that is not durable yet."""
        ...

    def reset(self) -> None:
        """Numbers given after the journal's durable position were never given."""
        ...


class Performs(Protocol):
    """Does effects."""

    async def perform(self, message: Message) -> Sequence[Send]:
        """Do it; returns when done, with whatever actors are to be told.

        May be asked again after a crash. What it tells is told once, as the next step of the
        chain that the effect belongs to.

        Raises:
            EffectDelayed: not now; it is asked for again on the terms of its kind.
            EffectRefused: never; it is given up.
        """
        ...


class Effects(Performs, Protocol):
    """Calls to the outside."""

    def terms(self, message: Message) -> EffectTerms:
        """How often, how long and beside how many others this is tried."""
        ...

    def given_up(self, message: Message, reason: str) -> Sequence[Send]:
        """What actors are to be told of an effect that will not be done."""
        ...


class Observer(Protocol):
    """Hears what is applied in the node, in order, before it is durable."""

    def applied(self, address: Address, changes: Sequence[Record]) -> None:
        """Records as they now are in an actor's state."""
        ...
