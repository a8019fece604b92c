"""Hello, commands, rights and bounds over `/ws`, through the real front door."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

import attrs
import pytest
import trio
from trio_websocket import ConnectionClosed

from lastlight.realtime.hub import Member
from lastlight.realtime.outbox import Outbox
from protocol.addresses import Role
from protocol.errors import Code, Refusal
from protocol.limits import (
    SOCKET_MESSAGES_BURST,
    SOCKET_ROOMS_MAX,
    SOCKETS_PER_ADDRESS_MAX,
    SOCKETS_PER_USER_MAX,
)
from tests.lastlight.door_kit import a_websocket
from tests.lastlight.realtime_kit import (
    STAFF_ROOM,
    VENUE,
    Stage,
    a_client,
    a_stage,
    close_code,
    event,
    hear,
    principal,
    subscribe,
    tell,
    user,
)


async def test_commands_are_answered_by_their_id() -> None:
    """Success, refusal, and one that waits without holding up the next."""
    async with a_stage() as stage, a_client(stage) as ws:
        await tell(ws, op="command", id="h", command="Held", data={})
        await tell(ws, op="command", id="1", command="Do", data={"a": 1}, idempotency_key="k")
        assert await hear(ws) == {"op": "reply", "id": "1", "status": 201, "data": {"done": "Do"}}
        assert (user(1), "Do", {"a": 1}, "k") in stage.asked
        await tell(ws, op="command", id="2", command="Refused")
        refused = await hear(ws)
        assert (refused["op"], refused["id"]) == ("error", "2")
        assert refused["problem"]["code"] == "venue_closed"  # type: ignore[index]
        stage.may_answer.set()
        assert (await hear(ws))["id"] == "h"


async def test_too_many_waiting_commands_are_refused_but_not_an_sos() -> None:
    """Rule 8: nothing that someone else's bound is for may stop an SOS."""
    async with a_stage() as stage, a_client(stage) as ws:
        for n in range(17):
            await tell(ws, op="command", id=str(n), command="Held")
        refused = await hear(ws)
        assert refused["problem"]["code"] == "rate_limited"  # type: ignore[index]
        await tell(ws, op="command", id="sos", command="RaiseSos")
        assert (await hear(ws))["id"] == "sos"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "malformed_request"),
        ("[]", "malformed_request"),
        ('{"op": "shout"}', "malformed_request"),
        ('{"op": "ping", "op": "ping"}', "malformed_request"),
        ('{"op": "subscribe"}', "validation_failed"),
        ('{"op": "subscribe", "room": "owner", "after_seq": "3"}', "validation_failed"),
        ('{"op": "ack", "room": "owner", "seq": -1}', "validation_failed"),
        ('{"op": "ping", "more": 1}', "validation_failed"),
        ('{"op": "command", "id": "1", "command": "X", "data": []}', "validation_failed"),
        ("[" * 100, "malformed_request"),
    ],
)
async def test_a_message_that_is_none_is_told_and_the_connection_goes_on(
    text: str, code: str
) -> None:
    """A new client version's odd message must not cut an old server's users off."""
    async with a_stage() as stage, a_client(stage) as ws:
        await ws.send_message(text)
        assert (await hear(ws))["problem"]["code"] == code  # type: ignore[index]
        await tell(ws, op="ping")
        assert await hear(ws) == {"op": "pong"}


@pytest.mark.parametrize(
    "first", ['{"op": "hello", "token": "nobody"}', '{"op": "ping"}', "garbage"]
)
async def test_without_a_good_hello_there_is_no_connection(first: str) -> None:
    """4401 tells the client to sign in, not to try again."""
    async with a_stage() as stage:
        assert stage.door is not None
        async with a_websocket(stage.door) as ws:
            await ws.send_message(first)
            assert (await hear(ws))["op"] == "error"
            assert await close_code(ws) == 4401
        assert stage.hub.statistics().connections == 0


async def test_a_room_that_is_not_yours_closes_with_4403() -> None:
    """Only a client that is broken, or up to something, asks for it."""
    async with a_stage() as stage, a_client(stage) as ws:
        await tell(ws, op="subscribe", room=f"venue:{VENUE}:owner")
        assert (await hear(ws))["problem"]["code"] == "forbidden"  # type: ignore[index]
        assert await close_code(ws) == 4403


async def test_a_room_that_says_no_leaves_the_connection_alone() -> None:
    """A venue may be closed; its patron still wants to hear of the own session."""
    async with a_stage() as stage, a_client(stage) as ws:
        stage.resumption = Refusal(Code.VENUE_CLOSED, "closed")
        await tell(ws, op="subscribe", room=f"venue:{VENUE}:patrons")
        assert (await hear(ws))["problem"]["code"] == "venue_closed"  # type: ignore[index]
        stage.hub.publish(event(1, 1, room=f"venue:{VENUE}:patrons"))
        await tell(ws, op="ping")
        assert await hear(ws) == {"op": "pong"}


