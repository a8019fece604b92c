"""Worlds that nights begin in: two houses in two time zones, on a usual day and on odd ones.

Founding takes a second, so it is done once, and each night begins with a copy. The first house is
the demo's, in Tokyo; the second is in Berlin, where the clock is changed twice a year.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID, uuid5

import attrs
import structlog
import trio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from trio.testing import MockClock

from lastlight.assembly import Secrets
from lastlight.auth.keys import KeyRing, SigningKey
from lastlight.demo import fixture
from lastlight.demo.ids import DEMO_VENUE, Kind, demo_id
from lastlight.demo.place import demo_venue
from protocol.addresses import ActorKind, Address
from protocol.entries import Entry, encode_entry
from protocol.journal import Urgency
from protocol.records.base import Record
from protocol.records.inventory import Game, InventoryLevel, KaraokeRoom, MenuItem, StockMovement
from tests.replacing import replaced
from tests.simulation.clocks import KeepingClock
from tests.simulation.databases import FaultyDatabase
from tests.simulation.disks import KeepingDisk
from tests.simulation.seeded import everything_random_from
from tests.twins import whole
from tests.twins.nodes import World
from tests.twins.outside import OPENING, TimedIds, TrioClock
from tests.twins.people import VENUE, sign_in
from tests.twins.whole import LastLight, open_memory_last_light

SECOND: Final = demo_id(Kind.VENUE, 2)
SECOND_TZ: Final = "Europe/Berlin"
PATRONS_FOUNDED: Final = 10
BEGINNINGS: Final = (
    OPENING,
    datetime(2026, 10, 24, 17, 0, tzinfo=UTC),
    datetime(2027, 3, 27, 18, 0, tzinfo=UTC),
)
"""A Friday in November; the evenings before clocks in Berlin are set back, and forward."""


def found(beginning: datetime) -> World:
    """A world with both houses and ten guests, everything flushed; always the same."""
    with everything_random_from(0), _few_guests(), steady_secrets():
        clock = TrioClock(start=beginning)
        world = World(
            clock=clock,
            ids=TimedIds(clock),
            disk=KeepingDisk(journal_id=UUID(int=beginning.toordinal())),
            database=FaultyDatabase(clock.now),
        )
        trio.run(_found, world, clock=MockClock(autojump_threshold=0))
    world.publisher.events.clear()
    world.effects.done.clear()
    return world


def again(founded: World) -> World:
    """A copy of a world, at the moment when it was founded."""
    with replaced(whole, "TrioClock", KeepingClock):
        world = whole.copy_of(founded)
    assert isinstance(founded.disk, KeepingDisk)
    assert isinstance(world.disk, KeepingDisk)
    world.disk.history = [*founded.disk.known()]
    world.disk.taken_n = founded.disk.taken_n
    world.clock.start = founded.clock.start
    world.clock.step = timedelta(minutes=1)
    return world


@contextmanager
def steady_secrets() -> Iterator[None]:
    """Tokens are signed by the same keys each time, so that they are the same, too."""
    keys = tuple(SigningKey(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in (1, 2))
    secrets = Secrets(keys=KeyRing(keys), refresh=bytes(32), codes=bytes(range(32)))
    with replaced(whole, "SECRETS", secrets):
        yield


@contextmanager
def quiet_logs() -> Iterator[None]:
    """Nobody reads what a thousand nodes log."""
    before = structlog.get_config()
    structlog.configure(processors=[_drop], wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        yield
    finally:
        structlog.configure(**before)


def _drop(_logger: object, _method: str, _event: object) -> str:
    raise structlog.DropEvent


@contextmanager
def _few_guests() -> Iterator[None]:
    with replaced(fixture, "PATRONS", PATRONS_FOUNDED):
        yield


async def _found(world: World) -> None:
    async with open_memory_last_light(world) as house:
        second = Entry(
            actor=Address(ActorKind.VENUE, SECOND),
            at=world.clock.now(),
            cause=None,
            changes=tuple(_rows_of_second(world)),
            appends=tuple(_there(row) for row in sorted_rows(world, StockMovement)),
        )
        house.journal.append_nowait(encode_entry(second), urgency=Urgency.COMMAND)
        await house.wait_flushed()
    async with open_memory_last_light(world) as house:
        await _give_work(house)
        await house.wait_flushed()


def _rows_of_second(world: World) -> list[Record]:
    """The second house has what the first has, each thing with an id of its own."""
    venue = demo_venue(world.clock.now()).evolve(id=SECOND, name="Last Light Second", tz=SECOND_TZ)
    kinds: tuple[type[Record], ...] = (Game, KaraokeRoom, MenuItem, InventoryLevel)
    return [venue, *(_there(row) for kind in kinds for row in sorted_rows(world, kind))]


def sorted_rows(world: World, kind: type[Record]) -> list[Record]:
    """All rows of a kind, in the order of their keys."""
    found = world.database.table(kind)
    return [found[key] for key in sorted(found, key=str)]


def there(id_: UUID) -> UUID:
    """The id that a thing of the first house has in the second."""
    return SECOND if id_ == DEMO_VENUE else uuid5(SECOND, str(id_))


def _there(row: Record) -> Record:
    names = {field.name for field in attrs.fields(cast("Any", type(row)))}
    changed = {
        name: there(getattr(row, name))
        for name in ("id", "venue_id", "item_id")
        if name in names and getattr(row, name) is not None
    }
    return row.evolve(**changed)


async def _give_work(house: LastLight) -> None:
    """One of staff works in both houses, one only in the second, and one runs that."""
    owner = await sign_in(house, "owner")
    proved = await owner.need(200, "POST", "/api/auth/step-up", {"password": "last-light-demo"})
    owner.token = proved["access_token"]
    for name, venue_id, roles in (
        ("staff3", str(SECOND), ["staff"]),
        ("staff4", str(SECOND), ["staff"]),
        ("staff4", VENUE, []),
        ("staff5", str(SECOND), ["management"]),
        ("staff5", VENUE, []),
    ):
        person = next(one for one in fixture.demo_people() if one.name == name)
        body = {"venue_id": venue_id, "roles": roles}
        key = f"{name}{venue_id}"
        await owner.need(200, "PUT", f"/api/users/{person.user_id}/roles", body, key=key)
