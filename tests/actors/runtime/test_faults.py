"""What goes wrong in one place stays there: lost commits, bugs, full mailboxes, no database."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.runtime.answers import ActorUnavailable, NodeStarting, OutcomeUnknown
from protocol.errors import Code
from protocol.journal import JournalFull
from protocol.limits import ENTRY_BYTES_MAX, FAILURES_BEFORE_RELOAD, MAILBOX_COMMANDS_MAX
from protocol.records.runtime import DeadLetter, Identity
from tests.actors.runtime.asking import PURSE, ask, count_in
from tests.actors.runtime.toy_commands import (
    Add,
    Break,
    Look,
    Shout,
    Swell,
)
from tests.actors.runtime.toys import purse_of, toys
from tests.twins.journal_faults import JournalFaults, planted
from tests.twins.nodes import World, open_memory_node


@pytest.mark.parametrize("written", [False, True])
async def test_a_lost_commit_resets_the_node(written: bool, autojump_clock: MockClock) -> None:
    """Nothing of a lost entry gets out; what was written counts as written."""
    world, faults = World(), JournalFaults()
    async with open_memory_node(world, toys(), hooks=faults) as running:
        await ask(running.node, Add())
        if written:
            faults.after = planted()
        else:
            faults.before = planted()
        if written:
            assert count_in(await ask(running.node, Add())) == 2
        else:
            with pytest.raises((OutcomeUnknown, NodeStarting)):
                await ask(running.node, Add())
        await trio.sleep(1)
        await running.node.wait_ready()
        assert running.node.counts.resets == 1
        assert count_in(await ask(running.node, Look())) == (2 if written else 1)
        assert count_in(await ask(running.node, Add())) == (3 if written else 2)
    numbers = [event.rooms for event in world.publisher.events]
    assert numbers == [(("purse", n + 1),) for n in range(len(numbers))]
    assert len(numbers) == (3 if written else 2)


async def test_a_decision_that_raises_harms_nobody_else(autojump_clock: MockClock) -> None:
    """The caller gets 500 with an id, the message is kept, the actor goes on."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, Add())
        for _ in range(4):
            answer = await ask(running.node, Break())
            assert answer.refusal is not None
            assert answer.refusal.code is Code.INTERNAL
        assert count_in(await ask(running.node, Look())) == 1
        snapshot = running.node.snapshot(PURSE)
        assert snapshot is not None
        assert snapshot.statistics.restarts == 1
        await running.write_behind.wait_flushed(running.journal.durable)
    letters = world.database.table(DeadLetter).values()
    assert [letter.command for letter in letters] == ["Break"] * 4
    assert not any(letter.replayable for letter in letters)


async def test_people_hear_of_an_actor_that_had_to_be_loaded_anew(
    autojump_clock: MockClock,
) -> None:
    """system.actor_restarted: once for each time, and with nothing of what the failure quoted."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, Add())
        for _ in range(2 * FAILURES_BEFORE_RELOAD):
            await ask(running.node, Break())
        await trio.sleep(1)
    told = [event.data for event in world.publisher.events if event.type == "restarted"]
    assert told == [{"who": str(PURSE.id), "why": "RuntimeError", "times": n} for n in (1, 2)]


async def test_an_actor_that_is_loaded_anew_knows_what_is_not_flushed(
    mock_clock: MockClock,
) -> None:
    """The database is always a little behind: what was answered meanwhile lies in the journal."""
    async with open_memory_node(World(), toys()) as running:
        # The second comes within the pause after the first flush: it stays unflushed.
        await ask(running.node, Add())
        await ask(running.node, Add())
        for _ in range(FAILURES_BEFORE_RELOAD):
            await ask(running.node, Break())
        assert running.write_behind.flushed < running.journal.durable
        assert count_in(await ask(running.node, Look())) == 2


async def test_an_actor_is_loaded_anew_only_with_what_is_durable(
    autojump_clock: MockClock,
) -> None:
    """What is still being committed can't be read, and leaving it out would be to forget it."""
    faults = JournalFaults()
    async with open_memory_node(World(), toys(), hooks=faults) as running:
        faults.hold()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, running.node, Add())
            await wait_all_tasks_blocked()
            for _ in range(FAILURES_BEFORE_RELOAD):
                nursery.start_soon(ask, running.node, Break())
            await wait_all_tasks_blocked()
            faults.let_go()
        assert count_in(await ask(running.node, Look())) == 1


