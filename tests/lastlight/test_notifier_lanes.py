"""A provider behind its bounds: places, pace, and when it is left alone."""

from __future__ import annotations

from uuid import UUID

import attrs
import pytest
import trio
from trio.testing import MockClock

from lastlight.integrations.notifications.lane import Lane
from lastlight.integrations.notifications.port import Channel, Letter, TryLater
from protocol.notify_limits import NOTIFY_AT_ONCE_MAX
from tests.lastlight.notifier_kit import (
    LETTER,
    a_stand,
    someone,
)
from tests.twins.reaching import MemoryWay


async def test_a_hanging_provider_has_a_bound_and_lets_alarms_in(autojump_clock: MockClock) -> None:
    """What is not urgent fills its own places only."""
    stand = a_stand(known={UUID(int=1): someone(1)})
    way = stand.ways[Channel.FCM]
    way.hangs = hung = trio.Event()
    lane = stand.notifier.delivering.lanes[Channel.FCM]
    letter = LETTER
    async with trio.open_nursery() as nursery:
        for n in range(3 * NOTIFY_AT_ONCE_MAX):
            nursery.start_soon(_try, lane, attrs.evolve(letter, id=UUID(int=n)))
        await trio.sleep(1)
        assert way.under_way == NOTIFY_AT_ONCE_MAX
        way.hangs = None
        with trio.fail_after(1):
            await lane.deliver("alarm", attrs.evolve(letter, id=UUID(int=99), urgent=True))
        hung.set()


async def test_who_asked_to_be_left_alone_is_until_then(autojump_clock: MockClock) -> None:
    """By all but alarms, which are few."""
    stand = a_stand()
    way, lane = stand.ways[Channel.FCM], stand.notifier.delivering.lanes[Channel.FCM]
    letter = LETTER
    way.raises.append(TryLater(reason="quota", after_s=60.0, everything=True))
    with pytest.raises(TryLater):
        await lane.deliver("t", letter)
    await trio.sleep(59)
    with pytest.raises(TryLater, match="left alone"):
        await lane.deliver("t", letter)
    await lane.deliver("t", attrs.evolve(letter, urgent=True, id=UUID(int=2)))
    await trio.sleep(1.1)
    await lane.deliver("t", attrs.evolve(letter, id=UUID(int=3)))
    assert len(way.taken) == 2


async def test_a_provider_is_asked_at_its_pace(autojump_clock: MockClock) -> None:
    """Ten a second, but an alarm at once; the others make room for it."""
    way = MemoryWay()
    lane = Lane(way, 10.0, "slow")
    letter = LETTER
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for n in range(40):
            nursery.start_soon(lane.deliver, "t", attrs.evolve(letter, id=UUID(int=n)))
        await trio.sleep(0.05)
        with trio.fail_after(0.01):
            await lane.deliver("t", attrs.evolve(letter, id=UUID(int=99), urgent=True))
    assert 3.0 <= trio.current_time() - began <= 3.2
    assert len(way.taken) == 41


async def _try(lane: Lane, letter: Letter) -> None:
    with trio.move_on_after(5):
        await lane.deliver("t", letter)
