"""Answers that left the memory of their actor before they reached the database (Rule 12)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from trio.testing import MockClock

from actors.runtime.answers import ActorUnavailable, Answer
from protocol.limits import IDEMPOTENCY_ANSWER_KEEP_S
from protocol.messages import KeyScope
from tests.actors.runtime.toy_commands import Add
from tests.actors.runtime.toys import purse_of, toys
from tests.twins.nodes import Running, World, open_memory_node


async def add(running: Running, key: str) -> Answer:
    """Count one more, once for each key."""
    scope = KeyScope(user_id=UUID(int=9), method="POST", route="/p", key=key, fingerprint=b"f")
    return await running.node.ask(purse_of(1), Add(), principal=None, scope=scope)


async def test_a_key_whose_answer_is_on_its_way_to_the_database_is_asked_again_later(
    mock_clock: MockClock,
) -> None:
    """A database back after an hour is behind: a retry then must neither add again nor harm."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        # The second comes within the pause after the first flush: it stays unflushed.
        await add(running, "one")
        first = await add(running, "two")
        world.clock.step += timedelta(seconds=IDEMPOTENCY_ANSWER_KEEP_S + 1)
        with pytest.raises(ActorUnavailable, match="old answer"):
            await add(running, "two")
        mock_clock.jump(1)
        await running.write_behind.wait_flushed(running.journal.durable)
        again = await add(running, "two")
        assert (again.replayed, again.body) == (True, first.body)
