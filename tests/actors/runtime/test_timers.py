"""A deadline fires once, however the node was interrupted."""

from __future__ import annotations

from datetime import timedelta

import attrs
import trio
from trio.testing import MockClock

from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision
from actors.runtime.state import State
from protocol.addresses import ActorKind
from protocol.entries import decode_entry, decode_message
from protocol.internal.forgetting import ForgetFiredTimers
from protocol.limits import EMERGENCY_AGAIN_S
from protocol.records.platform import ActorTimer
from protocol.records.runtime import DeadLetter
from tests.actors.runtime.asking import ask, count_in
from tests.actors.runtime.toy_commands import (
    Add,
    Break,
    Look,
    Shout,
    StopWaiting,
    Wait,
)
from tests.actors.runtime.toys import decide_shout, purse_of, toys
from tests.twins.nodes import World, open_memory_node


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


async def test_the_timer_of_an_emergency_comes_again_if_its_decision_raises(
    autojump_clock: MockClock,
) -> None:
    """An alarm that a bug silenced would be louder for nobody until an operator came (Rule 8)."""
    broken = toys()
    purse = broken[ActorKind.IDENTITY]
    bugs = iter(range(2))

    @decides(Shout)
    def decide_badly(state: State, command: Shout, context: Context) -> Decision:
        if next(bugs, None) is not None:
            raise RuntimeError("a bug")
        return decide_shout(state, command, context)

    broken[ActorKind.IDENTITY] = attrs.evolve(
        purse, decisions={**purse.decisions, Shout: decide_badly}
    )
    world = World()
    async with open_memory_node(world, broken) as running:
        await ask(running.node, Wait(seconds=60, shouting=True))
        await trio.sleep(60 + 2 * EMERGENCY_AGAIN_S - 1)
        assert count_in(await ask(running.node, Look())) == 0
    async with open_memory_node(world, broken) as running:
        await trio.sleep(2)
        assert count_in(await ask(running.node, Look())) == 1
        await trio.sleep(10 * EMERGENCY_AGAIN_S)
        assert count_in(await ask(running.node, Look())) == 1


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
