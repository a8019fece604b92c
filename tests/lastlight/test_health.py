"""What `/readyz` says of providers: there, switched off, or left alone for a while."""

from __future__ import annotations

from typing import Any

from trio.testing import MockClock

from lastlight.gateway.health import Health
from lastlight.integrations.notifications.lane import Lane
from lastlight.integrations.notifications.port import Channel, TryLater
from protocol.replies.ops import ReadyStatus
from tests.lastlight.notifier_kit import LETTER
from tests.twins.reaching import MemoryWay
from tests.twins.whole import LastLight, a_world, open_memory_last_light


def health_of(house: LastLight, **more: Any) -> Health:
    return Health(node=house.node, write_behind=house.write_behind, **more)


async def test_a_provider_that_is_left_alone_is_told_and_degrades_the_node(
    autojump_clock: MockClock,
) -> None:
    """Cards that nobody can pay with look like guests without money, until somebody says so."""
    rests = {"payments": False}
    ways: set[Channel] = set()
    async with open_memory_last_light(a_world(), demo=False) as house:
        health = health_of(
            house,
            payments_on=True,
            ways_on={Channel.FCM},
            payments_rest=lambda: rests["payments"],
            ways_rest=lambda: ways,
        )
        assert health.readiness().status is ReadyStatus.OK
        rests["payments"] = True
        ways |= {Channel.FCM, Channel.SMS}
        found = health.readiness()
    assert found.status is ReadyStatus.DEGRADED
    assert found.parts["payments"] == found.parts["push_fcm"] == "resting"
    assert found.parts["sms"] == "off", "what is not there does not rest"


async def test_a_lane_rests_for_as_long_as_its_provider_asked(autojump_clock: MockClock) -> None:
    """And is there again by itself."""
    way = MemoryWay()
    lane = Lane(way, 100.0, "push_fcm")
    way.raises.append(TryLater(reason="too many", after_s=30.0, everything=True))
    assert not lane.rests
    try:
        await lane.deliver("somebody", LETTER)
    except TryLater:
        assert lane.rests
    autojump_clock.jump(31)
    assert not lane.rests
