"""The contents page of a node: everything long-lived, in the order in which it starts.

Storage, actors, integrations, front door last. The door opens while the node still starts, so that
an SOS is taken; everything else is answered `starting` until the actors are there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import attrs
import structlog
import trio

from actors.runtime.directory import OWNERS
from actors.runtime.generation import Ports
from actors.runtime.node import Node, open_node
from lastlight.assembly import Secrets, Surroundings, make_dispatcher
from lastlight.auth.keys import load_or_make_keys, load_or_make_secret
from lastlight.auth.passwords import Passwords
from lastlight.auth.ratelimit import RateLimits
from lastlight.auth.revocations import Revocations
from lastlight.beginning import Beginning
from lastlight.behaviours import BEHAVIOURS
from lastlight.clocks import MonotonicIds, SystemClock
from lastlight.demo.founding import Founder
from lastlight.front_door import FrontDoor, SocketEndpoint, TlsFiles, open_front_door
from lastlight.gateway.health import Health
from lastlight.gateway.http import HttpGateway
from lastlight.gateway.queries import Queries
from lastlight.gateway.sockets import SocketGateway
from lastlight.integrations.outside import Outside
from lastlight.measuring import measure
from lastlight.metrics import Metrics
from lastlight.places import Places, make_places
from lastlight.process import Collector, open_tamed_collector, watch_loop
from lastlight.realtime.backlog import Backlog
from lastlight.realtime.connection import SUBPROTOCOL, serve_realtime
from lastlight.realtime.hub import Hub
from lastlight.realtime.publisher import RoomPublisher
from lastlight.realtime.resuming import Resumer
from lastlight.realtime.services import Services
from lastlight.settings import Settings
from lastlight.watching import Watch
from lastlight.web.app import WebSettings
from lastlight.web.clients import Proxies
from lastlight.web.cors import Origins
from protocol.addresses import ActorKind, Address
from protocol.operations.table import methods_at
from storage.journal.opening import open_journal
from storage.postgres.database import Database, open_asyncio_loop, open_database
from storage.postgres.embedded import open_embedded_server
from storage.postgres.loader import PostgresLoader
from storage.postgres.migrating import MigratingStore
from storage.postgres.queries_realtime import RoomReader
from storage.postgres.reading import Reader
from storage.write_behind.write_behind import WriteBehind, open_write_behind

log = structlog.get_logger(__name__)
DRAIN_S = 20.0
"""How long a graceful end waits for what was taken, and then for the flush of it."""


@attrs.frozen(kw_only=True, eq=False)
class Running:
    """A node that runs."""

    node: Node
    door: FrontDoor
    health: Health
    write_behind: WriteBehind


@asynccontextmanager
async def open_last_light(settings: Settings, *, demo: bool = False) -> AsyncIterator[Running]:
    """Run a node; leaving the block drains it.

    Raises:
        LastLightError: it can't run as told; the message says what to do.
    """
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        clock, ids, metrics = SystemClock(), MonotonicIds(), Metrics()
        places = make_places(settings.data_dir)
        await enter(open_asyncio_loop())
        collector = await enter(open_tamed_collector())

        # Storage
        journal = await enter(open_journal(places.journal, clock=clock))
        database = await enter(_open_database(settings, places))
        store = MigratingStore(database)
        write_behind = await enter(open_write_behind(journal, store))
        loader = PostgresLoader(database, clock.now, OWNERS)
        reader = Reader(database, write_behind)
        rooms = RoomReader(reader=reader, durable=lambda: journal.durable, now=clock.now)

        # Actors
        hub, backlog, revocations = Hub(), Backlog(), Revocations()
        publisher = RoomPublisher(hub, backlog, metrics)
        passwords = Passwords()
        begin = Beginning(
            rooms=rooms,
            loader=loader,
            revocations=revocations,
            backlog=backlog,
            clock=clock,
            founder=Founder(journal, write_behind, loader, passwords, clock) if demo else None,
        )
        ports = Ports(
            journal=journal,
            flushed=write_behind,
            loader=loader,
            publisher=publisher,
            effects=Outside(places.mail),
            clock=clock,
            ids=ids,
            observer=Watch(revocations=revocations, hub=hub, collector=collector, now=clock.now),
            founding=begin.begin,
        )
        node = await enter(open_node(ports, BEHAVIOURS))
        health = Health(node=node, write_behind=write_behind)

        # Ways in
        dispatcher = make_dispatcher(
            Surroundings(
                node=node,
                publisher=publisher,
                ids=ids,
                now=clock.now,
                secrets=_secrets(settings, places),
                passwords=passwords,
                revocations=revocations,
                rate_limits=RateLimits(trio.current_time, enabled=settings.rate_limits),
                health=health,
                metrics=metrics,
                queries=Queries(
                    reader=reader, durable=lambda: journal.durable, now=clock.now
                ).answers(),
            )
        )
        sockets = SocketGateway(dispatcher, ids)
        resumer = Resumer(
            backlog=backlog,
            epoch=lambda: journal.journal_id.hex,
            venue_known=lambda id_: node.shared(Address(ActorKind.VENUE, id_)) is not None,
            last_seq=rooms.last_seq,
            missed=rooms.missed_events,
        )
        services = Services(
            authenticate=sockets.authenticate,
            resume=resumer.resume,
            command=sockets.command,
            now=clock.now,
        )
        nursery = await enter(trio.open_nursery())
        nursery.start_soon(watch_loop, metrics)
        measure(metrics, node=node, hub=hub, journal=journal, write_behind=write_behind)
        nursery.start_soon(_freeze_when_ready, node, collector)
        door = await enter(
            open_front_door(
                host=settings.host,
                port=settings.port,
                handler=HttpGateway(dispatcher, metrics).handle,
                sockets={
                    "/ws": SocketEndpoint(
                        lambda socket: serve_realtime(socket, hub, services), SUBPROTOCOL
                    )
                },
                tls=_tls_of(settings),
                settings=WebSettings(
                    origins=Origins.of(settings.cors_origins),
                    proxies=Proxies(settings.trusted_proxies),
                    methods_at=methods_at,
                ),
            )
        )
        log.info("listening", host=settings.host, port=door.port)
        yield Running(node=node, door=door, health=health, write_behind=write_behind)
        health.draining = True
        await _drain(node, write_behind)
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def _open_database(settings: Settings, places: Places) -> AsyncIterator[Database]:
    """The operator's database, or the node's own server."""
    async with AsyncExitStack() as stack:
        url = settings.database_url
        if url is None:
            server = await stack.enter_async_context(open_embedded_server(places.postgres))
            url = server.url
        yield await stack.enter_async_context(open_database(url))


def _secrets(settings: Settings, places: Places) -> Secrets:
    return Secrets(
        keys=load_or_make_keys(settings.jwt_keys or places.signing_keys),
        refresh=load_or_make_secret(places.refresh_secret),
        codes=load_or_make_secret(places.code_secret),
    )


async def _freeze_when_ready(node: Node, collector: Collector) -> None:
    await node.wait_ready()
    collector.freeze()
    log.info("ready")


async def _drain(node: Node, write_behind: WriteBehind) -> None:
    """Answer what was taken, and bring it into the database if that answers."""
    with trio.move_on_after(DRAIN_S, shield=True) as scope:
        await node.drain()
        if not write_behind.away:
            await write_behind.wait_flushed(node.last_position)
    if scope.cancelled_caught:
        log.warning("drained_in_part", reason="the journal keeps the rest for the next start")


def _tls_of(settings: Settings) -> TlsFiles | None:
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    return TlsFiles(certificate=settings.tls_certificate, key=settings.tls_key)
