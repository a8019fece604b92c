"""Socket.IO on a WebSocket: rooms, commands, bounds and the end, by the same rules as `/ws`."""

from __future__ import annotations

import json
from contextlib import suppress
from uuid import UUID

import attrs
import pytest
import trio
from trio_websocket import ConnectionClosed

from lastlight.realtime.services import Resumption
from protocol.errors import Code, Refusal
from protocol.limits import SOCKET_MESSAGES_BURST, SOCKETS_PER_USER_MAX
from tests.lastlight.realtime_kit import STAFF_ROOM, VENUE, event, principal, user
from tests.lastlight.socketio_kit import (
    IoStage,
    Polled,
    Wired,
    a_poller,
    a_wire,
    an_io_stage,
    connect,
    emit,
    hear_event,
)


async def test_an_event_arrives_under_its_type_with_its_envelope() -> None:
    """Clients listen by type; the envelope is the one that every other way in tells."""
    async with an_io_stage() as stage, a_wire(stage) as client:
        await connect(client)
        told = await emit(client, "subscribe", {"room": STAFF_ROOM})
        assert told == {"room": STAFF_ROOM, "epoch": "e1", "seq": 0}
        stage.hub.publish(event(1, 1))
        name, envelope = await hear_event(client)
        assert name == "task.created"
        assert set(envelope) == {
            "id", "room", "seq", "type", "venue_id", "occurred_at", "version", "data"
        }  # fmt: skip
        assert (envelope["type"], envelope["seq"]) == ("task.created", 1)


async def test_missed_events_follow_the_acknowledgement_of_a_subscription() -> None:
    """A client that knows its place needs one round trip."""
    async with an_io_stage() as stage, a_wire(stage) as client:
        await connect(client)
        missed = (event(5, 5), event(6, 6))
        stage.resumption = Resumption(epoch="e1", seq=6, events=missed)
        wish = {"room": STAFF_ROOM, "after_seq": 4, "epoch": "e1"}
        assert (await emit(client, "subscribe", wish))["seq"] == 6
        assert stage.asked[-1] == (user(1), STAFF_ROOM, 4, "e1")
        assert [(await hear_event(client))[1]["seq"] for _ in range(2)] == [5, 6]


async def test_commands_are_acknowledged_with_status_or_problem() -> None:
    """Offline queues retry by the key and stop by the problem, whatever the way in."""
    async with an_io_stage() as stage, a_wire(stage) as client:
        await connect(client)
        wish = {"command": "Do", "data": {"a": 1}, "idempotency_key": "k"}
        assert await emit(client, "command", wish) == {"status": 201, "data": {"done": "Do"}}
        assert stage.asked[-1] == (user(1), "Do", {"a": 1}, "k")
        refused = await emit(client, "command", {"command": "Refused"})
        assert refused["problem"]["code"] == "venue_closed"


async def test_who_asks_for_no_acknowledgement_hears_answers_as_events() -> None:
    """An answer that nobody could find would be no answer."""
    async with an_io_stage() as stage, a_wire(stage) as client:
        await connect(client)
        for name, data, answer in (
            ("subscribe", {"room": STAFF_ROOM}, "subscribed"),
            ("command", {"command": "Do"}, "reply"),
            ("command", {"command": "Refused"}, "error"),
            ("hello", {"token": "1"}, "welcome"),
            ("ping", {}, "pong"),
        ):
            await client.say("42" + json.dumps([name, data]))
            assert (await hear_event(client))[0] == answer


async def test_a_room_that_is_not_yours_is_refused_and_the_rest_goes_on() -> None:
    """Over /ws this closes; here the acknowledgement has to arrive, and the client to stay."""
    async with an_io_stage() as stage, a_wire(stage) as client:
        await connect(client)
        for room, code in ((f"venue:{VENUE}:owner", "forbidden"), ("user:x", "not_found")):
            told = await emit(client, "subscribe", {"room": room})
            assert told["problem"]["code"] == code
            assert told["problem"]["room"] == room
        assert "seq" in await emit(client, "subscribe", {"room": STAFF_ROOM})


