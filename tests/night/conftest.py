"""A world with the demo venue, founded once; each test has a copy of it to itself."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio
from trio.testing import MockClock

from tests.twins.nodes import World
from tests.twins.people import Someone, sign_in
from tests.twins.whole import LastLight, a_world, copy_of, open_memory_last_light


@pytest.fixture(scope="session")
def founded_world() -> World:
    """The demo venue on the evening that it opens."""
    world = a_world()

    async def found() -> None:
        async with open_memory_last_light(world) as house:
            await house.wait_flushed()

    trio.run(found, clock=MockClock(autojump_threshold=0))
    world.publisher.events.clear()
    return world


@pytest.fixture
def world(founded_world: World) -> World:
    """A copy that the test may do anything to."""
    return copy_of(founded_world)


@pytest.fixture
async def house(world: World) -> AsyncIterator[LastLight]:
    """A node that runs in `world`, where time passes only when everybody waits.

    A test has to ask for `autojump_clock` itself, or it would wait for real.
    """
    assert isinstance(trio.lowlevel.current_clock(), MockClock), "ask for autojump_clock"
    async with open_memory_last_light(world) as house:
        yield house


@pytest.fixture
async def patron(house: LastLight) -> Someone:
    """A guest with 100,000 minor of credit."""
    return await sign_in(house, "patron1")


@pytest.fixture
async def staff(house: LastLight) -> Someone:
    """Somebody who works here."""
    return await sign_in(house, "staff1")


@pytest.fixture
async def manager(house: LastLight) -> Someone:
    """Who runs the floor."""
    return await sign_in(house, "manager")


@pytest.fixture
async def owner(house: LastLight) -> Someone:
    """Whose place it is."""
    return await sign_in(house, "owner")
