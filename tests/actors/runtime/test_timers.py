"""A deadline fires once, however the node was interrupted."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import attrs
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.runtime.timers import Timers
from protocol.addresses import ActorKind
from protocol.entries import decode_entry, decode_message
from protocol.internal.forgetting import ForgetFiredTimers
from protocol.limits import TIMER_HORIZON_S
from protocol.messages import Message
from protocol.records.platform import ActorTimer
from protocol.records.runtime import DeadLetter
from tests.actors.runtime.asking import ask, count_in
from tests.actors.runtime.toy_commands import (
    Add,
    Break,
    Look,
    StopWaiting,
    Wait,
)
from tests.actors.runtime.toys import purse_of, toys
from tests.twins.database import MemoryDatabase
from tests.twins.nodes import World, open_memory_node
from tests.twins.outside import OPENING, CountingIds, TrioClock


async def test_a_timer_fires_once_and_over_a_crash(autojump_clock: MockClock) -> None:
    """A deadline that a restart forgets is a promise broken in silence."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, Wait(seconds=60))
        await ask(running.node, Wait(seconds=30, name="other"))
        await ask(running.node, StopWaiting(name="other"))
    async with open_memory_node(world, toys()) as running:
        await trio.sleep(59)
        assert count_in(await ask(running.node, Look())) == 0
        await trio.sleep(2)
        assert count_in(await ask(running.node, Look())) == 1
    async with open_memory_node(world, toys()) as running:
        await trio.sleep(120)
        assert count_in(await ask(running.node, Look())) == 1


async def test_a_timer_fires_in_the_node_that_it_was_set_in(autojump_clock: MockClock) -> None:
    """Most deadlines are minutes away, and no restart or page brings them in."""
    async with open_memory_node(World(), toys()) as running:
        await ask(running.node, Wait(seconds=60))
        await trio.sleep(61)
        assert count_in(await ask(running.node, Look())) == 1
        await ask(running.node, Wait(seconds=60))
        await trio.sleep(61)
        assert count_in(await ask(running.node, Look())) == 2


async def test_what_a_timer_sent_is_done_once_its_bug_is_mended(autojump_clock: MockClock) -> None:
    """It has fired and nobody asks again, so a meter would stand still for good."""
    broken = toys()
    purse = broken[ActorKind.IDENTITY]
    broken[ActorKind.IDENTITY] = attrs.evolve(
        purse, decisions={**purse.decisions, Add: purse.decisions[Break]}
    )
    world = World()
    async with open_memory_node(world, broken) as running:
        await ask(running.node, Wait(seconds=60))
        await trio.sleep(61)
        await running.write_behind.wait_flushed(running.journal.last)
    (letter,) = world.database.table(DeadLetter).values()
    assert letter.replayable
    async with open_memory_node(world, toys()) as running:
        assert count_in(await ask(running.node, Look())) == 0
        running.node.replay(letter.message_id, decode_message(letter.payload))
    for _ in range(2):
        async with open_memory_node(world, toys()) as running:
            await trio.sleep(61)
            await running.write_behind.wait_flushed(running.journal.last)
            assert count_in(await ask(running.node, Look())) == 1
    assert world.database.table(DeadLetter) == {}


async def test_a_timer_set_to_what_it_is_writes_nothing(autojump_clock: MockClock) -> None:
    """Takings are told once a second and booked with every sale: each would write the timer anew.

    One set to another time is written, and one that has fired may be set to any.
    """
    async with open_memory_node(World(), toys()) as running:
        await ask(running.node, Wait(seconds=60))
        written: list[bytes] = []
        running.journal.spy = written.append
        await trio.sleep(10)
        await ask(running.node, Wait(seconds=50))
        assert _timers_in(written) == 0
        await ask(running.node, Wait(seconds=51))
        assert _timers_in(written) == 1
        await trio.sleep(52)
        assert count_in(await ask(running.node, Look())) == 1
        await ask(running.node, Wait(seconds=0))
        await trio.sleep(1)
        assert count_in(await ask(running.node, Look())) == 2


async def test_a_timer_that_came_due_while_the_node_was_down_fires_at_the_start(
    autojump_clock: MockClock,
) -> None:
    """Timers are re-armed before the node is ready, whoever's they are and however late.

    Rule 2 timers_kept.
    """
    world = World()
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, Wait(seconds=60))
        await ask(running.node, Wait(seconds=60), of=purse_of(5))
        await running.write_behind.wait_flushed(running.journal.durable)
    await trio.sleep(3600)
    async with open_memory_node(world, toys()) as running:
        await trio.sleep(1)
        assert count_in(await ask(running.node, Look())) == 1
        assert count_in(await ask(running.node, Look(), of=purse_of(5))) == 1


