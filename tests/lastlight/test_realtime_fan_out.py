"""How events are given to many connections: in pieces, in order, emergencies first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import attrs
import trio
import trio.testing

from lastlight.realtime.fan_out import FanOut, Steps
from lastlight.realtime.hub import Hub, Member
from lastlight.realtime.outbox import Outbox
from protocol.limits import (
    FAN_OUT_EVENTS_MAX,
    FAN_OUT_SLICE_S,
    FAN_OUT_STEP,
    FAN_OUT_TOGETHER,
    MISSED_FRAMES_MAX,
)
from tests.lastlight.realtime_kit import STAFF_ROOM, event, principal, user

_STEP_S = 0.002
_STEPS_OF_A_SLICE = 3
"""After the third the slice's five milliseconds are over."""


class Giving:
    """A fan-out and what it gave; each step takes two milliseconds. A piece is its steps' count."""

    def __init__(self, clock: trio.testing.MockClock) -> None:
        self.clock = clock
        self.fan_out: FanOut[int] = FanOut(self._giving)
        self.given: list[str] = []

    def begin(self, room: str, count: int) -> None:
        self.fan_out.add(room, count)
        self.fan_out.go()

    def urgent(self, name: str, count: int) -> None:
        self.fan_out.overtake(self._giving(name, [count]))

    def _giving(self, room: str, pieces: Sequence[int]) -> Steps:
        name = room if len(pieces) == 1 else f"{len(pieces)} × {room}"
        for _ in range(max(pieces)):
            self.given.append(name)
            self.clock.jump(_STEP_S)
            yield

    async def wait(self) -> None:
        while len(self.fan_out):
            await trio.lowlevel.checkpoint()


@asynccontextmanager
async def a_giving(clock: trio.testing.MockClock) -> AsyncIterator[Giving]:
    giving = Giving(clock)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(giving.fan_out.run)
        await trio.testing.wait_all_tasks_blocked()
        yield giving
        nursery.cancel_scope.cancel()


async def test_a_long_event_lets_others_have_their_turn(mock_clock: trio.testing.MockClock) -> None:
    """Ten thousand connections take a tenth of a second, in which nobody else would be answered."""
    async with a_giving(mock_clock) as giving:
        giving.begin("long", 40)
        assert giving.given == ["long"] * _STEPS_OF_A_SLICE
        turns = []
        while len(giving.fan_out):
            before = len(giving.given)
            await trio.lowlevel.checkpoint()
            turns.append(len(giving.given) - before)
        # Trio may let it have two turns between two of ours.
        assert max(turns) * _STEP_S < 2 * (FAN_OUT_SLICE_S + _STEP_S)
    assert giving.given == ["long"] * 40


async def test_rooms_take_turns_in_the_order_they_came(mock_clock: trio.testing.MockClock) -> None:
    """A room in which much is said must not keep the others waiting for ever."""
    async with a_giving(mock_clock) as giving:
        giving.begin("busy", 8)
        giving.begin("quiet", 1)
        for _ in range(FAN_OUT_TOGETHER + 1):
            giving.begin("busy", 1)
        giving.begin("late", 1)
        await giving.wait()
    together = f"{FAN_OUT_TOGETHER} × busy"
    assert giving.given == ["busy"] * 8 + ["quiet", together, "late", "busy"]


async def test_an_emergency_does_not_wait_for_what_is_under_way(
    mock_clock: trio.testing.MockClock,
) -> None:
    """It is given before its caller goes on, and wholly before the rest of the others."""
    async with a_giving(mock_clock) as giving:
        giving.begin("long", 20)
        giving.begin("later", 1)
        del giving.given[:]
        giving.urgent("sos", 6)
        assert giving.given == ["sos"] * _STEPS_OF_A_SLICE
        giving.urgent("sos 2", 2)
        await giving.wait()
    assert giving.given[:8] == ["sos"] * 6 + ["sos 2"] * 2
    assert giving.given[8:] == ["long"] * (20 - _STEPS_OF_A_SLICE) + ["later"]


async def test_over_the_bound_what_is_first_goes_out_at_once(
    mock_clock: trio.testing.MockClock,
) -> None:
    """Memory is bounded, nothing is lost, and whoever brings too much waits for it."""
    async with a_giving(mock_clock) as giving:
        giving.begin("first", 10)
        for n in range(FAN_OUT_EVENTS_MAX - 1):
            giving.begin(f"room {n}", 1)
        assert len(giving.fan_out) == FAN_OUT_EVENTS_MAX
        assert giving.given == ["first"] * _STEPS_OF_A_SLICE
        giving.begin("one more", 1)
        assert len(giving.fan_out) == FAN_OUT_EVENTS_MAX
        assert giving.given == ["first"] * 10


