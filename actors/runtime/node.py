"""The node: where a command finds its actor and gets its answer.

It runs generations one after another: each begins from what is durable, and a lost commit ends it.
So a failed commit and a crash take the same path, and nothing that was never durable is ever seen.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID

import structlog
import trio

from actors.runtime.actor import Actor
from actors.runtime.admission import Admission
from actors.runtime.answers import ActorUnavailable, Answer, NodeStarting, Reply
from actors.runtime.behaviour import Behaviour
from actors.runtime.deadlines import Deadlines
from actors.runtime.effects import EffectsUnderWay
from actors.runtime.generation import Counts, Generation, Ports
from actors.runtime.inspection import ActorSnapshot, ActorStatistics, NodeStatistics
from actors.runtime.left import LeftCommands
from actors.runtime.mailbox import Envelope
from actors.runtime.overview import statistics_of
from protocol.addresses import ActorKind, Address, Position, Principal
from protocol.commands import Command
from protocol.errors import LastLightError
from protocol.journal import CommitLost
from protocol.limits import COMMAND_DEADLINE_S
from protocol.messages import KeyScope, Message, Provenance

log = structlog.get_logger(__name__)
_AGAIN_S = 0.5


class Node:
    """All actors of this process. Made by `open_node`."""

    def __init__(self, ports: Ports, behaviours: Mapping[ActorKind, Behaviour]) -> None:
        self._ports = ports
        self._behaviours = behaviours
        self._generation: Generation | None = None
        self._changed = trio.Event()
        self._quiet = trio.Event()
        self._carried: list[Envelope] = []
        self._left = LeftCommands(ports.journal)
        self._deadlines = Deadlines()
        self._asking = 0
        self._draining = False
        self.counts = Counts()
        self.admission = Admission(ports.flushed, ports.journal)

    # Asking

    async def ask(
        self,
        address: Address,
        command: Command,
        *,
        principal: Principal | None,
        status: int = 200,
        scope: KeyScope | None = None,
        expected_version: int | None = None,
        provenance: Provenance | None = None,
        deadline_s: float = COMMAND_DEADLINE_S,
    ) -> Answer:
        """Put a command to an actor and wait for what it decides.

        Args:
            address, command: who decides, and what is asked.
            principal: on whose behalf; None for nobody signed in.
            status, scope, expected_version, provenance: of the request; see `Envelope`.
            deadline_s: how long to wait, in seconds.

        Raises:
            NodeStarting, ActorUnavailable: nothing was done.
            OutcomeUnknown: it was begun, and its end is not known.
        """
        self._open_generation()
        if not command.emergency and not await self.admission.enter():
            raise ActorUnavailable(address, "has to wait for the database, which is behind")
        message = self._message(address, command, principal, provenance)
        now, reply = trio.current_time(), Reply()
        envelope = Envelope(
            message=message,
            position=0,
            enqueued_at=now,
            reply=reply,
            deadline=now + deadline_s,
            expected_version=expected_version,
            scope=scope,
            status=status,
        )
        generation = self._open_generation()
        if generation.gate.full and not envelope.emergency:
            self.counts.refused_full += 1
            raise ActorUnavailable(address, "has to wait for the disk")
        generation.enqueue(envelope)
        generation.outstanding.add(envelope)
        self._asking += 1
        self._deadlines.watch(envelope, deadline_s, now + deadline_s)
        try:
            return await reply.wait()
        finally:
            envelope.waited_for = False
            self._deadlines.let_go(envelope, deadline_s)
            generation.outstanding.discard(envelope)
            if self._generation is not None:
                # A reset may have carried an emergency over into the next generation.
                self._generation.outstanding.discard(envelope)
            self._asking -= 1
            if self._draining and not self._asking:
                self._quiet.set()

    def _message(
        self,
        address: Address,
        command: Command,
        principal: Principal | None,
        provenance: Provenance | None = None,
        hops: int = 0,
    ) -> Message:
        return Message(
            id=self._ports.ids.fresh(),
            target=address,
            command=command,
            at=self._ports.clock.now(),
            principal=principal,
            hops=hops,
            provenance=provenance,
        )

    def leave(self, address: Address, command: Command, principal: Principal | None) -> None:
        """Journal a command without its actor: it is handled when there is one again.

        For emergencies whose actor is not there or does not take them (Rule 8). It is written
        again should its commit be lost.

        Raises:
            JournalFull, CommitLost: the journal doesn't take it. Nothing was done.
        """
        message = self._message(address, command, principal, hops=1)
        position = self._left.write(message)
        if self._generation is not None and position is not None:
            self._generation.deliver(message, position)

    async def activate(self, address: Address) -> None:
        """Make sure that an actor is resident.

        Raises:
            NodeStarting, ActorUnavailable: it can't be brought in now.
        """
        await self._open_generation().activate(address)

    async def owner_of(self, table: str, child: UUID) -> Address | None:
        """The actor that owns a child named by a path, or None if there is none.

        Raises:
            LastLightError: the database is away and the child is not known here.
        """
        return await self._open_generation().directory.owner_of(table, child)

    def shared(self, address: Address) -> object:
        """What an actor shares with its node, or None."""
        return None if self._generation is None else self._generation.shared(address)

    def venues(self, *, knowing: KeyScope | None = None) -> tuple[Address, ...]:
        """The venues of this node; or those of them that have taken this very request before."""
        now = self._ports.clock.now()
        return () if self._generation is None else self._generation.residents.venues(knowing, now)

    # Looking

    @property
    def ready(self) -> bool:
        """Whether commands are taken."""
        return self._generation is not None and not self._draining

    async def wait_ready(self) -> None:
        """Wait until commands are taken."""
        while self._generation is None:
            await self._changed.wait()

    def residents(self) -> tuple[Address, ...]:
        """All live actors."""
        return () if self._generation is None else tuple(self._generation.residents.by_address)

    def figures(self, address: Address) -> ActorStatistics | None:
        """One live actor as a line in a list, or None if it is not resident."""
        actor = self._resident(address)
        return None if actor is None else actor.statistics()

    def snapshot(self, address: Address) -> ActorSnapshot | None:
        """One live actor, or None if it is not resident."""
        actor = self._resident(address)
        return None if actor is None else actor.snapshot()

    def statistics(self) -> NodeStatistics:
        """The node at this moment."""
        return statistics_of(self._generation, self.counts)

    def effects(self) -> EffectsUnderWay | None:
        """What is on its way outside, or None while the node starts."""
        return None if self._generation is None else self._generation.effects

    def replay(self, letter_id: UUID, message: Message) -> None:
        """Hand a dead message out anew, and take its letter away: both or neither.

        Raises:
            NodeStarting, JournalFull, CommitLost: nothing was done.
        """
        self._open_generation().replay(letter_id, message)

    @property
    def last_position(self) -> Position:
        """Of the last entry that was written here, durable or not."""
        return self._ports.journal.last

    # Living

    async def drain(self) -> None:
        """Take no more commands and wait until those taken are answered and durable."""
        self._draining = True
        if self._asking:
            await self._quiet.wait()
        if self._generation is not None:
            # What a lost commit took was told to its callers: there is nothing to wait for.
            with contextlib.suppress(CommitLost):
                await self._generation.gate.wait_durable(self._ports.journal.last.n)

    def _resident(self, address: Address) -> Actor | None:
        return None if self._generation is None else self._generation.residents.find(address)

    def _open_generation(self) -> Generation:
        if self._generation is None or self._draining:
            raise NodeStarting
        return self._generation

    async def _run(self) -> None:
        while True:
            async with trio.open_nursery() as nursery:
                generation = Generation(self._ports, self._behaviours, nursery, self.counts)
                try:
                    if await self._start(generation):
                        await generation.gate.run()
                        self.counts.resets += 1
                        log.error("commit_lost", durable=self._ports.journal.durable.n)
                finally:
                    # Also where the node itself ends: its actors can't run any more.
                    self._generation = None
                self._carried = [*generation.end(), *self._carried]
                nursery.cancel_scope.cancel()
            self._ports.publisher.reset()
            await self._recover()

    async def _recover(self) -> None:
        """Let the journal take entries again, and first those of emergencies that were lost."""
        while True:
            try:
                await self._ports.journal.recover()
            except CommitLost as error:
                log.error("disk_full", reason=str(error), again_in_s=_AGAIN_S)
                await trio.sleep(_AGAIN_S)
            else:
                break
        self._left.write_again()

    async def _start(self, generation: Generation) -> bool:
        """Start a generation and open the door; False if the database is away."""
        try:
            flushed = await generation.start()
        except LastLightError as error:
            log.warning("start_waits", reason=str(error))
            await trio.sleep(_AGAIN_S)
            return False
        for position, message in self._left.after(flushed):
            generation.deliver(message, position)
        for envelope in self._carried:
            if not envelope.withdrawn:
                generation.put_back(envelope)
        self._carried.clear()
        self._generation = generation
        changed, self._changed = self._changed, trio.Event()
        changed.set()
        return True


@asynccontextmanager
async def open_node(ports: Ports, behaviours: Mapping[ActorKind, Behaviour]) -> AsyncIterator[Node]:
    """Run a node. It is ready some time after; see `Node.wait_ready`."""
    node = Node(ports, behaviours)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(node._deadlines.run)  # noqa: SLF001 - its own module
        nursery.start_soon(node._run)  # noqa: SLF001 - its own module
        yield node
        nursery.cancel_scope.cancel()