async def test_an_actor_whose_rows_were_refused_is_not_loaded_anew(
    autojump_clock: MockClock,
) -> None:
    """What it holds is nowhere else: a bug in one decision must not take it away."""
    world = World()
    world.database.refuses = lambda row: isinstance(row, Identity)
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, Add())
        await running.write_behind.wait_flushed(running.journal.durable)
        for _ in range(FAILURES_BEFORE_RELOAD):
            await ask(running.node, Break())
        assert count_in(await ask(running.node, Look())) == 1


async def test_what_could_not_be_begun_keeps_its_place(autojump_clock: MockClock) -> None:
    """Messages of one sender are handled in the order in which they were sent."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        running.journal.room_for = 2
        for room in ("first", "second"):
            running.node.leave(PURSE, Add(room=room), None)
        await trio.sleep(2)
        assert world.publisher.events == []
        running.journal.room_for = None
        await trio.sleep(2)
    assert [event.rooms for event in world.publisher.events] == [(("first", 1),), (("second", 1),)]


async def test_a_full_journal_leaves_no_gap_in_a_room(autojump_clock: MockClock) -> None:
    """A client would wait for ever for the number of what was refused. Rule 17 gapless."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        running.journal.room_for = 1
        await ask(running.node, Add())
        with pytest.raises(JournalFull):
            await ask(running.node, Add())
        running.journal.room_for = None
        assert count_in(await ask(running.node, Add())) == 2
    assert [event.rooms for event in world.publisher.events] == [(("purse", 1),), (("purse", 2),)]


@pytest.mark.parametrize("long", [False, True])
async def test_an_outcome_that_no_entry_can_hold_is_a_bug_of_its_actor_alone(
    long: bool, autojump_clock: MockClock
) -> None:
    """One request that is written too large must not end the node, nor leave a gap in a room."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, Add())
        text = "x" * (ENTRY_BYTES_MAX - 200) if long else ""
        answer = await ask(running.node, Swell(chars=ENTRY_BYTES_MAX, text=text))
        assert answer.refusal is not None
        assert answer.refusal.code is Code.INTERNAL
        assert count_in(await ask(running.node, Add())) == 2
        await running.write_behind.wait_flushed(running.journal.durable)
    assert [event.rooms for event in world.publisher.events] == [(("purse", 1),), (("purse", 2),)]
    (letter,) = world.database.table(DeadLetter).values()
    assert letter.command == "Swell"


async def test_a_full_mailbox_says_so_and_an_emergency_overtakes(
    autojump_clock: MockClock,
) -> None:
    """503 means nothing was done; an SOS has room of its own and goes first. Rule 17 full."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, Add())
        failed: list[ActorUnavailable] = []
        counts: list[int] = []

        async def add() -> None:
            try:
                counts.append(count_in(await ask(running.node, Add())))
            except ActorUnavailable as error:
                failed.append(error)

        async with trio.open_nursery() as nursery:
            for _ in range(MAILBOX_COMMANDS_MAX + 20):
                nursery.start_soon(add)
            nursery.start_soon(ask, running.node, Shout())
        assert len(failed) == 20
        assert len(counts) == MAILBOX_COMMANDS_MAX
        assert max(counts) == MAILBOX_COMMANDS_MAX + 2
    first_urgent = world.publisher.urgent[0]
    assert first_urgent.rooms == (("purse", None),)


async def test_a_cold_actor_is_unavailable_while_the_database_is_away(
    autojump_clock: MockClock,
) -> None:
    """Resident actors go on; what can't be loaded is 503 with Retry-After, and nothing was done."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, Add())
        world.database.away = True
        with pytest.raises(ActorUnavailable):
            await ask(running.node, Add(), of=purse_of(77))
        assert count_in(await ask(running.node, Add())) == 2
        world.database.away = False
        assert count_in(await ask(running.node, Add(), of=purse_of(77))) == 1
        await trio.sleep(5)
        await running.write_behind.wait_flushed(running.journal.durable)
    assert len(world.database.table(Identity)) == 2


async def test_what_is_left_for_an_actor_while_the_node_starts_is_handled_once(
    autojump_clock: MockClock,
) -> None:
    """An SOS in the first second of a node's life must not be lost between two lists."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, Add())
        await running.write_behind.wait_flushed(running.journal.durable)
    world.database.away = True
    async with open_memory_node(world, toys(), ready=False) as running:
        await trio.sleep(1)
        running.node.leave(PURSE, Shout(), None)
        with pytest.raises(NodeStarting):
            await ask(running.node, Look())
        world.database.away = False
        await running.node.wait_ready()
        await trio.sleep(1)
        assert count_in(await ask(running.node, Look())) == 2