async def test_a_room_that_says_no_is_refused_with_its_problem() -> None:
    """A venue may be closed; its patron still wants to hear of the own session."""
    async with an_io_stage() as stage, a_wire(stage) as client:
        await connect(client)
        stage.resumption = Refusal(Code.VENUE_CLOSED, "closed")
        told = await emit(client, "subscribe", {"room": STAFF_ROOM})
        assert told["problem"]["code"] == "venue_closed"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('421["shout",{}]', "not_found"),
        ('421["subscribe"]', "validation_failed"),
        ('421["subscribe",{}]', "validation_failed"),
        ('421["subscribe",{"room":"owner","after_seq":"3"}]', "validation_failed"),
        ('421["command",{"id":"1","command":"X"}]', "validation_failed"),
        ('421["ack",{"room":"owner","seq":-1}]', "validation_failed"),
        ('421["hello",{"token":1}]', "validation_failed"),
        ("421[]", "malformed_request"),
        ('421{"a":1}', "malformed_request"),
        ('421["subscribe",', "malformed_request"),
        ('451-1["subscribe",{"_placeholder":true,"num":0}]', "malformed_request"),
    ],
)
async def test_an_event_that_is_none_is_acknowledged_with_a_problem(said: str, code: str) -> None:
    """A new client version's odd event must not cut an old server's users off."""
    async with an_io_stage() as stage, a_wire(stage) as client:
        await connect(client)
        await client.say(said)
        answer = await client.hear()
        assert answer.startswith("431[")
        assert json.loads(answer[3:])[0]["problem"]["code"] == code
        if said.startswith("45"):
            await client.say(b"the attachment")
        assert "status" in await emit(client, "command", {"command": "Do"})


@pytest.mark.parametrize("said", ["4", "4x", "44{}", "47", "9", "", "bAAAA", b"binary"])
async def test_a_packet_that_is_none_is_told_as_an_error(said: str | bytes) -> None:
    """There is nothing that it could be the answer to, so it is told aloud."""
    async with an_io_stage() as stage, a_wire(stage) as client:
        await connect(client)
        await client.say(said)
        name, told = await hear_event(client)
        assert (name, told["problem"]["code"]) == ("error", "malformed_request")
        assert "status" in await emit(client, "command", {"command": "Do"})


@pytest.mark.parametrize(
    ("auth", "code"),
    [
        ('{"token":"nobody"}', "unauthenticated"),
        ("{}", "unauthenticated"),
        ("", "unauthenticated"),
        ("[]", "unauthenticated"),
        ('{"token":5}', "validation_failed"),
        ('{"token":"1","tokem":"1"}', "validation_failed"),
        ('{"token":"1","cursors":{"owner":-1}}', "validation_failed"),
    ],
)
async def test_without_a_good_token_there_is_a_connect_error(auth: str, code: str) -> None:
    """`connect_error` carries the problem, and the stock client does not try again by itself."""
    async with an_io_stage() as stage, a_wire(stage) as client:
        await client.say("40" + auth)
        answer = await client.hear()
        assert answer.startswith("44{")
        told = json.loads(answer[2:])
        assert told["data"]["code"] == code
        assert told["message"] == told["data"]["detail"]
        assert await client.close_code() == 4401
        assert stage.hub.statistics().connections == 0


async def test_nothing_is_done_for_who_was_not_let_in() -> None:
    """An event before CONNECT comes from no stock client."""
    async with an_io_stage() as stage, a_wire(stage) as client:
        await client.say('421["command",{"command":"Do"}]')
        assert (await client.hear()).startswith("44{")
        assert await client.close_code() == 4401
        assert not stage.asked


async def test_there_is_one_namespace() -> None:
    """What is asked for elsewhere is told so; the one connection serves on."""
    async with an_io_stage() as stage, a_wire(stage) as client:
        await client.say('40/admin,{"token":"1"}')
        answer = await client.hear()
        assert answer.startswith("44/admin,{")
        assert json.loads(answer.partition(",")[2])["message"] == "Invalid namespace"
        await connect(client)
        await client.say('42/admin,1["command",{"command":"Do"}]')
        await client.say('40{"token":"1"}')
        assert (await hear_event(client))[0] == "error"
        assert not stage.asked


async def _stay(stage: IoStage, task_status: trio.TaskStatus[None]) -> None:
    async with a_wire(stage) as client:
        await connect(client)
        task_status.started()
        await trio.sleep_forever()