@attrs.define(eq=False)
class Desk:
    """Timers over a database that the test fills and holds up."""

    clock: TrioClock = attrs.field(factory=TrioClock)
    sent: list[Message] = attrs.field(factory=list)
    flushed: trio.Event = attrs.field(factory=trio.Event)
    database: MemoryDatabase = attrs.field(init=False)
    timers: Timers = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.database = MemoryDatabase(self.clock.now)
        self.timers = Timers(
            self.database, CountingIds(), self.clock.now, self.sent.append, self.flushed.wait
        )

    def keep(self, timer: ActorTimer) -> None:
        """Let a timer be in the database."""
        self.database.rows.setdefault("actor_timers", {})[timer.primary_key] = timer


def a_timer(hours: float, *, name: str = "later", version: int = 1) -> ActorTimer:
    """A timer that counts one more, so many hours after the opening."""
    return ActorTimer(
        actor_type=ActorKind.IDENTITY,
        actor_id=UUID(int=1),
        name=name,
        due_at=OPENING + timedelta(hours=hours),
        payload={"command": "Add", "data": {}},
        version=version,
    )


HORIZON_H = TIMER_HORIZON_S / 3600


async def test_a_late_timer_is_found_although_the_database_was_behind(
    mock_clock: MockClock,
) -> None:
    """Paged in from before the catching up, it would be neither here nor asked for again."""
    desk = Desk()
    await desk.timers.page_in()
    late = a_timer(HORIZON_H + 6)
    desk.timers.arm(late)
    mock_clock.jump(TIMER_HORIZON_S / 2 + 60)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.timers.run)
        nursery.start_soon(desk.timers.run_paging)
        await wait_all_tasks_blocked()
        desk.keep(late)
        desk.flushed.set()
        await wait_all_tasks_blocked()
        mock_clock.jump(TIMER_HORIZON_S / 2 + 6 * 3600)
        await wait_all_tasks_blocked()
        assert [message.timer for message in desk.sent] == [("later", late.due_at)]
        nursery.cancel_scope.cancel()


async def test_what_is_due_is_sent_while_later_timers_are_paged_in(
    mock_clock: MockClock,
) -> None:
    """The next tier of an SOS must not wait for a database that does not answer."""
    desk = Desk()
    await desk.timers.page_in()
    mock_clock.jump(TIMER_HORIZON_S / 2 + 60)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.timers.run)
        nursery.start_soon(desk.timers.run_paging)
        await wait_all_tasks_blocked()
        desk.timers.arm(a_timer(1))
        await wait_all_tasks_blocked()
        assert len(desk.sent) == 1
        nursery.cancel_scope.cancel()


async def test_a_timer_that_is_set_while_others_are_paged_in_is_not_lost(
    mock_clock: MockClock,
) -> None:
    """Due after the old horizon and before the new one, it is in no page and must be kept here.

    And what a page says of a timer that was set anew or cancelled meanwhile is old.
    """
    desk = Desk()
    await desk.timers.page_in()
    mock_clock.jump(TIMER_HORIZON_S / 2 + 60)
    for name in ("moved", "cancelled"):
        desk.keep(a_timer(HORIZON_H + 1, name=name))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.timers.run_paging)
        await wait_all_tasks_blocked()
        desk.timers.arm(a_timer(HORIZON_H + 2))
        desk.timers.arm(a_timer(HORIZON_H + 3, name="moved", version=2))
        desk.timers.disarm(a_timer(0, name="cancelled").primary_key)
        desk.flushed.set()
        await wait_all_tasks_blocked()
        nursery.start_soon(desk.timers.run)
        mock_clock.jump(TIMER_HORIZON_S)
        await wait_all_tasks_blocked()
        names = [message.timer[0] for message in desk.sent if message.timer is not None]
        assert names == ["later", "moved"]
        nursery.cancel_scope.cancel()


async def test_timers_that_were_replaced_take_no_room() -> None:
    """A deadline that moves with every message of a night must not be kept once per message."""
    desk = Desk()
    await desk.timers.page_in()
    for at in range(20_000):
        desk.timers.arm(a_timer(1 + at / 10_000, version=at + 1))
    assert len(desk.timers) == 1
    assert desk.timers.places <= 2_000


async def test_timers_that_fired_long_ago_are_forgotten_by_their_actor(
    autojump_clock: MockClock,
) -> None:
    """Only it knows their versions: one of the same name may be set anew the moment after."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, Wait(seconds=5, name="early"))
        await ask(running.node, Wait(seconds=3600, name="late"))
        await trio.sleep(60)
        before = world.clock.now()
        await ask(running.node, ForgetFiredTimers(before=before - timedelta(minutes=5)))
        await running.wait_flushed()
        assert len(world.database.table(ActorTimer)) == 2
        await ask(running.node, ForgetFiredTimers(before=before))
        await running.wait_flushed()
        (left,) = world.database.table(ActorTimer).values()
        assert left.name == "late"
        await ask(running.node, Wait(seconds=5, name="early"))
        await trio.sleep(60)
        await running.wait_flushed()
        assert len(world.database.table(ActorTimer)) == 2
        assert world.database.kept_aside == []


def _timers_in(entries: list[bytes]) -> int:
    rows = (row for data in entries for row in decode_entry(data).changes)
    return sum(isinstance(row, ActorTimer) for row in rows)
