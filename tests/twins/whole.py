"""A whole node in memory: the production gateway, runtime and write-behind over the twins.

Nothing waits for a thread, a socket or a disk, so a night passes in moments under MockClock, and
each run is like the one before. Only what the read side answers is left out: those operations are
503 here. A `World` outlives its nodes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Final

import attrs
import trio

from actors.runtime.behaviour import Behaviour
from actors.runtime.node import Node
from lastlight.assembly import Secrets, Surroundings, make_dispatcher
from lastlight.auth.keys import KeyRing
from lastlight.auth.passwords import Passwords
from lastlight.auth.ratelimit import RateLimits
from lastlight.auth.revocations import REVOCATIONS_KEPT, Bump, FamilyEnd, Revocations
from lastlight.beginning import house_rooms
from lastlight.behaviours import BEHAVIOURS
from lastlight.demo.founding import Founder
from lastlight.gateway.calls import Answer, Call, Refused
from lastlight.gateway.health import Health
from lastlight.gateway.http import HttpGateway
from lastlight.gateway.sockets import SocketGateway
from lastlight.integrations.cards import Cards, make_cards
from lastlight.metrics import Metrics
from lastlight.realtime.attending import Attending
from lastlight.realtime.backlog import Backlog
from lastlight.realtime.hub import Hub
from lastlight.realtime.polling import Polling
from lastlight.realtime.publisher import RoomPublisher
from lastlight.realtime.resuming import Resumer
from lastlight.realtime.services import Services
from lastlight.watching import Watch
from protocol.addresses import ActorKind
from protocol.entries import RoomEvent
from protocol.errors import Code, Refusal
from protocol.operations.table import OPERATIONS
from storage.journal.hooks import CommitHooks
from storage.write_behind.standing import Standing
from tests.twins.database import MemoryDatabase
from tests.twins.described import complaints_of
from tests.twins.inbox import MemoryInbox
from tests.twins.journal import MemoryJournal
from tests.twins.nodes import World, open_memory_node
from tests.twins.outside import RememberingPublisher, TimedIds, TrioClock
from tests.twins.passwords import MemoryPasswords
from tests.twins.provider import WEBHOOK_SECRET
from tests.twins.room_reading import Reading, make_resumer

SECRETS: Final = Secrets(keys=KeyRing.fresh(), refresh=bytes(32), codes=bytes(range(32)))


def a_world() -> World:
    """A world whose ids tell the time, as the id of an incident must."""
    clock = TrioClock()
    return World(clock=clock, ids=TimedIds(clock))


def copy_of(world: World) -> World:
    """Another world with the same past; nobody outside remembers it."""
    clock, database, disk = TrioClock(), world.database, world.disk
    assert isinstance(world.ids, TimedIds)
    return World(
        clock=clock,
        ids=TimedIds(clock, world.ids.count),
        disk=attrs.evolve(disk, entries=[*disk.entries], gaps=[*disk.gaps]),
        database=attrs.evolve(
            database,
            now=clock.now,
            rows={table: dict(rows) for table, rows in database.rows.items()},
            cursors=dict(database.cursors),
            views=dict(database.views),
            sends=dict(database.sends),
            heads=dict(database.heads),
            kept_aside=[*database.kept_aside],
        ),
    )


@attrs.frozen(eq=False)
class _Published:
    """Publishes, and lets the test remember what was."""

    memory: RememberingPublisher
    rooms: RoomPublisher
    complaints: list[str] = attrs.field(factory=list)

    def publish(self, event: RoomEvent) -> None:
        self.complaints.extend(complaints_of(event))
        self.memory.publish(event)
        self.rooms.publish(event)

    def publish_urgent(self, event: RoomEvent) -> None:
        self.complaints.extend(complaints_of(event))
        self.memory.publish_urgent(event)
        self.rooms.publish_urgent(event)

    def reset(self) -> None:
        self.memory.reset()
        self.rooms.reset()


@attrs.frozen(eq=False)
class _Beginning:
    """What `lastlight.beginning.Beginning` does, from the twin; see there."""

    database: MemoryDatabase
    backlog: Backlog
    clock: TrioClock
    passwords: Passwords
    revocations: Revocations
    demo: bool

    async def begin(self, journal: MemoryJournal, write_behind: Standing) -> None:
        if self.demo:
            founder = Founder(journal, write_behind, self.database, self.passwords, self.clock)
            await founder.found()
        reading, now = Reading(self.database, journal, write_behind), self.clock.now()
        facts = await reading.revocation_facts(now - REVOCATIONS_KEPT)
        ends = [FamilyEnd(family_id=id_, at=at) for id_, at in facts.ended]
        bumps = [Bump(user_id=id_, token_version=v, at=at) for id_, v, at in facts.raised]
        self.revocations.fill([*ends, *bumps], now=now)
        for room in house_rooms(await self.database.residents()):
            stood = await reading.view(room)
            self.backlog.load(room, stood.seq, stood.view, self.backlog.forgotten)


@attrs.frozen(kw_only=True, eq=False)
class LastLight:
    """A node with its ways in."""

    world: World
    node: Node
    journal: MemoryJournal
    write_behind: Standing
    hub: Hub
    http: HttpGateway
    metrics: Metrics
    services: Services
    cards: Cards
    attending: Attending

    async def wait_flushed(self) -> None:
        """Wait until nothing is written that the database does not hold."""
        while self.write_behind.flushed != self.journal.last:
            await self.write_behind.wait_flushed(self.journal.last)

    async def event(self, type_: str, *, after: int = 0) -> RoomEvent:
        """The first event of a type, from the `after`-th published on; waits until there is one."""
        with trio.fail_after(24 * 3600):
            while True:
                for event in self.world.publisher.events[after:]:
                    if event.type == type_:
                        return event
                await trio.sleep(0.1)


@asynccontextmanager
async def open_memory_last_light(
    world: World,
    *,
    behaviours: Mapping[ActorKind, Behaviour] = BEHAVIOURS,
    hooks: CommitHooks | None = None,
    ready: bool = True,
    demo: bool = True,
    rate_limits: bool = False,
) -> AsyncIterator[LastLight]:
    """Run Last Light in `world`; leaving the block is a crash, as nothing is drained.

    With `demo` the demo venue is founded where there is none.
    """
    hub, backlog, metrics, revocations = Hub(), Backlog(), Metrics(), Revocations()
    passwords, now = MemoryPasswords(), world.clock.now
    attending = Attending(now)
    rooms = RoomPublisher(hub, backlog, metrics, revocations, attending=attending)
    publisher = _Published(world.publisher, rooms)
    beginning = _Beginning(world.database, backlog, world.clock, passwords, revocations, demo)
    async with (
        open_memory_node(
            world,
            behaviours,
            hooks=hooks,
            ready=ready,
            publisher=publisher,
            observer=Watch(revocations=revocations, hub=hub, now=now),
            founding=beginning.begin,
        ) as running,
        AsyncExitStack() as stack,
    ):
        node, journal = running.node, running.journal
        reading = Reading(world.database, journal, running.write_behind)
        resumer = make_resumer(node, backlog, journal, reading)
        cards = _cards(world, node, metrics)
        dispatcher = make_dispatcher(
            Surroundings(
                node=node,
                publisher=publisher,
                ids=world.ids,
                now=now,
                secrets=SECRETS,
                passwords=passwords,
                revocations=revocations,
                rate_limits=RateLimits(trio.current_time, enabled=rate_limits),
                health=Health(
                    node=node, write_behind=running.write_behind, payments_on=world.provider.on
                ),
                metrics=metrics,
                queries={**_NO_QUERIES, "room_events": _polling(resumer, rooms).read_events},
                balances=reading.balances,
                cards=cards,
                read_export=world.exports.read,
            )
        )
        await stack.enter_async_context(_at_work(cards.applier.run, partial(attending.run, node)))
        yield LastLight(
            world=world,
            node=node,
            journal=journal,
            write_behind=running.write_behind,
            hub=hub,
            http=HttpGateway(dispatcher, metrics),
            metrics=metrics,
            cards=cards,
            services=_services(SocketGateway(dispatcher, world.ids), resumer, now, attending),
            attending=attending,
        )
    assert publisher.complaints == [], "events are not as the AsyncAPI document says"
    assert metrics.registry.get_sample_value("lastlight_malformed_events_total") == 0


@asynccontextmanager
async def _at_work(*tasks: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run these beside the node; they end with it."""
    async with trio.open_nursery() as nursery:
        for task in tasks:
            nursery.start_soon(task)
        yield
        nursery.cancel_scope.cancel()


def _polling(resumer: Resumer, rooms: RoomPublisher) -> Polling:
    return Polling(
        resume=resumer.resume,
        check=rooms.revocations.check,
        bells=rooms.bells,
        polled=rooms.attending.polled,
    )


def _services(
    sockets: SocketGateway, resumer: Resumer, now: Callable[[], datetime], attending: Attending
) -> Services:
    return Services(
        authenticate=sockets.authenticate,
        resume=resumer.resume,
        command=sockets.command,
        now=now,
        attendance=attending,
    )


def _cards(world: World, node: Node, metrics: Metrics) -> Cards:
    return make_cards(
        node=node,
        provider=world.provider,
        inbox=MemoryInbox(world.database),
        books=world.reconciliations,
        durable=lambda: node.last_position,
        webhook_secrets=(WEBHOOK_SECRET,),
        now=world.clock.now,
        count=metrics.count_webhook,
    )


async def _no_query(call: Call) -> Answer:
    raise Refused(Refusal(Code.STALE_READ, "there are no queries in memory", retry_after_s=1))


_NO_QUERIES: Final = {row.query: _no_query for row in OPERATIONS if row.query is not None}
