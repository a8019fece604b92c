"""Thousands of timers in one heap: none is lost while pages come in, and none holds others up."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.runtime.timers import Timers
from protocol.addresses import ActorKind
from protocol.commands import Command
from protocol.limits import TIMER_HORIZON_S
from protocol.messages import Message
from protocol.records.platform import ActorTimer
from tests.actors.runtime.toy_commands import Add, Shout
from tests.twins.database import MemoryDatabase
from tests.twins.outside import OPENING, CountingIds, TrioClock


@attrs.define(eq=False)
class Turns(trio.abc.Instrument):
    """How much was sent when each turn of the loop was over."""

    sent: list[Message]
    counts: list[int] = attrs.field(factory=list)

    def before_io_wait(self, timeout: float) -> None:
        """Every task that could run has had its turn."""
        self.counts.append(len(self.sent))


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

    async def counts_of_turns(self) -> list[int]:
        """Let all that is due be sent; returns how much was when each turn was over."""
        turns = Turns(self.sent)
        async with trio.open_nursery() as nursery:
            trio.lowlevel.add_instrument(turns)
            nursery.start_soon(self.timers.run)
            await wait_all_tasks_blocked()
            trio.lowlevel.remove_instrument(turns)
            nursery.cancel_scope.cancel()
        return turns.counts


def a_timer(
    hours: float, *, name: str = "later", version: int = 1, command: type[Command] = Add
) -> ActorTimer:
    """A timer so many hours after the opening, that counts one more."""
    return ActorTimer(
        actor_type=ActorKind.IDENTITY,
        actor_id=UUID(int=1),
        name=name,
        due_at=OPENING + timedelta(hours=hours),
        payload={"command": command.__name__, "data": {}},
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


@pytest.mark.parametrize(("late_s", "at_once"), [(0, 1), (0.9, 1), (10, 11), (86_400, 100)])
async def test_what_is_due_together_leaves_others_their_turns(
    mock_clock: MockClock, late_s: float, at_once: int
) -> None:
    """Visits that began together are metered together, and meanwhile somebody wants to pay."""
    desk = Desk()
    await desk.timers.page_in()
    for number in range(250):
        desk.timers.arm(a_timer(1, name=f"number {number}"))
    mock_clock.jump(3600 + late_s)
    counts = await desk.counts_of_turns()
    assert max(after - before for before, after in pairwise([0, *counts])) == at_once
    assert len({message.timer for message in desk.sent}) == 250


async def test_what_was_cancelled_costs_nobody_a_turn(mock_clock: MockClock) -> None:
    """Its place is skipped, and the next one that counts is sent."""
    desk = Desk()
    await desk.timers.page_in()
    for number in range(250):
        timer = a_timer(1, name=f"number {number}")
        desk.timers.arm(timer)
        desk.timers.disarm(timer.primary_key)
    desk.timers.arm(a_timer(1, name="last"))
    mock_clock.jump(3600)
    counts = await desk.counts_of_turns()
    assert [message.timer for message in desk.sent] == [("last", OPENING + timedelta(hours=1))]
    assert counts.index(1) <= 1


async def test_an_emergency_waits_for_no_turn(mock_clock: MockClock) -> None:
    """The next tier of an SOS comes on time, though every visit of the night is metered first."""
    desk = Desk()
    await desk.timers.page_in()
    for number in range(250):
        desk.timers.arm(a_timer(1, name=f"number {number}"))
    desk.timers.arm(a_timer(1.0001, name="alarm", command=Shout))
    mock_clock.jump(3601)
    await desk.counts_of_turns()
    names = [message.timer[0] for message in desk.sent if message.timer is not None]
    assert names == ["alarm", *(f"number {number}" for number in range(250))]
