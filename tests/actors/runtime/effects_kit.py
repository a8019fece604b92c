"""How effects fail in tests, and what is kept of them."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import trio
from trio.testing import wait_all_tasks_blocked

from actors.runtime.effect_terms import EffectDelayed
from protocol.messages import Message
from protocol.records.runtime import DeadLetter
from tests.twins.nodes import Running, World


@attrs.define(eq=False)
class Trouble:
    """Fails the first so many tries of each effect."""

    world: World
    error: Callable[[], Exception] = lambda: EffectDelayed("nobody answers")
    times: int = 10**6
    tried_at: list[float] = attrs.field(factory=list)

    def __call__(self, message: Message) -> None:
        self.tried_at.append(trio.current_time())
        if len(self.tried_at) <= self.times:
            raise self.error()


def letters(world: World) -> list[DeadLetter]:
    """What is kept of what was given up."""
    return list(world.database.table(DeadLetter).values())


async def flushed(running: Running) -> None:
    """Let everything that happens now happen, and reach the database."""
    await wait_all_tasks_blocked()
    await running.wait_flushed()
