"""Effects that find something out: what they tell is the next step of the chain."""

from __future__ import annotations

from collections.abc import Sequence

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.runtime.node import Node
from actors.runtime.outcome import Send
from protocol.messages import Message
from tests.actors.runtime.asking import PURSE, ask, count_in, key
from tests.actors.runtime.toy_commands import Add, FindOut, GoOut, Look, Paid
from tests.actors.runtime.toys import toys
from tests.twins.nodes import World, open_memory_node


async def tells_paid(message: Message) -> Sequence[Send]:
    """What is found out outside, told to the purse that asked."""
    return (Send(PURSE, Paid(ends="well")),)


async def tells_to_add(message: Message) -> Sequence[Send]:
    """Something for the purse to count."""
    return (Send(PURSE, Add()),)


async def test_who_asked_is_answered_by_what_an_effect_tells(autojump_clock: MockClock) -> None:
    """A saga may lead outside and back, so that nobody has to wait in the gateway for it."""
    world = World()
    world.effects.answers[FindOut] = tells_paid
    async with open_memory_node(world, toys()) as running:
        answer = await ask(running.node, FindOut())
    assert (answer.status, answer.refusal) == (201, None)


async def test_what_an_effect_tells_is_told_once_over_crashes(autojump_clock: MockClock) -> None:
    """It is in the entry that notes the effect as done: either both are there or neither."""
    world = World()
    world.effects.answers[Look] = tells_to_add
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, GoOut())
        await wait_all_tasks_blocked()
    for _ in range(2):
        async with open_memory_node(world, toys()) as running:
            await wait_all_tasks_blocked()
            count = count_in(await ask(running.node, Add()))
    assert count == 3
    assert len(world.effects.done) == 1


async def test_a_key_is_answered_though_the_node_crashed_meanwhile(
    autojump_clock: MockClock,
) -> None:
    """The origin travels with the effect, so a repeat finds the stored answer."""
    world = World()
    world.effects.answers[FindOut] = tells_paid
    world.effects.hangs = trio.Event()
    async with open_memory_node(world, toys()) as running, trio.open_nursery() as nursery:
        nursery.start_soon(ask_and_lose, running.node)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    world.effects.hangs = None
    async with open_memory_node(world, toys()) as running:
        await wait_all_tasks_blocked()
        answer = await ask(running.node, FindOut(), scope=key("once"))
    assert (answer.status, answer.replayed) == (201, True)


async def ask_and_lose(node: Node) -> None:
    """Ask with a key, and never hear the answer."""
    await ask(node, FindOut(), scope=key("once"))
