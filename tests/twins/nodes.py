"""A whole node in memory: the production runtime and write-behind over the twins."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial

import attrs

from actors.runtime.behaviour import Behaviour
from actors.runtime.effect_terms import EffectTerms
from actors.runtime.generation import Ports
from actors.runtime.node import Node, open_node
from actors.runtime.ports import Ids, Observer, Publisher
from lastlight.integrations.notifications.notifier import TERMS as NOTIFY_TERMS
from lastlight.integrations.payment_effects import TERMS, PaymentEffects
from lastlight.integrations.performing import GivenUp, Performing
from protocol.addresses import ActorKind
from protocol.commands import Command
from storage.journal.hooks import CommitHooks
from storage.write_behind.standing import Standing
from storage.write_behind.write_behind import open_write_behind
from tests.twins.books import MemoryBooks
from tests.twins.database import MemoryDatabase
from tests.twins.exports import MemoryExports
from tests.twins.journal import MemoryDisk, MemoryJournal, open_memory_journal
from tests.twins.outside import (
    CountingIds,
    NoObserver,
    RememberingEffects,
    RememberingPublisher,
    TrioClock,
)
from tests.twins.provider import MemoryProvider
from tests.twins.reconciliations import MemoryReconciliations


@attrs.define(eq=False, kw_only=True)
class World:
    """What outlives a node: its disk, its database, and what the outside saw."""

    clock: TrioClock = attrs.field(factory=TrioClock)
    ids: Ids = attrs.field(factory=CountingIds)
    disk: MemoryDisk = attrs.field(factory=MemoryDisk)
    publisher: RememberingPublisher = attrs.field(factory=RememberingPublisher)
    effects: RememberingEffects = attrs.field(factory=RememberingEffects)
    exports: MemoryExports = attrs.field(factory=MemoryExports)
    provider: MemoryProvider = attrs.field(
        default=attrs.Factory(lambda self: MemoryProvider(self.clock.now), takes_self=True)
    )
    database: MemoryDatabase = attrs.field(
        default=attrs.Factory(lambda self: MemoryDatabase(self.clock.now), takes_self=True)
    )
    reconciliations: MemoryReconciliations = attrs.field(
        default=attrs.Factory(lambda self: MemoryReconciliations(self.database), takes_self=True)
    )


@attrs.frozen(eq=False)
class Running:
    """A node that runs in a world."""

    node: Node
    journal: MemoryJournal
    write_behind: Standing

    async def wait_flushed(self) -> None:
        """Wait until nothing is written that the database does not hold."""
        await wait_all_flushed(self.journal, self.write_behind)


async def wait_all_flushed(journal: MemoryJournal, write_behind: Standing) -> None:
    """Wait until the database holds everything that is written, also what is written meanwhile."""
    while write_behind.flushed != journal.last:
        await write_behind.wait_flushed(journal.last)


Founding = Callable[[MemoryJournal, Standing], Awaitable[None]]


async def _nothing_to_found(journal: MemoryJournal, write_behind: Standing) -> None:
    """The usual case."""


@asynccontextmanager
async def open_memory_node(
    world: World,
    behaviours: Mapping[ActorKind, Behaviour],
    *,
    hooks: CommitHooks | None = None,
    ready: bool = True,
    publisher: Publisher | None = None,
    observer: Observer | None = None,
    founding: Founding = _nothing_to_found,
    on_terms: Mapping[type[Command], EffectTerms] | None = None,
    when_given_up: Mapping[type[Command], GivenUp] | None = None,
) -> AsyncIterator[Running]:
    """Run a node in `world`; leaving the block is a crash, as nothing is drained."""
    async with (
        open_memory_journal(world.disk, clock=world.clock, hooks=hooks) as journal,
        open_write_behind(journal, world.database) as write_behind,
    ):
        all_flushed = partial(wait_all_flushed, journal, write_behind)
        world.effects.answers |= MemoryBooks(world.database, all_flushed).answers()
        world.effects.answers |= world.exports.answers()
        ports = Ports(
            journal=journal,
            flushed=write_behind,
            loader=world.database,
            publisher=publisher or world.publisher,
            effects=Performing(
                PaymentEffects(world.provider).performers(),
                otherwise=world.effects.perform,
                on_terms={**NOTIFY_TERMS, **TERMS, **(on_terms or {})},
                when_given_up=when_given_up or {},
            ),
            clock=world.clock,
            ids=world.ids,
            observer=observer or NoObserver(),
            founding=partial(founding, journal, write_behind),
        )
        async with open_node(ports, behaviours) as node:
            if ready:
                await node.wait_ready()
            yield Running(node, journal, write_behind)
