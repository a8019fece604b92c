"""An SOS of somebody who may be at any of several venues: all of theirs hear of it (Rule 8)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import attrs
from trio.testing import MockClock

from lastlight.demo.ids import DEMO_VENUE
from lastlight.realtime.services import Answer
from protocol.addresses import Principal, Role
from protocol.entries import decode_entry
from protocol.errors import Refusal
from protocol.operations.safety import RaiseSos
from tests.twins.whole import LastLight

ELSEWHERE = UUID("ffffffff-0000-7000-8000-000000000002")


def somebody(house: LastLight) -> Principal:
    """Staff of two venues, with a shift at neither."""
    return Principal(
        user_id=uuid4(),
        display_name="Staff of two venues",
        roles={DEMO_VENUE: Role.STAFF, ELSEWHERE: Role.STAFF},
        everywhere=Role.PATRON,
        token_version=1,
        family_id=uuid4(),
        expires_at=house.world.clock.now() + timedelta(minutes=15),
    )


async def press(
    house: LastLight, who: Principal, key: str | None = None, venue_id: UUID | None = None
) -> Answer | Refusal:
    """Press the button, over a socket."""
    data = {} if venue_id is None else {"venue_id": str(venue_id)}
    return await house.services.command(who, "RaiseSos", data, key)


def watch(house: LastLight) -> list[UUID | None]:
    """Which incidents the other venue is left from now on."""
    left: list[UUID | None] = []

    def hear(data: bytes) -> None:
        left.extend(
            message.command.incident_id
            for message in decode_entry(data).sends
            if message.target.id == ELSEWHERE and isinstance(message.command, RaiseSos)
        )

    house.journal.spy = hear
    return left


async def test_the_other_venues_hear_of_a_press_once(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """The phone repeats what it got no answer to; hours later that is no new emergency."""
    left, who = watch(house), somebody(house)
    first = await press(house, who, "the key")
    again = await press(house, who, "the key")
    assert isinstance(first, Answer)
    assert isinstance(again, Answer)
    assert first.data == again.data
    assert len(left) == 1


async def test_a_key_that_was_used_for_another_press_alerts_nobody(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """It is refused as a mistake, so it must not be heard at half of the venues."""
    left, who = watch(house), somebody(house)
    await press(house, who, "the key")
    refused = await house.services.command(who, "RaiseSos", {"zone": "bar"}, "the key")
    assert isinstance(refused, Refusal)
    assert len(left) == 1


async def test_a_journal_that_takes_no_more_hushes_no_venue(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """The first venue has it: its answer stands, and the others are at least told."""
    house.journal.room_for = 1
    answer = await press(house, somebody(house))
    assert isinstance(answer, Answer)
    assert answer.status == 201
    rooms = {room for event in house.world.publisher.urgent for room, _ in event.rooms}
    assert f"venue:{ELSEWHERE}:staff" in rooms
    house.journal.room_for = None


async def test_a_venue_that_is_not_there_does_not_hush_an_owner(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """Who owns everything may be anywhere; a wrong id in the press is no reason to send nobody."""
    owner = attrs.evolve(somebody(house), roles={}, everywhere=Role.OWNER)
    answer = await press(house, owner, venue_id=ELSEWHERE)
    assert isinstance(answer, Answer)
    assert answer.status == 201
    rooms = {room for event in house.world.publisher.urgent for room, _ in event.rooms}
    assert f"venue:{DEMO_VENUE}:staff" in rooms
    assert f"venue:{ELSEWHERE}:staff" not in rooms
