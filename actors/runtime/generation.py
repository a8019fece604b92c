"""Everything that a reset drops: actors, mailboxes, gate, timers, cursors.

A node lives in generations. One begins with a start from what is durable, and ends when the node
stops or when a commit is lost; the next begins by the same path as after a crash.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import attrs
import structlog
import trio

from actors.runtime.actor import Actor
from actors.runtime.answers import ActorUnavailable, NodeStarting, OutcomeUnknown
from actors.runtime.behaviour import Behaviour
from actors.runtime.directory import Directory
from actors.runtime.effects import EffectsUnderWay
from actors.runtime.gate import Gate
from actors.runtime.housekeeping import sweep
from actors.runtime.mailbox import Envelope
from actors.runtime.ports import (
    Clock,
    Effects,
    Flushed,
    Ids,
    Journal,
    Loader,
    Observer,
    Publisher,
)
from actors.runtime.residents import Residents
from actors.runtime.rooms import RoomCursors
from actors.runtime.tail import Tail
from actors.runtime.timers import Timers
from protocol.addresses import OUTSIDE, ActorKind, Address
from protocol.entries import Entry, RoomEvent, encode_entry
from protocol.journal import Urgency
from protocol.messages import Message
from protocol.records.base import Record
from protocol.records.platform import ActorTimer
from protocol.records.runtime import DeadLetter

log = structlog.get_logger(__name__)


async def _nothing_to_found() -> None:
    """The usual case."""


@attrs.frozen(kw_only=True)
class Ports:
    """What a node is given."""

    journal: Journal
    flushed: Flushed
    loader: Loader
    publisher: Publisher
    effects: Effects
    clock: Clock
    ids: Ids
    observer: Observer
    founding: Callable[[], Awaitable[None]] = _nothing_to_found
    """Called at each start, all being flushed and no actor loaded: writes what must be there."""


@attrs.define(eq=False)
class Counts:
    """What happened since the node started, over all generations."""

    expired: int = 0
    dead_letters: int = 0
    refused_full: int = 0
    resets: int = 0
    activations: int = 0
    outside: int = 0
    effects_given_up: int = 0


class Generation:
    """The live part of a node."""

    def __init__(
        self,
        ports: Ports,
        behaviours: Mapping[ActorKind, Behaviour],
        nursery: trio.Nursery,
        counts: Counts,
    ) -> None:
        self.ports = ports
        self.counts = counts
        self._behaviours = behaviours
        self._nursery = nursery
        self._now = ports.clock.now()
        self.residents = Residents()
        self._shared: dict[Address, tuple[int, object]] = {}
        self.gate = Gate(ports.journal)
        self.rooms = RoomCursors(ports.loader.room_seq)
        self.tail = Tail(ports.flushed.flushed.n)
        self.directory = Directory(ports.loader)
        self.timers = Timers(ports.loader, ports.ids, self.now, self._fire, self._wait_all_flushed)
        self.outstanding: set[Envelope] = set()
        self.effects = EffectsUnderWay(self)

    def now(self) -> datetime:
        """Server time, never backwards within a generation."""
        now = self.ports.clock.now()
        if now > self._now:
            self._now = now
        return self._now

    async def start(self) -> int:
        """Bring in what must be here before the door opens.

        Returns:
            How far the journal was flushed when the pending sends were read: what was sent later
            is still to be delivered.

        Raises:
            LastLightError: the database went away.
        """
        loader = self.ports.loader
        await self.ports.flushed.wait_flushed(self.ports.journal.durable)
        await self.ports.founding()
        for address in await loader.residents():
            await self.activate(address)
        await self.timers.page_in()
        pending, flushed = await loader.pending_sends()
        for message in pending:
            self.deliver(message, 0)
        self._nursery.start_soon(self.timers.run)
        self._nursery.start_soon(self.timers.run_paging)
        self._nursery.start_soon(sweep, self)
        self._nursery.start_soon(self._trim)
        return flushed

    # Messages

    def enqueue(self, envelope: Envelope) -> None:
        """Put an envelope into the mailbox of its actor, which is activated if need be.

        Raises:
            ActorUnavailable: the mailbox is full. Nothing was added.
        """
        message = envelope.message
        actor = self.residents.find(message.target)
        if actor is None or actor.retired:
            actor = self._activate(message.target, fresh=message.fresh)
        actor.put(envelope)

    def put_back(self, envelope: Envelope) -> None:
        """Give an emergency that a reset took out of a mailbox to its actor in this generation."""
        assert envelope.reply is not None
        try:
            self.enqueue(envelope)
        except ActorUnavailable as error:
            envelope.reply.give(error)
            return
        if envelope.waited_for:
            self.outstanding.add(envelope)

    def deliver(self, message: Message, position: int, at: float | None = None) -> None:
        """Hand on a send: to an actor, or to the outside once `position` is durable.

        `at` is now on trio's clock, if the caller has just looked.
        """
        if message.target.kind is ActorKind.OUTSIDE:
            through = self.effects.see_through
            self.gate.pass_out(position, lambda: self._nursery.start_soon(through, message))
            return
        at = trio.current_time() if at is None else at
        self.enqueue(Envelope(message=message, position=position, enqueued_at=at))

    def _fire(self, message: Message) -> None:
        self.deliver(message, 0)

    async def _wait_all_flushed(self) -> None:
        await self.ports.flushed.wait_flushed(self.ports.journal.last)

    # What actors do to the node

    def append(self, data: bytes, urgency: Urgency, actor: Address) -> int:
        """Write an entry; returns its place.

        Raises:
            JournalFull, CommitLost: nothing was written.
        """
        position = self.ports.journal.append_nowait(data, urgency=urgency)
        self.tail.add(position.n, actor)
        return position.n

    def replay(self, letter_id: UUID, message: Message) -> None:
        """Send a dead message once more, under a new name, and end its letter in the same entry.

        Raises:
            JournalFull, CommitLost: nothing was written.
        """
        now = self.now()
        # A timer has fired by then: what it sent comes as any other message does.
        hops = max(1, message.hops)
        again = attrs.evolve(message, id=self.ports.ids.fresh(), at=now, timer=None, hops=hops)
        gone = (DeadLetter.table.name, (letter_id,))
        entry = Entry(actor=OUTSIDE, at=now, cause=None, removes=(gone,), sends=(again,))
        position = self.append(encode_entry(entry), Urgency.INTERNAL, OUTSIDE)
        self.deliver(again, position)

    def applied(self, actor: Actor, entry: Entry) -> None:
        """An actor's entry is written and its state changed: let the rest follow."""
        self.noticed(actor, entry.changes)
        for table, key in entry.removes:
            if table == ActorTimer.table.name:
                self.timers.disarm(key)
        for record in entry.appends:
            self.directory.note(record)
        for event in entry.events:
            self.publish(event, actor.position)
        for message in entry.sends:
            self.deliver(message, actor.position, actor.last_used)

    def noticed(self, actor: Actor, records: Sequence[Record]) -> None:
        """Rows of an actor were loaded or written."""
        for record in records:
            self.directory.note(record)
            if isinstance(record, ActorTimer):
                self.timers.arm(record)
        self.ports.observer.applied(actor.address, records)
        shared = actor.behaviour.share(actor.state) if actor.state.exists else None
        if shared is not None or actor.address in self._shared:
            self._shared[actor.address] = (actor.position, shared)

    def shared(self, address: Address, reader: Actor | None = None) -> object:
        """What an actor shares with its node, or None; `reader` has been told of it by this."""
        position, value = self._shared.get(address, (0, None))
        if reader is not None and position > reader.position:
            reader.position = position
        return value

    def publish(self, event: RoomEvent, position: int) -> None:
        """Let an event out once `position` is durable."""
        self.gate.pass_out(position, lambda: self.ports.publisher.publish(event))

    def forget(self, actor: Actor) -> None:
        """Nothing is at this address, or it can't be loaded."""
        self.residents.remove(actor)

    def _activate(self, address: Address, *, fresh: bool) -> Actor:
        actor = Actor(address, self._behaviours[address.kind], self, fresh=fresh)
        self.residents.add(actor)
        self.counts.activations += 1
        self._nursery.start_soon(actor.run)
        return actor

    async def activate(self, address: Address) -> Actor:
        """Make sure that an actor is resident.

        Raises:
            LastLightError: it can't be loaded.
        """
        actor = self.residents.find(address)
        if actor is None or actor.retired:
            actor = self._activate(address, fresh=False)
        await actor.wait_loaded()
        return actor

    # Housekeeping

    async def _trim(self) -> None:
        """Let go of what the write-behind has brought into the database."""
        while True:
            position = self.ports.flushed.flushed
            self.tail.flushed(position.n)
            await self.ports.flushed.wait_flushed(position._replace(n=position.n + 1))

    def end(self) -> list[Envelope]:
        """Drop everything. Whoever waits is told what is known.

        Returns:
            Emergency commands, to be put back first in the next generation.
        """
        carried = []
        for envelope in self.outstanding:
            assert envelope.reply is not None
            if envelope.reply.given:
                continue
            if envelope.emergency:
                envelope.begun = False
                carried.append(envelope)
            elif envelope.begun:
                envelope.reply.give(OutcomeUnknown(envelope.message.target))
            else:
                envelope.reply.give(NodeStarting())
        return carried
