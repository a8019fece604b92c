"""What an operator may ask of live actors, on a whole node."""

from __future__ import annotations

from uuid import UUID

import pytest
import trio
from trio.testing import MockClock

from actors.runtime.effect_terms import EffectRefused
from lastlight.jobs.replaying import Replays
from protocol.messages import Message
from protocol.records.runtime import DeadLetter
from tests.twins.jobs import MemoryLetters
from tests.twins.nodes import World
from tests.twins.people import VENUE, sign_in
from tests.twins.whole import LastLight

NOWHERE = UUID(int=0)


@pytest.mark.parametrize("cursor", ["!!", "a", "%C3%A9", "_w"])
async def test_a_cursor_of_somebody_elses_making_is_a_malformed_request(
    house: LastLight, cursor: str, autojump_clock: MockClock
) -> None:
    """400 on every list: a cursor is opaque, so it is right or none of ours."""
    owner = await sign_in(house, "owner")
    heard = await owner.send("GET", f"/api/admin/actors?cursor={cursor}")
    assert (heard.status, heard.code) == (400, "malformed_request")


async def test_an_operator_looks_at_an_actor_that_lives(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """A venue at work is looked at without stopping it."""
    owner = await sign_in(house, "owner")
    found = await owner.need(200, "GET", f"/api/admin/actors/venue/{VENUE}")
    assert found["actor"]["actor_id"] == VENUE


@pytest.mark.parametrize(
    "address", ["outside", "nobody", f"outside/{VENUE}", f"platform/{VENUE}", "venue/x"]
)
async def test_an_address_where_nobody_can_be_is_not_found(
    house: LastLight, address: str, autojump_clock: MockClock
) -> None:
    """A mistyped address is no bug of ours, and brings no second platform to life."""
    owner = await sign_in(house, "owner")
    before = len(house.node.residents())
    heard = await owner.send("GET", f"/api/admin/actors/{address}")
    assert (heard.status, heard.code) == (404, "not_found")
    assert len(house.node.residents()) == before


async def test_an_owner_sees_what_could_not_be_done_outside_and_has_it_sent_again(
    house: LastLight, world: World, autojump_clock: MockClock
) -> None:
    """Dead effects are listed with their reason and without whom they were for; and replayed."""

    def refuses(message: Message) -> None:
        raise EffectRefused("the mail server knows nobody of that name")

    world.effects.trouble = refuses
    owner = await sign_in(house, "owner")
    forgotten = {"email": "patron1@lastlight.example"}
    assert (await owner.send("POST", "/api/auth/password/forgot", forgotten)).status < 300
    await trio.sleep(1)
    await house.wait_flushed()
    found = await owner.need(200, "GET", f"/api/admin/actors/outside/{NOWHERE}")
    (given_up,) = found["snapshot"]["given_up"]
    assert given_up["effect"] == "SendNotice"
    assert given_up["reason"] == "the mail server knows nobody of that name"
    assert "patron1@" not in str(found)
    listed = await owner.need(200, "GET", "/api/admin/actors")
    assert listed["totals"]["effects_given_up"] == 1

    world.effects.trouble = lambda _message: None
    letters = MemoryLetters(world.database, [UUID(given_up["message_id"]), NOWHERE])
    replays = Replays(
        node=house.node, letters=letters, wait_flushed=house.wait_flushed, now=world.clock.now
    )
    before = len(world.effects.done)
    assert await replays.replay() == 1
    assert await replays.replay() == 0
    await trio.sleep(1)
    await house.wait_flushed()
    assert len(world.effects.done) == before + 1
    assert letters.results == {
        UUID(given_up["message_id"]): "sent again",
        NOWHERE: "there is no such letter, or it can't be sent again",
    }
    assert not world.database.table(DeadLetter)


async def test_a_patron_does_not_see_what_goes_on_outside(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """It is about everybody, so it is for owners of everything."""
    patron = await sign_in(house, "patron1")
    heard = await patron.send("GET", f"/api/admin/actors/outside/{NOWHERE}")
    assert heard.status == 403
