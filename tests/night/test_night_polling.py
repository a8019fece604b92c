"""Hearing without a socket: polls wait, resume and hide as sockets do (Rule 17)."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from protocol.limits import POLL_S
from tests.twins.people import VENUE, Someone

STAFF_ROOM = f"venue:{VENUE}:staff"


async def poll(who: Someone, room: str, **query: object) -> Any:
    """Ask once for what happened in a room."""
    target = "&".join(f"{name}={value}" for name, value in {"room": room, **query}.items())
    return await who.send("GET", f"/api/realtime/events?{target}")


async def test_a_poll_without_a_place_tells_at_once_where_the_room_stands(
    staff: Someone, autojump_clock: MockClock
) -> None:
    """A client begins there and asks on; history before it came is loaded by other routes."""
    began = trio.current_time()
    answer = await poll(staff, STAFF_ROOM)
    assert answer.status == 200
    assert answer.body["items"] == []
    assert trio.current_time() - began < 1


async def test_a_poll_waits_for_the_next_event_and_no_longer_than_asked(
    staff: Someone, autojump_clock: MockClock
) -> None:
    """An empty answer after the wait is no error: the same place is asked for again."""
    start = (await poll(staff, STAFF_ROOM)).body["seq"]
    began = trio.current_time()
    assert (await poll(staff, STAFF_ROOM, after_seq=start)).body["items"] == []
    assert POLL_S <= trio.current_time() - began < POLL_S + 1
    began = trio.current_time()
    assert (await poll(staff, STAFF_ROOM, after_seq=start, wait_s=3)).body["items"] == []
    assert trio.current_time() - began < 4


async def test_what_happens_while_a_poll_waits_ends_it(
    staff: Someone, autojump_clock: MockClock
) -> None:
    """An alarm is not told 25 seconds late to whoever has no socket."""
    start = (await poll(staff, STAFF_ROOM)).body["seq"]
    heard: list[Any] = []

    async def wait() -> None:
        heard.append(await poll(staff, STAFF_ROOM, after_seq=start))
        heard.append(trio.current_time())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.sleep(5)
        pressed_at = trio.current_time()
        assert (await staff.send("POST", "/api/emergency/sos", {})).status == 201
    answer, at = heard
    (raised,) = answer.body["items"]
    assert raised["event"]["type"] == "emergency.sos_raised"
    assert raised["seq"] == raised["event"]["seq"] == answer.body["seq"] == start + 1
    assert at - pressed_at < 1


async def test_pages_of_a_room_have_no_gap_and_no_repeat(
    staff: Someone, autojump_clock: MockClock
) -> None:
    """`limit` cuts, and the next poll goes on where the last one ended."""
    start = (await poll(staff, STAFF_ROOM)).body["seq"]
    for action in ("RaiseSos",) * 3:
        assert (await staff.send("POST", "/api/emergency/sos", {"note": action})).status < 300
    seen, at = [], start
    while items := (await poll(staff, STAFF_ROOM, after_seq=at, limit=1, wait_s=0)).body["items"]:
        seen += [item["seq"] for item in items]
        at = seen[-1]
    assert seen == list(range(start + 1, start + 1 + len(seen)))
    assert len(seen) >= 3


async def test_a_silent_press_shows_its_raiser_an_empty_place(
    staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Rule 8: whoever forces them looks at their phone, however it asks."""
    start = (await poll(staff, STAFF_ROOM)).body["seq"]
    await staff.send("POST", "/api/emergency/sos", {"silent": True})
    own = (await poll(staff, STAFF_ROOM, after_seq=start)).body["items"]
    others = (await poll(manager, STAFF_ROOM, after_seq=start)).body["items"]
    assert [item["event"] for item in own] == [None]
    assert others[0]["event"]["type"] == "emergency.sos_raised"


@pytest.mark.parametrize(
    ("room", "status"),
    [
        (STAFF_ROOM, 404),
        (f"venue:{VENUE}:patrons", 200),
        ("owner", 403),
        ("user:00000000-0000-7000-8000-00000000ffff", 404),
        ("nonsense", 404),
    ],
)
async def test_rooms_are_as_closed_as_for_sockets(
    patron: Someone, room: str, status: int, autojump_clock: MockClock
) -> None:
    """A second way in with rights of its own would be a hole."""
    assert (await poll(patron, room)).status == status


async def test_a_place_of_another_epoch_is_gone(staff: Someone, autojump_clock: MockClock) -> None:
    """410: load the state anew, rather than miss what happened."""
    answer = await poll(staff, STAFF_ROOM, after_seq=1, epoch="of another journal")
    assert (answer.status, answer.code) == (410, "cursor_expired")


async def test_signing_out_ends_a_waiting_poll_without_telling(
    staff: Someone, autojump_clock: MockClock
) -> None:
    """What happens after the token was revoked is not for its holder."""
    start = (await poll(staff, STAFF_ROOM)).body["seq"]
    heard: list[Any] = []

    async def wait() -> None:
        heard.append(await poll(staff, STAFF_ROOM, after_seq=start))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.sleep(1)
        assert (await staff.send("POST", "/api/auth/logout", {})).status == 204
    assert heard[0].status == 401