async def test_more_connections_than_a_user_may_have_close_with_4429() -> None:
    """One account must not fill the server."""
    async with a_stage() as stage, trio.open_nursery() as nursery:
        for _ in range(SOCKETS_PER_USER_MAX):
            await nursery.start(_stay, stage)
        assert stage.door is not None
        async with a_websocket(stage.door) as ws:
            await tell(ws, op="hello", token="1")
            assert await close_code(ws) == 4429
        nursery.cancel_scope.cancel()


async def test_more_connections_than_an_address_may_have_close_with_4429() -> None:
    """A venue shares one address, so the bound is high; one broken script must not have it all."""
    async with a_stage() as stage:
        for n in range(SOCKETS_PER_ADDRESS_MAX):
            stage.hub.join(Member(principal(n + 100), "127.0.0.1", Outbox()))
        assert stage.door is not None
        async with a_websocket(stage.door) as ws:
            await tell(ws, op="hello", token="1")
            assert await close_code(ws) == 4429


async def _stay(stage: Stage, task_status: trio.TaskStatus[None]) -> None:
    async with a_client(stage):
        task_status.started()
        await trio.sleep_forever()


async def test_a_flood_of_messages_closes_with_4429() -> None:
    """The bound on messages a second, after a generous burst."""
    async with a_stage() as stage, a_client(stage) as ws:
        for _ in range(SOCKET_MESSAGES_BURST + 30):
            await tell(ws, op="ping")
        assert await close_code(ws) == 4429


async def test_a_connection_hears_a_bounded_number_of_rooms() -> None:
    """Each room costs memory for as long as the connection lasts."""
    people = principal(1)
    venues = [UUID(int=1_000 + n) for n in range(SOCKET_ROOMS_MAX + 1)]
    async with a_stage() as stage:
        stage.people["1"] = attrs.evolve(people, roles=dict.fromkeys(venues, Role.STAFF))
        async with a_client(stage) as ws:
            for venue in venues[:-1]:
                await subscribe(ws, f"venue:{venue}:staff")
            await tell(ws, op="subscribe", room=f"venue:{venues[-1]}:staff")
            assert (await hear(ws))["problem"]["code"] == "rate_limited"  # type: ignore[index]


async def test_what_was_given_may_be_acknowledged_as_fast_as_it_was_given() -> None:
    """Who comes back to five hundred events may answer each; only empty words are counted."""
    given = 3 * SOCKET_MESSAGES_BURST
    async with a_stage() as stage, a_client(stage) as ws:
        await subscribe(ws)
        for n in range(1, given + 1):
            stage.hub.publish(event(n, n))
        for seq in range(1, given + 1):
            assert (await hear(ws))["seq"] == seq
            await tell(ws, op="ack", room=STAFF_ROOM, seq=seq)
        await tell(ws, op="ping")
        assert await hear(ws) == {"op": "pong"}
        with suppress(ConnectionClosed):
            for _ in range(2 * SOCKET_MESSAGES_BURST):
                await tell(ws, op="ack", room=STAFF_ROOM, seq=given)
        assert await close_code(ws) == 4429


async def test_a_revoked_family_is_closed_with_4401_and_others_are_not() -> None:
    """Signing out everywhere has to mean everywhere, at once."""
    async with a_stage() as stage, a_client(stage) as mine, a_client(stage, "2") as other:
        assert stage.hub.revoke(lambda who: who.family_id == UUID(int=1)) == 1
        assert await close_code(mine) == 4401
        await tell(other, op="ping")
        assert await hear(other) == {"op": "pong"}


async def test_losing_a_role_loses_its_rooms() -> None:
    """What was allowed at hello may not be allowed now."""
    async with a_stage() as stage, a_client(stage) as ws:
        await subscribe(ws)
        stage.hub.recheck(user(1), lambda who: attrs.evolve(who, roles={}))
        stage.hub.publish(event(1, 1))
        assert await close_code(ws) == 4403


async def test_a_new_hello_renews_and_somebody_elses_ends_it() -> None:
    """Tokens last 15 minutes, connections all night; a connection never changes hands."""
    async with a_stage() as stage, a_client(stage) as ws:
        await tell(ws, op="hello", token="1")
        assert (await hear(ws))["op"] == "welcome"
        await tell(ws, op="hello", token="2")
        assert await close_code(ws) == 4401


async def test_a_token_that_has_ended_commands_nothing_but_hears_for_a_while() -> None:
    """Rule 16: 60 s for a new hello; after that 4401."""
    async with a_stage() as stage:
        stage.people["1"] = principal(1, lasts=-1)
        stage.people["2"] = principal(2, lasts=-59.5)
        async with a_client(stage) as ws:
            await tell(ws, op="command", id="1", command="Do")
            assert (await hear(ws))["problem"]["code"] == "unauthenticated"  # type: ignore[index]
        async with a_client(stage, "2") as late:
            assert await close_code(late) == 4401
