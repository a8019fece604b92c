"""An idempotency key makes a request happen once, over crashes too (Rule 12)."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from protocol.errors import Code
from protocol.limits import IDEMPOTENCY_KEEP_S
from protocol.records.platform import IdempotencyKey
from tests.actors.runtime.asking import ask, count_in, key
from tests.actors.runtime.toy_commands import (
    Add,
    Look,
    Refuse,
)
from tests.actors.runtime.toys import toys
from tests.twins.nodes import World, open_memory_node


async def test_a_key_gives_the_first_answer_again(autojump_clock: MockClock) -> None:
    """Rule 12: a retry happens once. Rule 12 same_answer."""
    async with open_memory_node(World(), toys()) as running:
        first = await ask(running.node, Add(), scope=key("k"))
        again = await ask(running.node, Add(), scope=key("k"))
        assert (first.replayed, again.replayed) == (False, True)
        assert count_in(first) == count_in(again) == 1
        other = await ask(running.node, Add(), scope=key("k", b"other"))
        assert other.refusal is not None
        assert other.refusal.code is Code.IDEMPOTENCY_KEY_REUSED


async def test_a_key_outlives_a_crash(autojump_clock: MockClock) -> None:
    """The key is in the same entry as what it stands for. Rule 12 kept."""
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


async def test_a_key_may_be_used_again_when_its_time_is_over(autojump_clock: MockClock) -> None:
    """Rule 12: kept for 7 days. The row of then must not stand in the way, nor be kept for ever.

    Rule 12 kept.
    """
    world = World()
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, Add(), scope=key("k"))
        await ask(running.node, Add(), scope=key("another"))
        await trio.sleep(IDEMPOTENCY_KEEP_S + 1)
        again = await ask(running.node, Add(), scope=key("k"))
        assert (again.replayed, count_in(again)) == (False, 3)
        await running.write_behind.wait_flushed(running.journal.durable)
        assert running.write_behind.refused_rows == 0
    (kept,) = world.database.table(IdempotencyKey).values()
    assert (kept.key, kept.version) == ("k", 1)
