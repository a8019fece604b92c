"""A room's numbers are gapless and never given twice, whoever comes and goes (Rule 17)."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from actors.runtime.rooms import RoomCursors
from protocol.entries import RoomEvent


def an_event(room: str, seq: int) -> RoomEvent:
    """An event numbered in one room."""
    return RoomEvent(
        id=UUID(int=seq),
        type="room.tested",
        venue_id=None,
        occurred_at=datetime(2026, 11, 20, tzinfo=UTC),
        data={},
        rooms=((room, seq),),
    )


async def stored(room: str) -> int:
    """What the database knows: less than was written."""
    return 3


async def test_a_cursor_stays_while_its_last_number_is_not_flushed() -> None:
    """Read anew from a database that is behind, it would give numbers a second time."""
    rooms = RoomCursors(stored)
    await rooms.ensure(("a", "b"))
    event = an_event("a", rooms.next("a"))
    rooms.written([event], position=10)
    rooms.forget(("a", "b"), flushed=9)
    assert rooms.knows("a")
    assert not rooms.knows("b")
    rooms.forget(("a",), flushed=10)
    assert not rooms.knows("a")


@pytest.mark.parametrize("count", [1, 5])
async def test_numbers_of_an_entry_that_was_not_taken_are_given_again(count: int) -> None:
    """A journal that is full must leave no gap: a client would wait for what never was."""
    rooms = RoomCursors(stored)
    await rooms.ensure(("a",))
    rooms.take_back([an_event("a", rooms.next("a")) for _ in range(count)])
    assert rooms.next("a") == 4
