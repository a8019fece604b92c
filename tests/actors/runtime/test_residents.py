"""What a node tells of its actors at a glance is what one finds by looking at each of them."""

from __future__ import annotations

from collections import Counter

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.runtime.node import Node
from protocol.limits import ACTOR_IDLE_S
from tests.actors.runtime.asking import ask
from tests.actors.runtime.toy_commands import Add, Look
from tests.actors.runtime.toys import purse_of, toys, vault_of
from tests.twins.nodes import World, open_memory_node

PURSES = 5
ASKED_OF_EACH = 20


def walked(node: Node) -> tuple[dict[str, int], int, int]:
    """Actors by kind, messages that wait, and most of one, by looking at every actor."""
    found = [line for address in node.residents() if (line := node.figures(address)) is not None]
    depths = [line.mailbox_depth for line in found]
    return dict(Counter(line.actor_type for line in found)), sum(depths), max(depths, default=0)


def at_a_glance(node: Node) -> tuple[dict[str, int], int, int]:
    """The same as the node's statistics have it."""
    statistics = node.statistics()
    return (
        dict(statistics.actors),
        statistics.mailbox_depth,
        statistics.mailbox_depth_max,
    )


async def test_statistics_are_those_of_all_actors_at_every_moment(
    autojump_clock: MockClock,
) -> None:
    """While mailboxes fill and empty, actors come in, and those with nobody in them go again."""
    deepest = 0
    async with open_memory_node(World(), toys()) as running:
        node = running.node

        async def look() -> None:
            nonlocal deepest
            while True:
                assert at_a_glance(node) == walked(node)
                deepest = max(deepest, node.statistics().mailbox_depth_max)
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as looking:
            looking.start_soon(look)
            async with trio.open_nursery() as asking:
                for n in range(PURSES * ASKED_OF_EACH):
                    asking.start_soon(lambda n=n: ask(node, Add(), of=purse_of(n % PURSES)))
                    asking.start_soon(lambda n=n: ask(node, Look(), of=vault_of(n + 1)))
            looking.cancel_scope.cancel()
        assert deepest > 1
        await wait_all_tasks_blocked()
        assert at_a_glance(node) == walked(node)
        assert node.statistics().actors["identity"] == PURSES


async def test_who_is_let_go_is_counted_no_more(autojump_clock: MockClock) -> None:
    """Nor has it anything waiting; and it is counted once when it is back."""
    async with open_memory_node(World(), toys()) as running:
        node = running.node
        await ask(node, Add())
        assert at_a_glance(node)[0]["identity"] == 1
        await trio.sleep(ACTOR_IDLE_S + 60)
        assert "identity" not in at_a_glance(node)[0]
        await ask(node, Look())
        await wait_all_tasks_blocked()
        assert at_a_glance(node) == walked(node)
        assert at_a_glance(node)[0]["identity"] == 1
