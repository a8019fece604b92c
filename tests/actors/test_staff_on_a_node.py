"""Shifts, tills and an SOS on a whole node in memory, over crashes, with the real venue."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import msgspec
import trio
from trio.testing import MockClock

from actors.account.behaviour import ACCOUNT
from actors.platform.behaviour import PLATFORM
from actors.runtime.answers import Answer
from actors.staff.behaviour import STAFF
from actors.venue.behaviour import VENUE
from lastlight.demo.place import demo_venue
from protocol.addresses import ActorKind, Address, Principal, Role
from protocol.commands import Command
from protocol.errors import Code
from protocol.internal.emergencies import AlertPeople
from protocol.operations.safety import RaiseSos, RespondSos, SosAction
from protocol.operations.staff import ClockIn, ClockOut, CloseTill, Counted, OpenTill
from protocol.operations.transactions import TopUpCredits
from protocol.records.ledger import Till
from protocol.records.money import Credits
from protocol.records.money_states import Tender, TillStatus
from protocol.records.runtime import DrawerInUse, DutyPlace
from protocol.records.safety import Incident, IncidentEvent
from protocol.records.staff import ShiftHandover, StaffShift
from protocol.records.states import IncidentStatus, ShiftStatus
from protocol.values import Fix
from tests.actors.account.wallets import USER, a_user
from tests.actors.deciding import NOW, a_principal
from tests.twins.nodes import Running, World, open_memory_node
from tests.twins.outside import TimedIds, TrioClock

BEHAVIOURS: Final = {
    ActorKind.VENUE: VENUE,
    ActorKind.STAFF: STAFF,
    ActorKind.ACCOUNT: ACCOUNT,
    ActorKind.PLATFORM: PLATFORM,
}
PLACE: Final = demo_venue(NOW)
AT_VENUE: Final = Address(ActorKind.VENUE, PLACE.id)
ONE, TWO, BOSS = (
    a_principal(UUID(int=0xD0 + n), role, PLACE.id)
    for n, role in enumerate((Role.STAFF, Role.STAFF, Role.MANAGEMENT))
)


def a_world() -> World:
    """A venue and a patron, and ids that tell the time."""
    clock = TrioClock()
    world = World(clock=clock, ids=TimedIds(clock))
    for record in (PLACE, a_user()):
        rows = world.database.rows.setdefault(type(record).table.name, {})
        rows[record.primary_key] = record
    return world


class House:
    """A node, and people who ask it."""

    def __init__(self, running: Running, world: World) -> None:
        self.node = running.node
        self.journal = running.journal
        self.write_behind = running.write_behind
        self.world = world

    async def ask(self, who: Principal, command: Command, at: Address | None = None) -> Answer:
        """Put a command, by default to the actor of whoever asks."""
        own = Address(ActorKind.STAFF, who.user_id)
        return await self.node.ask(at or own, command, principal=who)

    async def need(self, who: Principal, command: Command, at: Address | None = None) -> Any:
        """The body of an answer that must not be a refusal."""
        answer = await self.ask(who, command, at)
        assert answer.refusal is None, answer.refusal
        return msgspec.json.decode(answer.body)

    async def clock_in(self, who: Principal) -> Any:
        where = Fix(lat=PLACE.lat, lon=PLACE.lon, accuracy_m=5.0, fix_at=self.world.clock.now())
        return await self.need(who, ClockIn(venue_id=PLACE.id, location=where))

    async def press(self, who: Principal) -> UUID:
        """Press SOS, named as the gateway names it."""
        command = RaiseSos(incident_id=self.world.ids.fresh())
        return UUID((await self.need(who, command, AT_VENUE))["incident_id"])

    async def respond(self, who: Principal, action: SosAction, incident_id: UUID) -> Answer:
        return await self.ask(who, RespondSos(incident_id=incident_id, action=action), AT_VENUE)

    async def rows(self, kind: type[Any]) -> list[Any]:
        """The rows of a table, once everything durable is in it."""
        await self.journal.wait_durable(self.journal.last)
        await self.write_behind.wait_flushed(self.journal.durable)
        return list(self.world.database.rows.get(kind.table.name, {}).values())


@asynccontextmanager
async def open_house(world: World) -> AsyncIterator[House]:
    """Run a node in this world; leaving is a crash."""
    async with open_memory_node(world, BEHAVIOURS) as running:
        await running.node.activate(AT_VENUE)
        yield House(running, world)


async def test_a_shift_and_its_till_from_begin_to_end(autojump_clock: MockClock) -> None:
    """Clock in, take a drawer, take cash, count, hand over, leave: and the venue knows each."""
    async with open_house(a_world()) as house:
        await house.clock_in(ONE)
        await house.clock_in(TWO)
        drawer = OpenTill(drawer="bar", opening_float_minor=1000)
        till_id = UUID((await house.need(ONE, drawer))["till_id"])
        refusal = (await house.ask(TWO, drawer)).refusal
        assert refusal is not None
        assert refusal.code is Code.DRAWER_IN_USE
        cash = TopUpCredits(venue_id=PLACE.id, tender=Tender.CASH, amount_minor=700)
        await house.need(ONE, cash, Address(ActorKind.ACCOUNT, USER))
        (wallet,) = await house.rows(Credits)
        assert wallet.paid_minor == 700
        refusal = (await house.ask(ONE, ClockOut())).refusal
        assert refusal is not None
        assert refusal.code is Code.TILL_OPEN
        counted = (Counted(denomination_minor=100, count=17),)
        closed = await house.need(ONE, CloseTill(till_id=till_id, counted=counted))
        assert (closed["status"], closed["variance_minor"]) == ("closed", 0)
        refusal = (await house.ask(ONE, ClockOut())).refusal
        assert refusal is not None
        assert refusal.code is Code.HANDOVER_REQUIRED
        await house.need(ONE, ClockOut(note="ice is low"))
        await house.need(TWO, ClockOut())
        assert len(await house.rows(ShiftHandover)) == 1
        assert await house.rows(DutyPlace) == []
        assert await house.rows(DrawerInUse) == []
        assert {shift.status for shift in await house.rows(StaffShift)} == {ShiftStatus.ENDED}


async def test_a_forgotten_shift_needs_review_after_a_crash_too(
    autojump_clock: MockClock,
) -> None:
    """The timer is a row like any other: it fires on whichever node is there."""
    world = a_world()
    async with open_house(world) as house:
        await house.clock_in(ONE)
        await house.need(ONE, OpenTill(drawer="bar", opening_float_minor=0))
        await house.rows(Till)
    await trio.sleep(24 * 3600)
    async with open_house(world) as house:
        await trio.sleep(60)
        (shift,) = await house.rows(StaffShift)
        (till,) = await house.rows(Till)
        assert (shift.status, shift.ended_at) == (ShiftStatus.NEEDS_REVIEW, None)
        assert till.status is TillStatus.ENDED
        assert await house.rows(DutyPlace) == []
        await house.clock_in(ONE)


async def test_an_sos_gets_louder_at_its_times_over_a_crash(autojump_clock: MockClock) -> None:
    """Tiers at 30, 90 and 180 s; a node that was away at 90 s catches up as soon as it is back."""
    world = a_world()
    async with open_house(world) as house:
        for who in (ONE, TWO, BOSS):
            await house.clock_in(who)
        id_ = await house.press(ONE)
        assert [e.type for e in world.publisher.urgent] == ["emergency.sos_raised"]
        await trio.sleep(45)
        assert [t.data["tier"] for t in _told(world, "emergency.sos_escalated")] == [1]
    await trio.sleep(60)
    async with open_house(world) as house:
        await trio.sleep(1)
        assert [t.data["tier"] for t in _told(world, "emergency.sos_escalated")] == [1, 2]
        await trio.sleep(200)
        assert [t.data["tier"] for t in _told(world, "emergency.sos_escalated")][:4] == [1, 2, 3, 3]
        replies = [await house.respond(who, SosAction.ACKNOWLEDGE, id_) for who in (ONE, TWO, BOSS)]
        assert [r.refusal.code if r.refusal else None for r in replies] == [
            Code.SELF_ACK,
            None,
            Code.ALREADY_ACKNOWLEDGED,
        ]
        await house.respond(TWO, SosAction.ON_SCENE, id_)
        before = len(_told(world, "emergency.sos_escalated"))
        await trio.sleep(3600)
        assert len(_told(world, "emergency.sos_escalated")) == before
        await house.respond(TWO, SosAction.RESOLVE, id_)
        (incident,) = await house.rows(Incident)
        assert incident.status is IncidentStatus.RESOLVED
        lines = sorted(await house.rows(IncidentEvent), key=lambda line: line.seq)
        assert [line.seq for line in lines] == list(range(1, incident.version + 1))
        previous = [bytes(32), *(line.hash for line in lines)]
        assert [line.prev_hash for line in lines] == previous[:-1]
        alerts = [m.command for m in world.effects.done if isinstance(m.command, AlertPeople)]
        assert [alert.tier for alert in alerts][:3] == [0, 1, 2]


async def test_whoever_is_on_duty_is_found_at_their_venue(autojump_clock: MockClock) -> None:
    """An SOS goes to the venue of the shift, the last one if there is none open."""
    world = a_world()
    own = Address(ActorKind.STAFF, ONE.user_id)
    async with open_house(world) as house:
        assert house.node.shared(own) is None
        await house.clock_in(ONE)
        assert house.node.shared(own) == PLACE.id
        await house.need(ONE, ClockOut())
        await house.rows(StaffShift)
    async with open_house(world) as house:
        await house.node.activate(own)
        assert house.node.shared(own) == PLACE.id


def _told(world: World, kind: str) -> list[Any]:
    return [event for event in world.publisher.events if event.type == kind]