async def test_what_is_under_way_when_it_ends_is_given(
    mock_clock: trio.testing.MockClock,
) -> None:
    """A node that stops has promised these events; who missed them would have to resume."""
    async with a_giving(mock_clock) as giving:
        giving.begin("last", 9)
    assert giving.given == ["last"] * 9
    giving.begin("after", 9)
    giving.urgent("sos", 9)
    assert giving.given[9:] == ["after"] * 9 + ["sos"] * 9


@attrs.define
class Crowd:
    """Connections in one room, each of which takes a frame a tenth of a millisecond."""

    clock: trio.testing.MockClock
    hub: Hub = attrs.field(factory=Hub)
    heard: list[list[bytes]] = attrs.field(factory=list)

    def come(self, count: int) -> list[Member]:
        members = []
        for n in range(count):
            heard: list[bytes] = []
            self.heard.append(heard)
            outbox = Outbox(send_nowait=lambda frame, heard=heard: self._take(heard, frame))  # type: ignore[misc]
            member = Member(principal(n + 1), "127.0.0.1", outbox)
            self.hub.join(member)
            membership = self.hub.enter(member, STAFF_ROOM)
            self.hub.catch_up(member, STAFF_ROOM, membership, opening=b"", seq=0, missed=())
            members.append(member)
        return members

    def _take(self, heard: list[bytes], frame: bytes) -> int:
        if frame:
            heard.append(frame)
            self.clock.jump(0.0001)
        return 0


@asynccontextmanager
async def a_crowd(clock: trio.testing.MockClock) -> AsyncIterator[Crowd]:
    crowd = Crowd(clock)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(crowd.hub.run)
        await trio.testing.wait_all_tasks_blocked()
        yield crowd
        nursery.cancel_scope.cancel()


async def test_everyone_hears_an_emergency_before_an_event_that_is_half_given(
    mock_clock: trio.testing.MockClock,
) -> None:
    """Its numbered copy comes after it to everyone, and is but a cursor."""
    async with a_crowd(mock_clock) as crowd:
        crowd.come(FAN_OUT_STEP * 10)
        sos = event(50, None, type_="emergency.sos_raised")
        crowd.hub.publish(event(1, 1))
        assert 0 < sum(map(len, crowd.heard)) < len(crowd.heard)
        crowd.hub.publish_urgent(sos)
        crowd.hub.publish(attrs.evolve(sos, rooms=((STAFF_ROOM, 2),)))
        while crowd.hub.statistics().waiting:
            await trio.lowlevel.checkpoint()
    half = sum(b'"seq":1' in heard[0] for heard in crowd.heard)
    assert 0 < half < len(crowd.heard)
    for heard in crowd.heard:
        assert len(heard) == 3
        assert [b"seq" in frame for frame in heard].count(False) == 1
        assert b'"seq":2' in heard[2]
        assert b"data" not in heard[2]


async def test_who_leaves_or_loses_the_room_meanwhile_is_not_given_the_event(
    mock_clock: trio.testing.MockClock,
) -> None:
    """Rights count at the moment of giving; and a connection that is gone takes nothing."""
    async with a_crowd(mock_clock) as crowd:
        members = crowd.come(FAN_OUT_STEP * 10)
        crowd.hub.publish(event(1, 1))
        late = [m for m, heard in zip(members, crowd.heard, strict=True) if not heard]
        gone, demoted = late[0], late[-1]
        crowd.hub.leave(gone)
        crowd.hub.renew(demoted, attrs.evolve(demoted.principal, roles={}))
        while crowd.hub.statistics().waiting:
            await trio.lowlevel.checkpoint()
        unheard = [m for m, heard in zip(members, crowd.heard, strict=True) if not heard]
    assert set(unheard) == {gone, demoted}


