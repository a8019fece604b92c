"""Killed at any moment: what was answered is true for ever, and happened once."""

from __future__ import annotations

import os
import random
from typing import Final

import pytest
import trio

from tests.system.books import broken_links, reading
from tests.system.conftest import MakeNode, Template
from tests.system.guests import Front, open_front
from tests.system.harness import NodeProcess
from tests.system.load import (
    CHECK_IN,
    CHECK_OUT,
    PURCHASE,
    TOP_UP,
    Guest,
    done_by_all,
    gather,
)
from tests.system.reckoning import ask_again, check_tables, check_visits

ROUNDS: Final = 40 if os.environ.get("TEST_LASTLIGHT_LONG") else 8
LOAD_S: Final = (0.3, 1.5)
GUESTS: Final = 20
SAMPLE: Final = 40
"""Answers of earlier rounds that are asked for again after each restart."""


async def run_until_killed(
    node: NodeProcess, front: Front, guests: list[Guest], dice: random.Random
) -> None:
    """Load the node, and kill it in the middle: alone, or together with its PostgreSQL."""
    code = await front.door_code()
    server = node.server()
    async with trio.open_nursery() as nursery:
        for guest in guests:
            nursery.start_soon(guest.stay, front, code)
        await trio.sleep(dice.uniform(*LOAD_S))
        if dice.random() < 0.25:
            server.kill()
        node.kill()


@pytest.mark.timeout(600)
async def test_whatever_was_answered_before_a_kill_is_there_once_after_it(
    make_node: MakeNode, template: Template
) -> None:
    """The promise of the whole thing; the seed is printed, so that a bad night can be had again.

    Rule 17 in_order.
    """
    seed = int(os.environ.get("TEST_LASTLIGHT_SEED") or random.SystemRandom().getrandbits(32))
    print(f"TEST_LASTLIGHT_SEED={seed}")  # noqa: T201 - pytest shows it where the test fails
    dice = random.Random(seed)
    node = make_node()
    await node.start()
    async with open_front(node.url, template.known) as front:
        guests = await gather(front, dice, first=1, count=GUESTS, cashiers=5)
        for _ in range(ROUNDS):
            before = [act for guest in guests for act in guest.acts if act.answered]
            await run_until_killed(node, front, guests, dice)
            now = [act for guest in guests for act in guest.acts if act.answered]
            await node.start()
            async with trio.open_nursery() as nursery:
                for guest in guests:
                    nursery.start_soon(guest.settle, front)
            sample = dice.sample(before, min(SAMPLE, len(before)))
            await ask_again(front, [act for act in [*sample, *now[-SAMPLE:]] if act.is_kept])
            async with reading(node.database_url) as connection:
                await check_tables(connection, guests)
            await check_visits(front, guests)
        await end_the_evening(node, front, guests)
    assert await node.stop() == 0, node.tail()


async def end_the_evening(node: NodeProcess, front: Front, guests: list[Guest]) -> None:
    """Everybody leaves, and what is left in each wallet follows from the answers alone."""
    for kind in (CHECK_IN, CHECK_OUT, PURCHASE, TOP_UP):
        assert len(done_by_all(guests, kind)) > ROUNDS, f"the load made too few of {kind}"
    for guest in guests:
        await guest.leave(front)
        balance = await front.balance(guest.person)
        assert balance["held_minor"] == 0
        assert balance["available_minor"] == guest.spendable_minor()
    async with reading(node.database_url) as connection:
        await check_tables(connection, guests)
        assert await broken_links(connection) == {}
