"""Where a room stands: from memory, from the database, and while one overtakes the other."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from lastlight.realtime.backlog import Backlog
from lastlight.realtime.services import Resumption
from protocol.errors import PROBLEMS, Code, LastLightError, Refusal
from protocol.folding import RoomView
from protocol.limits import BACKLOG_ROOMS_MAX, ROOM_BACKLOG_EVENTS
from tests.lastlight.realtime_kit import user
from tests.lastlight.room_kit import HOUSE, ME, MINE, House, fleeting, item, view_of


async def test_without_a_place_it_is_where_the_room_stands() -> None:
    """One round trip, whoever comes and from however far."""
    house = House()
    assert (await house.stands())[0] == 0
    house.happen(4)
    assert (await house.stands())[0] == 4
    assert house.asked == ["view"], "what was brought in stays, and follows what is published"


async def test_a_place_that_is_here_is_followed_by_events() -> None:
    """Also the place before everything: resume works when nothing was ever received."""
    house = House()
    house.happen(3)
    assert await house.followed(0) == [1, 2, 3]
    assert await house.followed(2) == [3]
    assert await house.followed(3) == []
    assert house.asked == []


async def test_what_memory_has_not_is_read() -> None:
    """A node that was started again has an empty memory, and clients with places."""
    house = House()
    house.happen(3, published=False)
    assert await house.followed(1) == [2, 3]
    assert await house.followed(3) == []
    assert house.asked == ["missed", "missed", "last_seq"]


@pytest.mark.parametrize(
    ("after_seq", "epoch", "reason"),
    [(2, "e1", "expired"), (0, "e1", "expired"), (11, "e1", "gap"), (9, "e0", "gap")],
)
async def test_where_events_alone_do_not_lead_a_snapshot_does(
    after_seq: int, epoch: str, reason: str
) -> None:
    """Forgotten, never given, of another epoch: the client is right all the same."""
    house = House(forgotten=5)
    house.happen(9, published=False)
    assert (await house.stands(after_seq, epoch))[0] == 9
    refused = await house.resume(after_seq, epoch, snapshots=False)
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.extra["reason"]) == (Code.CURSOR_EXPIRED, reason)


async def test_when_all_that_followed_is_forgotten_it_is_not_taken_for_nothing() -> None:
    """The place stands, its events are gone: no events would be a gap that nobody sees."""
    house = House(forgotten=9)
    house.happen(9, published=False)
    assert (await house.stands(4))[0] == 9
    assert await house.followed(9) == []


async def test_too_much_to_tell_is_told_as_a_snapshot() -> None:
    """After a week away a client wants the room, not everything that led there."""
    house = House()
    house.happen(ROOM_BACKLOG_EVENTS + 2, published=False)
    assert (await house.stands(1))[0] == ROOM_BACKLOG_EVENTS + 2
    refused = await house.resume(1, snapshots=False)
    assert isinstance(refused, Refusal)
    assert refused.extra["reason"] == "overflow"
    assert len(await house.followed(2)) == ROOM_BACKLOG_EVENTS


async def test_what_is_published_while_it_is_read_is_in_the_view() -> None:
    """The database answers with what was; the room has moved on."""
    house = House()
    house.happen(2, published=False)
    house.before_answer = lambda: house.happen(2)
    seq, _ = await house.stands()
    assert seq == 4
    house.before_answer = None
    house.happen()
    assert (await house.stands())[0] == 5
    assert house.asked == ["view"]


async def test_what_is_read_before_it_is_published_comes_once() -> None:
    """Events are durable before they are out; a client that has them must not go back."""
    house = House()
    house.happen(2)
    house.happen(2, published=False)
    house.backlog = Backlog()
    for event in house.stored[:2]:
        house.backlog.add(event)
    assert (await house.stands())[0] == 2, "of a room whose every event is here nothing is read"
    assert await house.followed(4) == []
    house.backlog = Backlog()
    assert (await house.stands())[0] == 4
    for event in house.stored[1:]:
        house.backlog.add(event)
    house.happen()
    assert (await house.stands())[0] == 5
    assert await house.followed(4) == [5]


async def test_a_log_that_gave_way_to_others_meanwhile_is_not_trusted() -> None:
    """What was published and forgotten while the view was read would be missing in it for ever."""
    house = House()
    house.happen(1, published=False)

    def crowd() -> None:
        house.happen()
        for n in range(BACKLOG_ROOMS_MAX):
            house.backlog.add(item(1, f"user:{UUID(int=n + 100)}"))

    house.before_answer = crowd
    found = await house.resume()
    assert isinstance(found, Resumption)
    assert found.seq == 1, "it is right as of when it was asked for; what followed is held"
    house.before_answer = None
    assert (await house.stands())[0] == 2


async def test_without_the_database_what_is_here_is_told_and_the_rest_may_be_asked_again() -> None:
    """The connection stays; the answer says that asking again is worth it."""
    house = House()
    house.happen(2)
    assert (await house.stands())[0] == 2
    house.away = True
    house.happen()
    assert (await house.stands())[0] == 3
    assert await house.followed(2) == [3]
    with pytest.raises(LastLightError) as raised:
        await house.resumer().resume(ME, "owner", None, None, snapshots=True)
    assert PROBLEMS[raised.value.refusal().code].retryable


async def test_of_a_house_that_is_new_everything_is_here() -> None:
    """A venue's first event must not need the database to be seen."""
    house = House(room=HOUSE)
    house.happen(ROOM_BACKLOG_EVENTS + 5)
    assert (await house.stands())[0] == ROOM_BACKLOG_EVENTS + 5
    assert house.asked == []


