"""A chain of messages ends well or is taken back, whatever happens between its steps."""

from __future__ import annotations

from uuid import UUID

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.runtime.answers import ActorUnavailable, Answer
from actors.runtime.chains import next_steps
from actors.runtime.outcome import Send
from protocol.addresses import ActorKind, Address
from protocol.entries import decode_entry
from protocol.errors import Code
from protocol.messages import Message, Origin
from protocol.records.runtime import Identity, OpenVisit
from tests.actors.runtime.asking import VAULT, ask, count_in, key
from tests.actors.runtime.toy_commands import (
    Add,
    GiveBack,
    Look,
    Loop,
    Pay,
    TakeOut,
)
from tests.actors.runtime.toys import toys
from tests.twins.journal_faults import JournalFaults
from tests.twins.nodes import World, open_memory_node
from tests.twins.outside import OPENING


async def test_a_saga_is_answered_by_its_last_step(autojump_clock: MockClock) -> None:
    """The addressed actor keeps the key and gives the answer."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        answer = await ask(running.node, Pay(vault=VAULT.id), scope=key("k"))
        assert (answer.status, count_in(answer)) == (201, 1)
        await running.write_behind.wait_flushed(running.journal.durable)
    assert len(world.database.table(OpenVisit)) == 1
    assert world.database.sends == {}


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        ("refused", Code.INSUFFICIENT_CREDITS),
        ("refused late", Code.CAPACITY_FULL),
        ("broken", Code.INTERNAL),
    ],
)
async def test_a_saga_that_fails_is_taken_back(
    ends: str, code: Code, autojump_clock: MockClock
) -> None:
    """Whatever step says no, or breaks, all steps before it are undone and the caller is told."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        answer = await ask(running.node, Pay(vault=VAULT.id, ends=ends), scope=key("k"))
        assert answer.refusal is not None
        assert answer.refusal.code is code
        await wait_all_tasks_blocked()
        await running.write_behind.wait_flushed(running.journal.durable)
        again = await ask(running.node, Pay(vault=VAULT.id), scope=key("k"))
        assert again.replayed is (code is not Code.INTERNAL)
        # What was no answer to keep must not hold its key for ever either.
        assert (again.refusal is None) is (code is Code.INTERNAL)
    (purse, *_) = world.database.table(Identity).values()
    assert purse.email == "given back 1"
    if code is not Code.INTERNAL:
        assert len(world.database.table(OpenVisit)) == 0


async def test_the_last_step_is_taken_back_first(autojump_clock: MockClock) -> None:
    """An earlier step may only be undone once nothing that rests on it is left."""
    undone: list[list[str]] = []

    def hear(data: bytes) -> None:
        sends = [type(message.command).__name__ for message in decode_entry(data).sends]
        if "GiveBack" in sends:
            undone.append(sends)

    async with open_memory_node(World(), toys()) as running:
        running.journal.spy = hear
        await ask(running.node, Pay(vault=VAULT.id, ends="refused late"))
        await wait_all_tasks_blocked()
    assert undone == [["TakeOut", "GiveBack"]]


def test_an_undo_may_take_the_place_of_the_one_before() -> None:
    """Where one rests on the other it sees to that itself: told at once, either may come first."""
    first, second, third = (Address(ActorKind.ACCOUNT, UUID(int=n)) for n in (1, 2, 3))
    asked = Origin(address=first, message_id=UUID(int=9), status=200, scope=None)
    begun = Message(id=UUID(int=9), target=first, command=Look(), at=OPENING)

    def step(sender: Address, cause: Message, send: Send) -> Message:
        ids = (UUID(int=10 + cause.hops),)
        (made,) = next_steps(
            sender, cause, (send,), asked, now=OPENING, fresh_id=iter(ids).__next__
        )
        return made

    one = step(first, begun, Send(second, Look(), undo=GiveBack()))
    beside = step(second, one, Send(third, Look(), undo=TakeOut(purse=UUID(int=1))))
    assert [undo.target for undo in beside.undo] == [first, second]
    instead = Send(third, Look(), undo=TakeOut(purse=UUID(int=1)), undoes_cause=True)
    assert [undo.target for undo in step(second, one, instead).undo] == [second]


async def test_a_saga_goes_on_after_a_crash(autojump_clock: MockClock) -> None:
    """Pending = sent − caused: what was sent and not handled is handed out again, once."""
    world = World()
    faults = JournalFaults()
    async with (
        open_memory_node(world, toys(), hooks=faults) as running,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(ask, running.node, Pay(vault=VAULT.id))
        # The first entry commits; all that follows is lost with the crash.
        while running.journal.durable.n < 1:
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    async with open_memory_node(world, toys()) as running:
        await trio.sleep(1)
        assert count_in(await ask(running.node, Look())) == 1
    assert len(world.database.table(OpenVisit)) == 1


async def test_an_endless_chain_is_cut(autojump_clock: MockClock) -> None:
    """Chains longer than a bound are refused: a loop of messages must not fill the journal."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, Loop())
        await wait_all_tasks_blocked()
        await trio.sleep(1)
        assert running.node.counts.dead_letters == 1


async def test_sends_to_an_actor_that_cant_be_loaded_wait_in_order(
    autojump_clock: MockClock,
) -> None:
    """A saga must not end because the database is away for a moment, nor its steps overtake."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, Add())
        world.database.away = True
        answers: list[Answer] = []

        async def pay() -> None:
            answers.append(await ask(running.node, Pay(vault=VAULT.id)))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(pay)
            await trio.sleep(5)
            assert answers == []
            with pytest.raises(ActorUnavailable):
                await ask(running.node, Look(), of=VAULT)
            world.database.away = False
        assert [answer.status for answer in answers] == [201]