async def test_who_resumes_while_an_event_is_half_given_hears_it_once(
    mock_clock: trio.testing.MockClock,
) -> None:
    """It is in the backlog from its first moment, and on its way at the same time."""
    async with a_crowd(mock_clock) as crowd:
        crowd.come(FAN_OUT_STEP * 10)
        crowd.hub.publish(event(1, 1))
        crowd.hub.publish(event(2, 2))
        (late,) = crowd.come(1)
        membership = crowd.hub.enter(late, STAFF_ROOM)
        missed = (event(1, 1), event(2, 2))
        crowd.hub.publish(event(3, 3))
        crowd.hub.catch_up(late, STAFF_ROOM, membership, opening=b"", seq=2, missed=missed)
        while crowd.hub.statistics().waiting:
            await trio.lowlevel.checkpoint()
    told = b"".join(crowd.heard[-1])
    assert [told.count(b'"seq":%d,"event"' % seq) for seq in (1, 2, 3)] == [1, 1, 1]


async def test_a_call_that_follows_an_event_waits_until_everybody_has_it(
    mock_clock: trio.testing.MockClock,
) -> None:
    """A login that was ended is told so before its connections are closed."""
    async with a_crowd(mock_clock) as crowd:
        crowd.come(FAN_OUT_STEP * 10)
        crowd.hub.publish(event(1, 1), lambda: crowd.hub.revoke(lambda who: who.user_id == user(1)))
        assert not any(m.outbox.close_code for m in crowd.hub._members)
        while crowd.hub.statistics().waiting:
            await trio.lowlevel.checkpoint()
        assert [m.outbox.close_code for m in crowd.hub._members].count(4401) == 1
    assert all(len(heard) == 1 for heard in crowd.heard)


async def test_a_lost_commit_gives_emergencies_out_and_forgets_them(
    mock_clock: trio.testing.MockClock,
) -> None:
    """The alert was real even if its entry is lost; it comes again under another id."""
    async with a_crowd(mock_clock) as crowd:
        members = crowd.come(FAN_OUT_STEP * 10)
        crowd.hub.publish_urgent(event(50, None, type_="emergency.sos_raised"))
        crowd.hub.reset()
        assert all(len(heard) == 1 for heard in crowd.heard)
        assert not any(member.urgent for member in members)


async def test_what_waits_together_is_one_write_for_most_and_right_for_everyone(
    mock_clock: trio.testing.MockClock,
) -> None:
    """A burst costs a write a connection, not one an event; who differs gets what is theirs."""
    burst = FAN_OUT_TOGETHER
    async with a_crowd(mock_clock) as crowd:
        members = crowd.come(FAN_OUT_STEP * 10)
        late, alarmed = members[-1], members[-2]
        alarmed.urgent[UUID(int=3), STAFF_ROOM] = None
        late.rooms[STAFF_ROOM].last_seq = 5
        crowd.hub.publish(event(1, 1))
        for seq in range(2, burst + 2):
            crowd.hub.publish(event(seq, seq))
        while crowd.hub.statistics().waiting:
            await trio.lowlevel.checkpoint()
    for heard in crowd.heard[:-2]:
        assert len(heard) == 2
        assert heard[1].count(b'"op":"event"') == burst
    assert len(crowd.heard[-1]) == burst + 1 - 5
    assert len(crowd.heard[-2]) == burst + 1
    assert b"data" not in crowd.heard[-2][2]
    assert {member.rooms[STAFF_ROOM].last_seq for member in members} == {burst + 1}


async def test_those_who_come_back_together_are_given_the_same_bytes(
    mock_clock: trio.testing.MockClock,
) -> None:
    """Encoding what was missed anew for each of two thousand would take longer than all else."""
    missed = tuple(event(seq, seq) for seq in range(1, 4))
    async with a_crowd(mock_clock) as crowd:
        for member in crowd.come(3):
            membership = crowd.hub.enter(member, STAFF_ROOM)
            crowd.hub.catch_up(member, STAFF_ROOM, membership, opening=b"{}", seq=3, missed=missed)
        assert len(crowd.hub._missed) == len(missed)
        last = [event(seq, seq) for seq in range(1, MISSED_FRAMES_MAX + 5)]
        (late,) = crowd.come(1)
        membership = crowd.hub.enter(late, STAFF_ROOM)
        crowd.hub.catch_up(late, STAFF_ROOM, membership, opening=b"", seq=9, missed=last)
        assert len(crowd.hub._missed) == MISSED_FRAMES_MAX
    assert len({heard[0] for heard in crowd.heard[:3]}) == 1
    assert crowd.heard[0][0].count(b'"op":"event"') == 3
