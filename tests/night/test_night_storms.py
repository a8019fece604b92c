"""Webhook storms in memory (Rule 11): any order, any number of times, over crashes."""

from __future__ import annotations

from collections import Counter
from functools import partial
from random import Random

import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from tests.night.storm import Plan, Storm
from tests.twins.nodes import World
from tests.twins.whole import copy_of

STEPS = st.lists(st.tuples(st.integers(0, 15), st.integers(0, 2**16)), min_size=4, max_size=30)

STORMS = 8
KINDS = {
    "_begin", "_pay", "_decline", "_prove", "_work", "_deliver", "_cancel", "_refund",
    "_end_refund", "_dispute", "_wait", "crash",
}  # fmt: skip


def rage(world: World, plan: Plan, seed: int) -> Storm:
    storm = Storm(copy_of(world), Random(seed))
    trio.run(partial(storm.rage, plan), clock=MockClock(autojump_threshold=0))
    return storm


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(plan=STEPS, seed=st.integers(0, 2**32))
def test_whatever_order_events_come_in_money_comes_once(
    founded_world: World, plan: Plan, seed: int
) -> None:
    """Each event 1 to 5 times, shuffled, before the answer and after a crash; also shrunk."""
    rage(founded_world, plan, seed)


def test_long_storms_meet_everything(founded_world: World) -> None:
    """What never happens shows nothing: payments of all ends, refunds, chargebacks, crashes."""
    met: Counter[str] = Counter()
    for seed in range(STORMS):
        chance = Random(seed)
        plan = [(chance.randrange(16), chance.randrange(2**16)) for _ in range(60)]
        met += rage(founded_world, plan, seed).met
    assert set(met) == KINDS
