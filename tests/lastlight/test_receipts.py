"""Receipts on their way: what an acknowledgement covers, and how venues are told (Rule 8)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import attrs
import trio
from trio.testing import MockClock

from actors.runtime.answers import NodeStarting
from lastlight.realtime.receipts import Receipts
from protocol.entries import RoomEvent
from protocol.internal.receipts import Receipt
from protocol.limits import (
    ALERTS_KNOWN_MAX,
    RECEIPTS_AGAIN_S,
    RECEIPTS_BATCH_MAX,
    RECEIPTS_EVERY_S,
    RECEIPTS_WAITING_MAX,
)
from tests.lastlight.realtime_kit import STAFF_ROOM, VENUE, user

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OWNER_ROOM = f"venue:{VENUE}:owner"
RAISER = user(9)
INCIDENT = UUID(int=0x1C)


def sos(
    n: int = 1,
    seq: int | None = 5,
    *,
    incident: UUID = INCIDENT,
    rooms: tuple[str, ...] = (STAFF_ROOM,),
) -> RoomEvent:
    """Somebody pressed; `n` names the event. Without `seq` it is the urgent copy."""
    return RoomEvent(
        id=UUID(int=n), type="emergency.sos_raised", venue_id=VENUE, occurred_at=NOW,
        data={"incident_id": str(incident), "raised_by": str(RAISER)},
        rooms=tuple((room, seq) for room in rooms),
    )  # fmt: skip


def broadcast(n: int, seq: int, *, needs_ack: bool = True) -> RoomEvent:
    """Management told the house something."""
    return RoomEvent(
        id=UUID(int=n), type="emergency.broadcast", venue_id=VENUE, occurred_at=NOW,
        data={"broadcast_id": str(UUID(int=n)), "by": str(RAISER), "needs_ack": needs_ack},
        rooms=((STAFF_ROOM, seq),),
    )  # fmt: skip


@attrs.define(eq=False)
class Venue:
    """What a venue is told, and how it takes it."""

    batches: list[tuple[float, tuple[Receipt, ...]]] = attrs.field(factory=list)
    away: bool = False
    under_way: int = 0
    under_way_most: int = 0

    async def tell(self, venue_id: UUID, receipts: tuple[Receipt, ...]) -> None:
        assert venue_id == VENUE
        self.under_way += 1
        self.under_way_most = max(self.under_way, self.under_way_most)
        try:
            await trio.sleep(0.05)
            if self.away:
                raise NodeStarting
        finally:
            self.under_way -= 1
        self.batches.append((trio.current_time(), receipts))

    @property
    def told(self) -> list[tuple[UUID, UUID]]:
        """Alert and person of every receipt, in order."""
        return [(r.alert_id, r.user_id) for _, batch in self.batches for r in batch]


@asynccontextmanager
async def running(receipts: Receipts, venue: Venue) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receipts.run, venue.tell)
        yield
        nursery.cancel_scope.cancel()


def knowing(*events: RoomEvent) -> Receipts:
    receipts = Receipts(lambda: NOW)
    for event in events:
        receipts.note(event)
    return receipts


async def told_by(receipts: Receipts) -> list[tuple[UUID, UUID]]:
    """What a venue hears of what waits."""
    venue = Venue()
    async with running(receipts, venue):
        await trio.sleep(1)
    assert len(receipts) == 0
    return venue.told


async def test_a_place_covers_every_alert_up_to_it_and_none_before_the_start(
    autojump_clock: MockClock,
) -> None:
    """Whoever came at place 4 was never given what happened before."""
    other = UUID(int=0x2C)
    receipts = knowing(sos(1, 3), sos(2, 5, incident=other), broadcast(3, 7))
    receipts.acknowledged(user(1), STAFF_ROOM, after=4, until=6)
    receipts.acknowledged(user(2), STAFF_ROOM, after=0, until=7)
    receipts.acknowledged(user(3), OWNER_ROOM, after=0, until=7)
    assert sorted(await told_by(receipts)) == sorted(
        [
            (other, user(1)),
            (INCIDENT, user(2)), (other, user(2)), (UUID(int=3), user(2)),
        ]
    )  # fmt: skip


async def test_the_urgent_copy_is_acknowledged_by_its_id(autojump_clock: MockClock) -> None:
    """It has no place; the place that follows covers the same alert, and it counts once."""
    receipts = knowing(sos(1, None))
    receipts.acknowledged(user(1), STAFF_ROOM, event_id=UUID(int=1))
    receipts.acknowledged(user(2), OWNER_ROOM, event_id=UUID(int=1))
    receipts.acknowledged(user(2), STAFF_ROOM, event_id=UUID(int=77))
    receipts.note(sos(1, 5))
    for who in (1, 2):
        receipts.acknowledged(user(who), STAFF_ROOM, until=5)
    assert await told_by(receipts) == [(INCIDENT, user(1)), (INCIDENT, user(2))]


async def test_the_copy_of_a_press_that_was_not_recorded_yet_is_the_same_alert(
    autojump_clock: MockClock,
) -> None:
    """The gateway told of it under another event's id; who had it then has it (recorded: false)."""
    receipts = knowing(sos(1, None), sos(2, 5))
    receipts.acknowledged(user(1), STAFF_ROOM, event_id=UUID(int=1))
    receipts.acknowledged(user(1), STAFF_ROOM, until=5)
    assert await told_by(receipts) == [(INCIDENT, user(1))]


