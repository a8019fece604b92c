"""The singers' queue from one night to the next, on whole nodes."""

from __future__ import annotations

from trio.testing import MockClock

from protocol.records.states import TurnStatus
from protocol.records.venues import KaraokeTurn
from tests.night.bookings import ROOM_FOR_TWO
from tests.night.people_kit import days_later, rows
from tests.twins.nodes import World
from tests.twins.people import check_in, sign_in
from tests.twins.whole import LastLight, open_memory_last_light

QUEUE = f"/api/karaoke/rooms/{ROOM_FOR_TWO}/queue"


async def sing(house: LastLight, who: str, *songs: str) -> None:
    """Somebody comes in and adds songs."""
    staff, patron = await sign_in(house, "staff1"), await sign_in(house, who)
    await check_in(patron, staff)
    for song in songs:
        await patron.need(200, "POST", QUEUE, {"action": "add", "song": song})
    await house.wait_flushed()


async def test_who_was_announced_last_night_does_not_keep_the_place(
    world: World, autojump_clock: MockClock
) -> None:
    """A room has one announced singer; PostgreSQL refused the second, and set the song aside."""
    async with open_memory_last_light(world) as house:
        await sing(house, "patron1", "One", "Two", "Three")
    for days in (1, 3):
        async with days_later(world, days) as house:
            await sing(house, f"patron{days + 1}", f"{days}a", f"{days}b", f"{days}c")
            assert house.world.database.kept_aside == []
            tonight = [song for song in rows(house, KaraokeTurn) if song.song.startswith(f"{days}")]
            assert [song.status for song in tonight] == [
                TurnStatus.SINGING, TurnStatus.NEXT, TurnStatus.WAITING,
            ]  # fmt: skip
            announced = [s for s in rows(house, KaraokeTurn) if s.status is TurnStatus.NEXT]
            assert len(announced) == 1
