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

from actors.runtime.generation import Ports
from actors.runtime.node import Node, open_node
from lastlight.assembly import Secrets, Surroundings, make_dispatcher
from lastlight.auth.keys import load_or_make_keys, load_or_make_secret
from lastlight.auth.passwords import Passwords
from lastlight.auth.ratelimit import RateLimits
from lastlight.auth.revocations import Revocations
from lastlight.beginning import Beginning
from lastlight.behaviours import BEHAVIOURS
from lastlight.clocks import SystemClock, system_ids
from lastlight.compose_effects import make_effects
from lastlight.compose_jobs import make_scheduler, run_jobs
from lastlight.compose_storage import Storage, open_storage
from lastlight.compose_ways_in import make_resumer, open_ways_in
from lastlight.demo.founding import Founder
from lastlight.front_door import FrontDoor
from lastlight.gateway.health import Health
from lastlight.gateway.house import requests_most
from lastlight.gateway.presences import Presences
from lastlight.gateway.projections import Projecting
from lastlight.gateway.queries import Queries
from lastlight.integrations.cards import Cards, make_cards, open_provider
from lastlight.integrations.notifications.notifier import Notifier
from lastlight.integrations.notifications.opening import open_notifier
from lastlight.integrations.outside import Outside
from lastlight.integrations.payments import PaymentProvider
from lastlight.integrations.performing import Performing
from lastlight.integrations.personal import PersonalData
from lastlight.jobs.scheduler import Scheduler
from lastlight.measuring import measure
from lastlight.metrics import Metrics
from lastlight.places import Places, make_places
from lastlight.process import freeze, open_tamed_process, watch_loop
from lastlight.realtime.attending import Attending
from lastlight.realtime.backlog import Backlog
from lastlight.realtime.hub import Hub
from lastlight.realtime.polling import Polling
from lastlight.realtime.publisher import RoomPublisher
from lastlight.settings import Settings
from lastlight.watching import Watch
from protocol.ids import MonotonicIds
from storage.write_behind.standing import Standing

log = structlog.get_logger(__name__)
DRAIN_S = 20.0
"""How long a graceful end waits for what was taken, and then for the flush of it."""


@attrs.frozen(kw_only=True, eq=False)
class Running:
    """A node that runs."""

    node: Node
    door: FrontDoor
    health: Health
    write_behind: Standing


@attrs.frozen(kw_only=True, eq=False)
class _Own:
    """What is this process's own, and in no file."""

    places: Places
    provider: PaymentProvider
    clock: SystemClock = attrs.field(factory=SystemClock)
    ids: MonotonicIds = attrs.field(
        default=attrs.Factory(lambda self: system_ids(self.clock), takes_self=True)
    )
    metrics: Metrics = attrs.field(factory=Metrics)
    passwords: Passwords = attrs.field(factory=Passwords)
    revocations: Revocations = attrs.field(factory=Revocations)
    publisher: RoomPublisher = attrs.field(
        default=attrs.Factory(
            lambda self: RoomPublisher(
                Hub(),
                Backlog(),
                self.metrics,
                self.revocations,
                attending=Attending(self.clock.now),
            ),
            takes_self=True,
        )
    )


@asynccontextmanager
async def open_last_light(settings: Settings, *, demo: bool = False) -> AsyncIterator[Running]:
    """Run a node; leaving the block drains it.

    Raises:
        LastLightError: it can't run as told; the message says what to do.
    """
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        await enter(open_tamed_process())
        own = _Own(
            places=make_places(settings.data_dir),
            provider=await enter(open_provider(settings.stripe_api_key, settings.stripe_api_base)),
        )
        storage = await enter(open_storage(settings, own.places, own.clock, own.metrics))
        mailbox = Outside(own.places.mail).perform
        notifier = await enter(
            open_notifier(
                settings,
                book=storage.reaching,
                mailbox=mailbox,
                now=own.clock.now,
                count=own.metrics.count_delivery,
            )
        )
        effects = make_effects(
            storage, provider=own.provider, notifier=notifier, personal=_personal(own, storage)
        )
        node = await enter(open_node(_ports(own, storage, effects, demo=demo), BEHAVIOURS))
        cards = _cards(settings, own, storage, node)
        scheduler = make_scheduler(
            node=node,
            storage=storage,
            reconcile=cards.reconciler.reconcile,
            metrics=own.metrics,
            now=own.clock.now,
        )
        health = _health(own, storage, node, notifier, scheduler)
        around = _surroundings(settings, own, storage, node, health, cards)
        dispatcher = make_dispatcher(attrs.evolve(around, standing=scheduler.standing))

        nursery = await enter(trio.open_nursery())
        # Not before the door is closed: it lets answers out that are still being written.
        stack.callback(nursery.cancel_scope.cancel)
        nursery.start_soon(watch_loop, own.metrics)
        nursery.start_soon(own.publisher.run, node)
        nursery.start_soon(run_jobs, node, scheduler)
        nursery.start_soon(cards.applier.run)
        nursery.start_soon(_freeze_when_ready, node)
        measure(
            own.metrics,
            node=node,
            hub=own.publisher.hub,
            passwords=own.passwords,
            storage=storage,
        )
        door = await enter(
            open_ways_in(
                settings,
                node=node,
                storage=storage,
                publisher=own.publisher,
                dispatcher=dispatcher,
                metrics=own.metrics,
            )
        )
        log.info("listening", host=settings.host, port=door.port)
        yield Running(node=node, door=door, health=health, write_behind=storage.write_behind)
        health.draining = True
        await _drain(node, storage.write_behind)


