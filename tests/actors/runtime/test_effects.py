"""Effects are tried until they are done or given up, and one that hangs keeps no other waiting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.runtime.effect_terms import EffectRefused, EffectTerms, Lane
from actors.runtime.outcome import Send
from protocol.addresses import ActorKind
from protocol.background_limits import (
    EFFECT_BUG_TRIES_MAX,
    EFFECT_WAIT_MAX_S,
)
from protocol.entries import decode_message
from protocol.errors import Code
from protocol.messages import Message
from tests.actors.runtime.asking import PURSE, ask, count_in
from tests.actors.runtime.effects_kit import Trouble, flushed, letters
from tests.actors.runtime.toy_commands import Add, FindOut, GoOut, Look, Paid
from tests.actors.runtime.toys import toys
from tests.twins.nodes import World, open_memory_node


async def test_what_fails_is_tried_again_with_longer_and_longer_waits(
    autojump_clock: MockClock,
) -> None:
    """A provider that is away for a while loses nothing, and is not hammered when it comes back."""
    world = World()
    world.effects.trouble = trouble = Trouble(world, times=4)
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, GoOut())
        await trio.sleep(60)
        await flushed(running)
        effects = running.node.effects()
        assert effects is not None
        assert len(effects) == 0
    waits = [b - a for a, b in zip(trouble.tried_at, trouble.tried_at[1:], strict=False)]
    assert len(waits) == 4
    for n, wait_s in enumerate(waits):
        assert 2**n / 2 <= wait_s <= 2**n
    assert len(world.effects.done) == 1
    assert world.database.sends == {}
    assert letters(world) == []


async def test_what_will_never_be_done_is_a_dead_letter_and_not_tried_again(
    autojump_clock: MockClock,
) -> None:
    """The operator finds it with its reason; neither time nor a restart has it tried anew."""
    world = World()
    world.effects.trouble = trouble = Trouble(world, lambda: EffectRefused("no such device"))
    for _ in range(2):
        async with open_memory_node(world, toys()) as running:
            if not trouble.tried_at:
                await ask(running.node, GoOut())
            await trio.sleep(3600)
            await flushed(running)
    (letter,) = letters(world)
    assert (letter.actor_type, letter.command) == (ActorKind.OUTSIDE, "Look")
    assert letter.error == "never done: no such device"
    assert letter.replayable
    assert decode_message(letter.payload).id == letter.message_id
    assert len(trouble.tried_at) == 1
    assert world.database.sends == {}


@pytest.mark.parametrize(
    ("terms", "tries"),
    [(EffectTerms(tries_max=5), 5), (EffectTerms(age_max_s=100, tries_max=10**6), 8)],
)
async def test_an_effect_is_given_up_after_so_many_tries_or_so_much_time(
    terms: EffectTerms, tries: int, autojump_clock: MockClock
) -> None:
    """Nothing is tried for ever: in the end somebody has to look."""
    world = World()
    world.effects.trouble = trouble = Trouble(world)
    async with open_memory_node(world, toys(), on_terms={Look: terms}) as running:
        await ask(running.node, GoOut())
        await trio.sleep(3600)
        await flushed(running)
        assert running.node.statistics().effects_given_up == 1
    assert abs(len(trouble.tried_at) - tries) <= 1
    assert len(letters(world)) == 1


async def test_who_waits_for_an_effect_that_is_given_up_is_told(
    autojump_clock: MockClock,
) -> None:
    """A saga that leads outside ends all the same, and its first steps are taken back."""
    world = World()
    world.effects.trouble = Trouble(world, lambda: EffectRefused("no"))
    async with open_memory_node(world, toys()) as running:
        answer = await ask(running.node, FindOut())
        await flushed(running)
    assert answer.refusal is not None
    assert answer.refusal.code is Code.INTERNAL
    (letter,) = letters(world)
    assert not letter.replayable


async def test_an_actor_may_be_told_what_was_given_up(autojump_clock: MockClock) -> None:
    """In the same entry as the dead letter: exactly if the effect counts as over."""
    world = World()
    world.effects.trouble = Trouble(world, lambda: EffectRefused("no"))

    def told(message: Message, reason: str) -> Sequence[Send]:
        return (Send(PURSE, Add()),)

    async with open_memory_node(world, toys(), when_given_up={Look: told}) as running:
        await ask(running.node, GoOut())
        await flushed(running)
        assert count_in(await ask(running.node, Look())) == 1


async def test_a_bug_in_a_performer_harms_nobody_else(autojump_clock: MockClock) -> None:
    """It used to end the node, and the next start performed the same effect again."""
    world = World()
    world.effects.trouble = trouble = Trouble(world, lambda: RuntimeError("guest@example.org"))
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, GoOut())
        await trio.sleep(3600)
        assert count_in(await ask(running.node, Add())) == 1
        await flushed(running)
        effects = running.node.effects()
        assert effects is not None
        (shown,) = effects.given_up()
    assert shown.reason == "RuntimeError"
    assert len(trouble.tried_at) == EFFECT_BUG_TRIES_MAX


async def test_a_try_that_takes_too_long_is_cut_off(autojump_clock: MockClock) -> None:
    """A provider that never answers must not hold its place for ever."""
    world = World()
    world.effects.hangs = trio.Event()
    terms = EffectTerms(try_s=8, tries_max=2)
    async with open_memory_node(world, toys(), on_terms={Look: terms}) as running:
        await ask(running.node, GoOut())
        await trio.sleep(30)
        await flushed(running)
        assert running.node.statistics().outside == 0
    (letter,) = letters(world)
    assert letter.error == "not done within 8 s"


async def test_a_lane_that_hangs_keeps_no_other_waiting(autojump_clock: MockClock) -> None:
    """Mail that nobody takes must not keep a refund or an alarm from going out."""
    world = World()
    never = trio.Event()

    async def hangs(message: Message) -> Sequence[Send]:
        await never.wait()
        return ()

    async def tells(message: Message) -> Sequence[Send]:
        return (Send(PURSE, Paid(ends="well")),)

    world.effects.answers |= {Look: hangs, FindOut: tells}
    narrow = EffectTerms(lane=Lane("narrow", 2))
    async with open_memory_node(world, toys(), on_terms={Look: narrow}) as running:
        for _ in range(5):
            await ask(running.node, GoOut())
        await wait_all_tasks_blocked()
        assert running.node.statistics().outside == 2
        assert running.node.statistics().effects_waiting == 5
        assert (await ask(running.node, FindOut())).status == 201


@given(
    tries=st.integers(1, 10_000),
    chance=st.floats(0, 1),
    asked_s=st.floats(0, 10**6),
    first_s=st.floats(0.1, 10),
)
def test_waits_grow_and_stay_within_their_bounds(
    tries: int, chance: float, asked_s: float, first_s: float
) -> None:
    """However often it fails and whatever a provider asks for, nobody waits without end."""
    terms = EffectTerms(wait_first_s=first_s)
    wait_s = terms.wait_s(tries, chance, asked_s)
    assert first_s / 2 <= wait_s <= EFFECT_WAIT_MAX_S
    assert wait_s >= min(asked_s, EFFECT_WAIT_MAX_S)
    assert terms.wait_s(tries + 1, chance, asked_s) >= wait_s


async def test_what_waits_is_shown_without_whom_it_is_for(autojump_clock: MockClock) -> None:
    """The operator sees which provider is in trouble, and nobody's address."""
    world = World()
    world.effects.trouble = Trouble(world)
    terms = EffectTerms(lane=Lane("mail"))
    async with open_memory_node(world, toys(), on_terms={Look: terms}) as running:
        await ask(running.node, GoOut())
        await trio.sleep(30)
        effects = running.node.effects()
        assert effects is not None
        (shown,) = effects.waiting()
        assert effects.stuck() == {"mail": 1}
    assert (shown.effect, shown.lane, shown.reason) == ("Look", "mail", "nobody answers")
    assert shown.tries >= 4
    assert shown.decided_at < datetime(2026, 11, 21, tzinfo=UTC)
