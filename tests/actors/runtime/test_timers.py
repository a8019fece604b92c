"""A deadline fires once, however the node was interrupted."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from tests.actors.runtime.asking import ask, count_in
from tests.actors.runtime.toy_commands import (
    Look,
    StopWaiting,
    Wait,
)
from tests.actors.runtime.toys import purse_of, toys
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


async def test_a_timer_that_came_due_while_the_node_was_down_fires_at_the_start(
    autojump_clock: MockClock,
) -> None:
    """Timers are re-armed before the node is ready, whoever's they are and however late."""
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
