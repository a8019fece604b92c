"""What the runtime promises of every actor, shown on toys over the in-memory twins."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.runtime.answers import ActorUnavailable, Answer, NodeStarting, OutcomeUnknown
from actors.runtime.node import Node
from protocol.addresses import Address
from protocol.commands import Command
from protocol.errors import Code
from protocol.limits import MAILBOX_COMMANDS_MAX
from protocol.messages import KeyScope
from protocol.records.platform import IdempotencyKey
from protocol.records.runtime import DeadLetter, Identity, OpenVisit
from tests.actors.runtime.toys import (
    Add,
    Break,
    GoOut,
    Look,
    Loop,
    Pay,
    Refuse,
    Shout,
    StopWaiting,
    Wait,
    purse_of,
    toys,
    vault_of,
)
from tests.twins.journal_faults import JournalFaults, planted
from tests.twins.nodes import World, open_memory_node

PURSE = purse_of(1)
VAULT = vault_of(2)


def key(text: str, body: bytes = b"same") -> KeyScope:
    """An idempotency key of one user on one route."""
    return KeyScope(user_id=UUID(int=9), method="POST", route="/purse", key=text, fingerprint=body)


async def ask(
    node: Node, command: Command, *, of: Address = PURSE, scope: KeyScope | None = None
) -> Answer:
    """Ask as the gateway does."""
    return await node.ask(of, command, principal=None, status=201, scope=scope)


def count_in(answer: Answer) -> int:
    """The count that an answer tells."""
    return int(msgspec.json.decode(answer.body)["count"])


async def test_an_answer_leaves_only_when_its_entry_is_durable(autojump_clock: MockClock) -> None:
    """The promise: what is answered is true for ever, so nothing leaves before the commit."""
    faults = JournalFaults()
    async with open_memory_node(World(), toys(), hooks=faults) as running:
        faults.hold()
        answers: list[Answer] = []

        async def one() -> None:
            answers.append(await ask(running.node, Add()))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(one)
            await wait_all_tasks_blocked()
            assert answers == []
            faults.let_go()
        assert [answer.status for answer in answers] == [201]


async def test_a_read_waits_for_the_write_that_it_saw(autojump_clock: MockClock) -> None:
    """Else a client could see a balance that a crash takes back."""
    faults = JournalFaults()
    async with open_memory_node(World(), toys(), hooks=faults) as running:
        faults.hold()
        seen: list[int] = []

        async def read() -> None:
            seen.append(count_in(await ask(running.node, Look())))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, running.node, Add())
            await wait_all_tasks_blocked()
            nursery.start_soon(read)
            await wait_all_tasks_blocked()
            assert seen == []
            faults.let_go()
        assert seen == [1]


async def test_a_key_gives_the_first_answer_again(autojump_clock: MockClock) -> None:
    """Rule 12: a retry happens once."""
    async with open_memory_node(World(), toys()) as running:
        first = await ask(running.node, Add(), scope=key("k"))
        again = await ask(running.node, Add(), scope=key("k"))
        assert (first.replayed, again.replayed) == (False, True)
        assert count_in(first) == count_in(again) == 1
        other = await ask(running.node, Add(), scope=key("k", b"other"))
        assert other.refusal is not None
        assert other.refusal.code is Code.IDEMPOTENCY_KEY_REUSED


async def test_a_key_outlives_a_crash(autojump_clock: MockClock) -> None:
    """The key is in the same entry as what it stands for."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, Add(), scope=key("k"))
    async with open_memory_node(world, toys()) as running:
        again = await ask(running.node, Add(), scope=key("k"))
        assert again.replayed
        assert count_in(await ask(running.node, Look())) == 1


async def test_an_old_answer_is_read_from_the_database(autojump_clock: MockClock) -> None:
    """Answers leave memory after a quarter of an hour; the promise does not."""
    async with open_memory_node(World(), toys(resident=True)) as running:
        await ask(running.node, Add(), scope=key("k"))
        await trio.sleep(3600)
        again = await ask(running.node, Add(), scope=key("k"))
        assert again.replayed
        assert again.status == 201
        assert count_in(again) == 1


async def test_a_refusal_is_kept_with_its_key_only_where_it_may_not_change(
    autojump_clock: MockClock,
) -> None:
    """Rule 12: 402, 403, 409 and 422 are stored; a 410 may be asked again."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        for code in (Code.INSUFFICIENT_CREDITS, Code.QR_EXPIRED):
            answer = await ask(running.node, Refuse(code=code), scope=key(code.value))
            assert answer.refusal is not None
            assert answer.refusal.code is code
        kept = await ask(running.node, Refuse(), scope=key("insufficient_credits"))
        fresh = await ask(running.node, Refuse(code=Code.QR_EXPIRED), scope=key("qr_expired"))
        assert (kept.replayed, fresh.replayed) == (True, False)


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
    (purse, *_) = world.database.table(Identity).values()
    assert purse.email == "given back 1"
    if code is not Code.INTERNAL:
        assert len(world.database.table(OpenVisit)) == 0


async def test_a_saga_goes_on_after_a_crash(autojump_clock: MockClock) -> None:
    """Pending = sent − caused: what was sent and not handled is handed out again, once."""
    world = World()
    faults = JournalFaults()
    async with open_memory_node(world, toys(), hooks=faults) as running:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, running.node, Pay(vault=VAULT.id))
            # The first entry commits; all that follows is lost with the crash.
            while running.journal.durable.n < 1:
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
    async with open_memory_node(world, toys()) as running:
        while len(world.database.table(OpenVisit)) < 1:
            await trio.sleep(0.1)
        assert count_in(await ask(running.node, Look())) == 1
    assert len(world.database.table(OpenVisit)) == 1


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


async def test_a_full_mailbox_says_so_and_an_emergency_overtakes(
    autojump_clock: MockClock,
) -> None:
    """503 means nothing was done; an SOS has room of its own and goes first."""
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


async def test_an_endless_chain_is_cut(autojump_clock: MockClock) -> None:
    """Chains longer than a bound are refused: a loop of messages must not fill the journal."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, Loop())
        await wait_all_tasks_blocked()
        await trio.sleep(1)
        assert running.node.counts.dead_letters == 1


async def test_an_effect_is_done_after_its_entry_and_over_a_crash(
    autojump_clock: MockClock,
) -> None:
    """At least once, never before it is durable, and not again once it is noted as done."""
    world = World()
    world.effects.hangs = trio.Event()
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, GoOut())
        await wait_all_tasks_blocked()
    assert world.effects.done == []
    world.effects.hangs = None
    for _ in range(2):
        async with open_memory_node(world, toys()) as running:
            await trio.sleep(5)
            await running.write_behind.wait_flushed(running.journal.durable)
    assert len(world.effects.done) == 1


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


async def test_a_flush_whose_answer_was_lost_is_not_done_again(autojump_clock: MockClock) -> None:
    """The position moves with the rows, so what happened unseen is found and not repeated."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        world.database.lose_answers = 1
        for _ in range(3):
            await ask(running.node, Add(), scope=key(str(trio.current_time())))
            await trio.sleep(1)
        await running.write_behind.wait_flushed(running.journal.durable)
    (purse,) = world.database.table(Identity).values()
    assert purse.version == 3
    assert len(world.database.table(IdempotencyKey)) == 3


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