async def test_a_venue_that_is_not_has_no_rooms() -> None:
    """Nobody waits in a room in which nothing can ever happen."""
    house = House(room=f"venue:{UUID(int=7)}:patrons")
    found = await house.resume()
    assert isinstance(found, Refusal)
    assert found.code is Code.NOT_FOUND


async def test_everybody_is_given_the_same_bytes_until_something_happens() -> None:
    """Two thousand come back at once: the room is put into words once."""
    backlog = Backlog()
    backlog.add(item(1, HOUSE))
    first, second = backlog.snapshot(HOUSE, user(1)), backlog.snapshot(HOUSE, user(2))
    assert first is not None
    assert second is not None
    assert first[1] is second[1]
    backlog.add(fleeting(7, HOUSE))
    backlog.add(fleeting(8, HOUSE))
    third = backlog.snapshot(HOUSE, user(1))
    assert third is not None
    assert third[0] == first[0] == 1
    (latest,) = json.loads(bytes(third[1].body))["latest"]
    assert (latest["type"], latest["data"]) == ("revenue.tick", {"n": 8})
    assert "seq" not in latest


async def test_whoever_something_is_hidden_from_is_given_their_own() -> None:
    """Rule 8: the raiser of a silent call comes back and sees nothing of it."""
    backlog = Backlog()
    backlog.add(item(1, HOUSE))
    backlog.add(item(2, HOUSE, hide_from=user(1)))
    mine, theirs = backlog.snapshot(HOUSE, user(1)), backlog.snapshot(HOUSE, user(2))
    assert mine is not None
    assert theirs is not None
    assert mine[0] == theirs[0] == 2
    assert set(json.loads(bytes(mine[1].body))["view"]["items"]) == {"z1"}
    assert set(json.loads(bytes(theirs[1].body))["view"]["items"]) == {"z1", "z2"}


def test_a_person_who_is_gone_is_forgotten() -> None:
    """Rule 16: what is erased in the tables must not live on in memory."""
    backlog = Backlog()
    backlog.add(item(1, MINE))
    backlog.forget(MINE)
    backlog.forget(MINE)
    assert backlog.after(MINE, 0) is None


MOVES = st.lists(
    st.sampled_from(["durable", "publish", "crowd out", "come back", "forget", "come anew"]),
    max_size=40,
)


@given(MOVES)
@settings(max_examples=150, deadline=None)
def test_a_client_that_comes_and_goes_always_has_the_room_as_it_is(moves: list[str]) -> None:
    """The law of the whole: whatever is durable, published, crowded out or forgotten when it comes.

    A client holds what it was given, folded; after each return it is the view at its place, and it
    never goes back. Rule 17 resume.
    """
    house, at, mine = House(), 0, RoomView()

    async def come(after_seq: int | None) -> None:
        nonlocal at, mine
        found = await house.resume(after_seq)
        assert isinstance(found, Resumption)
        if found.snapshot is not None:
            mine = RoomView(json.loads(bytes(found.snapshot.body))["view"])
        for event in found.events:
            mine = mine.after(event, MINE)
        if after_seq is not None:
            assert found.seq >= after_seq
        at = found.seq
        assert mine == view_of(house.stored[:at], MINE)

    published = 0
    for move in moves:
        match move:
            case "durable":
                house.happen(published=False)
            case "publish" if published < len(house.stored):
                house.backlog.add(house.stored[published])
                published += 1
            case "crowd out":
                house.backlog.forget(MINE)
            case "come back":
                trio.run(come, at)
            case "come anew":
                trio.run(come, None)
            case "forget":
                house.forgotten = published
    trio.run(come, at)
