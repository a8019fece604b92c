"""Calls that nobody's device has: when that is known, and who hears of it (Rule 8)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import attrs
import trio
from trio.testing import MockClock

from actors.runtime.answers import NodeStarting
from lastlight.realtime.hub import Member
from lastlight.realtime.outbox import Outbox
from lastlight.realtime.receipts import Alert, alert_of
from lastlight.realtime.unheard import Unheard
from protocol.entries import RoomEvent
from protocol.limits import ALERTS_KNOWN_MAX
from tests.lastlight.realtime_kit import STAFF_ROOM, principal, user
from tests.lastlight.test_receipts import INCIDENT, RAISER, broadcast, sos

UNHEARD_S = 10.0


class Room:
    """Who is in the staff room, and which of them acknowledge."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self.tellers: set[Member] = set()
        self.told: list[tuple[float, Alert]] = []
        self.away = False
        self.unheard = Unheard(
            members=lambda room: self.members if room == STAFF_ROOM else (),
            tells=lambda member: member in self.tellers,
            within_s=lambda venue_id: UNHEARD_S,
        )

    def enter(self, user_id: UUID, *, tells: bool) -> None:
        someone = attrs.evolve(principal(1), user_id=user_id)
        member = Member(someone, "192.0.2.1", Outbox())
        self.members.append(member)
        if tells:
            self.tellers.add(member)

    async def tell(self, alert: Alert) -> None:
        if self.away:
            raise NodeStarting
        self.told.append((trio.current_time(), alert))

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.unheard.run, self.tell)
            yield
            nursery.cancel_scope.cancel()


def call(event: RoomEvent) -> Alert:
    alert = alert_of(event)
    assert alert is not None
    return alert


async def test_a_call_that_reached_no_connection_is_unheard(autojump_clock: MockClock) -> None:
    """All phones sleep: after ten seconds that is known, to the millisecond."""
    room = Room()
    room.enter(RAISER, tells=True)
    async with room.watching():
        began = trio.current_time()
        room.unheard.watch(call(sos()))
        await trio.sleep(1)
        room.unheard.watch(call(sos(2, incident=UUID(int=0x2C))))
        await trio.sleep(60)
    assert [(at - began, alert.id) for at, alert in room.told] == [
        (UNHEARD_S, INCIDENT),
        (UNHEARD_S + 1, UUID(int=0x2C)),
    ]


async def test_one_receipt_and_it_is_heard(autojump_clock: MockClock) -> None:
    """Somebody knows. Whether they come, the times of the rule watch over."""
    room, alert = Room(), call(sos())
    room.enter(user(1), tells=True)
    async with room.watching():
        room.unheard.watch(alert)
        await trio.sleep(UNHEARD_S - 1)
        alert.receivers.add(user(1))
        await trio.sleep(60)
    assert room.told == []


async def test_of_clients_that_never_acknowledge_nothing_is_known(
    autojump_clock: MockClock,
) -> None:
    """They may well show it, so the times of the rule hold; unless one that does should have."""
    silent, mixed = Room(), Room()
    silent.enter(user(1), tells=False)
    mixed.enter(user(1), tells=False)
    mixed.enter(user(2), tells=True)
    for room in (silent, mixed):
        async with room.watching():
            room.unheard.watch(call(sos()))
            await trio.sleep(60)
    assert (len(silent.told), len(mixed.told)) == (0, 1)


async def test_a_broadcast_is_not_watched_and_watching_is_bounded(
    autojump_clock: MockClock,
) -> None:
    """A broadcast has no tiers; who presses for ever fills no memory."""
    room = Room()
    room.unheard.watch(call(broadcast(1, 1)))
    assert len(room.unheard) == 0
    for n in range(ALERTS_KNOWN_MAX + 1):
        room.unheard.watch(call(sos(n)))
    assert len(room.unheard) == ALERTS_KNOWN_MAX


async def test_a_venue_that_starts_hears_of_it_when_it_is_there(autojump_clock: MockClock) -> None:
    """Told once; or not at all, if somebody had it meanwhile."""
    room, heard, unheard = Room(), call(sos()), call(sos(2, incident=UUID(int=0x2C)))
    room.away = True
    async with room.watching():
        room.unheard.watch(heard)
        room.unheard.watch(unheard)
        await trio.sleep(UNHEARD_S + 5)
        heard.receivers.add(user(1))
        room.away = False
        await trio.sleep(60)
    assert [alert.id for _, alert in room.told] == [UUID(int=0x2C)]