async def test_more_connections_than_a_user_may_have_are_refused() -> None:
    """One account must not fill the server."""
    async with an_io_stage() as stage, trio.open_nursery() as nursery:
        for _ in range(SOCKETS_PER_USER_MAX):
            await nursery.start(_stay, stage)
        client = await a_poller(stage)
        await client.say('40{"token":"1"}')
        answer = await client.hear()
        assert answer.startswith("44{")
        assert json.loads(answer[2:])["data"]["code"] == "rate_limited"
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("said", ['42["ping",{}]', "43[]", "40/x,"])
async def test_a_flood_ends_the_connection(said: str) -> None:
    """The bound on messages a second, whatever they are."""
    async with an_io_stage() as stage, a_wire(stage) as client:
        await connect(client)
        with suppress(ConnectionClosed):
            for _ in range(SOCKET_MESSAGES_BURST + 30):
                await client.say(said)
        assert await client.close_code() == 4429


async def _last_words(client: Polled | Wired) -> list[str]:
    heard = []
    while True:
        packet = await client.hear()
        heard.append(packet)
        if packet in {"41", "1"}:
            return heard


async def test_a_revoked_login_is_told_and_disconnected_and_others_are_not() -> None:
    """`disconnect` by the server keeps the stock client from coming again with a dead token."""
    async with an_io_stage() as stage, a_wire(stage) as mine, a_wire(stage) as other:
        polled = await a_poller(stage)
        for client in (mine, polled):
            await connect(client)
        await connect(other, "2")
        assert stage.hub.revoke(lambda who: who.family_id == UUID(int=1)) == 2
        for client in (mine, polled):
            error, disconnect = (await _last_words(client))[-2:]
            assert disconnect == "41"
            assert json.loads(error[2:])[1]["problem"]["code"] == "unauthenticated"
        assert await mine.close_code() == 4401
        assert await polled.hear() == "1"
        assert "status" in await emit(other, "command", {"command": "Do"})


async def test_losing_a_role_is_told_and_the_client_may_come_again() -> None:
    """It may have other rooms; it learns which is lost when it asks for it."""
    async with an_io_stage() as stage, a_wire(stage) as client:
        await connect(client)
        await emit(client, "subscribe", {"room": STAFF_ROOM})
        stage.hub.recheck(user(1), lambda who: attrs.evolve(who, roles={}))
        stage.hub.publish(event(1, 1))
        name, told = await hear_event(client)
        assert (name, told["problem"]["code"]) == ("error", "forbidden")
        assert await client.close_code() == 4403


async def test_a_new_hello_renews_and_somebody_elses_ends_it() -> None:
    """Tokens last 15 minutes, connections all night; a connection never changes hands."""
    async with an_io_stage() as stage, a_wire(stage) as client:
        await connect(client)
        assert (await emit(client, "hello", {"token": "1"}))["user_id"] == str(user(1))
        await client.say('42["hello",{"token":"2"}]')
        assert (await _last_words(client))[-1] == "41"
        assert await client.close_code() == 4401


async def test_a_token_that_has_ended_commands_nothing_but_hears_for_a_while() -> None:
    """Rule 16: 60 s for a new hello; after that the end."""
    async with an_io_stage() as stage:
        stage.people["1"] = principal(1, lasts=-1)
        stage.people["2"] = principal(2, lasts=-59.5)
        async with a_wire(stage) as client:
            await connect(client)
            told = await emit(client, "command", {"command": "Do"})
            assert told["problem"]["code"] == "unauthenticated"
        async with a_wire(stage) as late:
            await connect(late, "2")
            assert (await _last_words(late))[-1] == "41"


async def test_goodbye_ends_the_connection() -> None:
    """Who has said it is not waited for."""
    async with an_io_stage() as stage, a_wire(stage) as client:
        await connect(client)
        await client.say("41")
        assert await client.close_code() == 1000
        assert stage.hub.statistics().connections == 0


async def test_who_raised_a_silent_sos_is_shown_a_place_and_nothing_else() -> None:
    """Rule 8: whoever looks at that phone sees nothing of it."""
    async with an_io_stage() as stage, a_wire(stage) as client:
        await connect(client)
        await emit(client, "subscribe", {"room": STAFF_ROOM})
        stage.hub.publish(event(1, 1, hide_from=user(1)))
        assert await hear_event(client) == ("cursor", {"room": STAFF_ROOM, "seq": 1})
