"""Effects survive crashes at every step: done at least once, noted and told once."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.runtime.effect_terms import EffectRefused
from actors.runtime.outcome import Send
from protocol.background_limits import (
    EFFECT_AGE_MAX_S,
)
from protocol.entries import decode_message
from protocol.messages import Message
from tests.actors.runtime.asking import PURSE, ask, count_in
from tests.actors.runtime.effects_kit import Trouble, flushed, letters
from tests.actors.runtime.toy_commands import Add, GoOut, Look
from tests.actors.runtime.toys import toys
from tests.twins.journal_faults import JournalFaults, planted
from tests.twins.nodes import World, open_memory_node


async def test_its_age_counts_over_crashes(autojump_clock: MockClock) -> None:
    """A node that is started anew every hour must not try a thing of last week for ever."""
    world = World()
    world.effects.trouble = Trouble(world)
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, GoOut())
    world.clock = attrs.evolve(world.clock, start=world.clock.now())
    async with open_memory_node(world, toys()) as running:
        await trio.sleep(1)
        assert letters(world) == []
    await trio.sleep(EFFECT_AGE_MAX_S)
    async with open_memory_node(world, toys()) as running:
        await flushed(running)
    assert len(letters(world)) == 1


async def test_a_crash_between_durable_and_performed_loses_nothing(
    autojump_clock: MockClock,
) -> None:
    """The promise of an outbox: who was answered may rely on what follows from it."""
    world, faults = World(), JournalFaults()
    with trio.CancelScope() as crash:
        async with (
            open_memory_node(world, toys(), hooks=faults) as running,
            trio.open_nursery() as nursery,
        ):
            faults.hold(after=True)
            nursery.start_soon(ask, running.node, GoOut())
            await wait_all_tasks_blocked()
            assert faults.written
            assert world.effects.done == []
            crash.cancel()
    async with open_memory_node(world, toys()) as running:
        await flushed(running)
    assert len(world.effects.done) == 1


async def test_a_crash_between_performed_and_noted_performs_it_again_under_the_same_name(
    autojump_clock: MockClock,
) -> None:
    """At least once: its name is what a provider's key or a collapse id is made of."""
    world, faults = World(), JournalFaults()
    world.effects.hangs = trio.Event()
    with trio.CancelScope() as crash:
        async with open_memory_node(world, toys(), hooks=faults) as running:
            await ask(running.node, GoOut())
            faults.hold()
            world.effects.hangs.set()
            await wait_all_tasks_blocked()
            assert len(world.effects.done) == 1
            crash.cancel()
            await trio.sleep_forever()
    async with open_memory_node(world, toys()) as running:
        await flushed(running)
    first, second = world.effects.done
    assert first.id == second.id
    assert world.database.sends == {}


async def test_a_commit_lost_after_an_effect_has_it_done_again_and_told_once(
    autojump_clock: MockClock,
) -> None:
    """What it told was lost with the note that it was done, so both come again together."""
    world, faults = World(), JournalFaults()

    async def tells(message: Message) -> Sequence[Send]:
        if len(world.effects.done) == 1:
            faults.before = planted()
        return (Send(PURSE, Add()),)

    world.effects.answers[Look] = tells
    async with open_memory_node(world, toys(), hooks=faults) as running:
        await ask(running.node, GoOut())
        await trio.sleep(5)
        assert count_in(await ask(running.node, Look())) == 1
        assert running.node.statistics().resets == 1
    assert len(world.effects.done) == 2


async def test_a_dead_effect_can_be_sent_again_and_its_letter_goes(
    autojump_clock: MockClock,
) -> None:
    """Once somebody has seen to the reason, it goes out under a new name, and only once."""
    world = World()
    world.effects.trouble = Trouble(world, lambda: EffectRefused("no key is set"), times=1)
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, GoOut())
        await flushed(running)
        (letter,) = letters(world)
        running.node.replay(letter.message_id, decode_message(letter.payload))
    for _ in range(2):
        async with open_memory_node(world, toys()) as running:
            await flushed(running)
    assert letters(world) == []
    (done,) = world.effects.done
    assert done.id != letter.message_id
