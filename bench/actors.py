"""What a resident account costs: bytes each, and how long the loop stops while 60,000 come in.

Runs the production runtime and account actors in this process over the in-memory twins of storage,
so that what is measured is the actors and not the database.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from uuid import UUID

import trio

from bench.people import EverybodyThere
from lastlight.behaviours import BEHAVIOURS
from lastlight.process import freeze, open_tamed_process
from protocol.addresses import ActorKind, Address
from tests.twins.nodes import World, open_memory_node
from tests.twins.outside import TrioClock


def _world() -> World:
    clock = TrioClock()
    return World(clock=clock, database=EverybodyThere(clock.now))


async def activate(count: int) -> tuple[float, float]:
    """Activate accounts; returns seconds in all and the longest stop of the loop, in ms."""
    world = _world()
    stops: list[float] = []

    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await trio.sleep(0.001)
            stops.append(time.perf_counter() - before - 0.001)

    async with (
        open_tamed_process(),
        open_memory_node(world, BEHAVIOURS) as running,
        trio.open_nursery() as nursery,
    ):
        freeze()
        nursery.start_soon(watch)
        began = time.perf_counter()
        for n in range(count):
            await running.node.activate(Address(ActorKind.ACCOUNT, UUID(int=n + 1)))
        took = time.perf_counter() - began
        nursery.cancel_scope.cancel()
    return took, max(stops) * 1000


async def weigh(count: int) -> float:
    """Bytes per resident account with its last five keys, task and mailbox included."""
    world = _world()
    async with open_memory_node(world, BEHAVIOURS) as running:
        gc.collect()
        tracemalloc.start()
        for n in range(count):
            await running.node.activate(Address(ActorKind.ACCOUNT, UUID(int=n + 1)))
        gc.collect()
        traced, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return traced / count