async def test_the_raiser_has_no_receipt_and_what_needs_none_is_not_counted(
    autojump_clock: MockClock,
) -> None:
    """Management's own phone counts for a broadcast, as everybody's does."""
    receipts = knowing(sos(1, 1), broadcast(2, 2), broadcast(3, 3, needs_ack=False))
    receipts.acknowledged(RAISER, STAFF_ROOM, until=9)
    assert await told_by(receipts) == [(UUID(int=2), RAISER)]


async def test_what_is_given_to_somebody_who_comes_back_is_known_in_its_order(
    autojump_clock: MockClock,
) -> None:
    """After a restart alerts are learned as they are given again, older ones after newer."""
    old, new = UUID(int=0x2C), UUID(int=0x3C)
    receipts = knowing(sos(5, 9, incident=new), sos(1, 3, incident=old))
    receipts.acknowledged(user(1), STAFF_ROOM, after=3, until=9)
    receipts.acknowledged(user(1), STAFF_ROOM, after=0, until=3)
    assert await told_by(receipts) == [(new, user(1)), (old, user(1))]


async def test_venues_are_told_in_batches_one_at_a_time(autojump_clock: MockClock) -> None:
    """Six hundred phones answer at once; the venue's mailbox has one message of it at a time."""
    receipts, venue = knowing(broadcast(1, 1)), Venue()
    async with running(receipts, venue):
        await trio.testing.wait_all_tasks_blocked()
        began = trio.current_time()
        for n in range(RECEIPTS_BATCH_MAX + 100):
            receipts.acknowledged(user(n), STAFF_ROOM, until=1)
        await trio.sleep(RECEIPTS_EVERY_S / 2)
        receipts.acknowledged(user(9999), STAFF_ROOM, until=1)
        await trio.sleep(1)
    assert [len(batch) for _, batch in venue.batches] == [RECEIPTS_BATCH_MAX, 101]
    assert venue.batches[0][0] - began >= RECEIPTS_EVERY_S
    assert venue.under_way_most == 1


async def test_a_venue_that_is_not_there_is_told_when_it_is(autojump_clock: MockClock) -> None:
    """The node starts: the press waits in the journal, and so do its receipts, in memory."""
    receipts, venue = knowing(sos(1, None)), Venue(away=True)
    async with running(receipts, venue):
        receipts.acknowledged(user(1), STAFF_ROOM, event_id=UUID(int=1))
        await trio.sleep(5)
        assert venue.told == []
        assert len(receipts) == 1
        receipts.acknowledged(user(2), STAFF_ROOM, event_id=UUID(int=1))
        venue.away = False
        await trio.sleep(2 * RECEIPTS_AGAIN_S)
    assert venue.told == [(INCIDENT, user(1)), (INCIDENT, user(2))]


def test_receipts_and_alerts_are_bounded() -> None:
    """A lost receipt is harmless; a memory that grows is not."""
    receipts = knowing(broadcast(1, 1))
    for n in range(RECEIPTS_WAITING_MAX + 10):
        receipts.acknowledged(UUID(int=n), STAFF_ROOM, until=1)
    assert len(receipts) == RECEIPTS_WAITING_MAX
    rooms = (STAFF_ROOM, OWNER_ROOM)
    moved = knowing(sos(0, 1, rooms=(OWNER_ROOM,)), sos(-1 % 2**64, None, rooms=rooms))
    for n in range(1, ALERTS_KNOWN_MAX + 1):
        moved.note(sos(n, n, incident=UUID(int=n)))
    moved.acknowledged(user(1), OWNER_ROOM, until=1)
    assert len(moved) == 0
    crowded = knowing(*(sos(n, n, incident=UUID(int=n)) for n in range(1, ALERTS_KNOWN_MAX + 3)))
    crowded.acknowledged(user(1), STAFF_ROOM, until=ALERTS_KNOWN_MAX + 3)
    assert len(crowded) == ALERTS_KNOWN_MAX