def _health(
    own: _Own, storage: Storage, node: Node, notifier: Notifier, scheduler: Scheduler
) -> Health:
    return Health(
        node=node,
        write_behind=storage.write_behind,
        payments_on=own.provider.on,
        ways_on=notifier.on,
        payments_rest=lambda: own.provider.rests,
        ways_rest=notifier.resting,
        jobs_in_trouble=scheduler.in_trouble,
    )


def _ports(own: _Own, storage: Storage, effects: Performing, *, demo: bool) -> Ports:
    beginning = Beginning(
        rooms=storage.rooms,
        room_views=storage.room_views,
        loader=storage.loader,
        revocations=own.revocations,
        backlog=own.publisher.backlog,
        clock=own.clock,
        founder=Founder(
            storage.journal, storage.write_behind, storage.loader, own.passwords, own.clock
        )
        if demo
        else None,
    )
    return Ports(
        journal=storage.journal,
        flushed=storage.write_behind,
        loader=storage.loader,
        publisher=own.publisher,
        effects=effects,
        clock=own.clock,
        ids=own.ids,
        observer=Watch(
            revocations=own.revocations,
            hub=own.publisher.hub,
            now=own.clock.now,
        ),
        founding=beginning.begin,
    )


def _cards(settings: Settings, own: _Own, storage: Storage, node: Node) -> Cards:
    return make_cards(
        node=node,
        provider=own.provider,
        inbox=storage.inbox,
        books=storage.reconciliations,
        durable=storage.durable,
        webhook_secrets=settings.stripe_webhook_secret,
        now=own.clock.now,
        count=own.metrics.count_webhook,
    )


def _personal(own: _Own, storage: Storage) -> PersonalData:
    return PersonalData(tables=storage.people, durable=storage.durable, folder=own.places.exports)


def _surroundings(
    settings: Settings, own: _Own, storage: Storage, node: Node, health: Health, cards: Cards
) -> Surroundings:
    queries = Queries(reader=storage.reader, durable=storage.durable, now=own.clock.now)
    polling = Polling(
        resume=make_resumer(node, storage, own.publisher).resume,
        check=own.revocations.check,
        bells=own.publisher.bells,
        polled=own.publisher.attending.polled,
    )
    return Surroundings(
        node=node,
        publisher=own.publisher,
        ids=own.ids,
        now=own.clock.now,
        secrets=Secrets(
            keys=load_or_make_keys(settings.jwt_keys or own.places.signing_keys),
            refresh=load_or_make_secret(own.places.refresh_secret),
            codes=load_or_make_secret(own.places.code_secret),
        ),
        passwords=own.passwords,
        read_export=_personal(own, storage).read,
        revocations=own.revocations,
        rate_limits=RateLimits(
            trio.current_time, enabled=settings.rate_limits, most=requests_most(node)
        ),
        health=health,
        metrics=own.metrics,
        queries={
            **Presences(own.publisher.attending.presence, node).over(queries.answers()),
            "room_events": polling.read_events,
            "projections": Projecting(
                read=queries.history,
                keep=storage.keeper.keep_forecast,
                fresh_id=own.ids.fresh,
                now=own.clock.now,
            ).project,
        },
        system=settings.shown(),
        balances=queries.balances,
        dead_letters=storage.jobs.dead_letters,
        cards=cards,
    )


async def _freeze_when_ready(node: Node) -> None:
    await node.wait_ready()
    freeze()
    log.info("ready")


async def _drain(node: Node, write_behind: Standing) -> None:
    """Answer what was taken, and bring it into the database if that answers."""
    with trio.move_on_after(DRAIN_S, shield=True) as scope:
        await node.drain()
        if not write_behind.away:
            await write_behind.wait_flushed(node.last_position)
    if scope.cancelled_caught:
        log.warning("drained_in_part", reason="the journal keeps the rest for the next start")
