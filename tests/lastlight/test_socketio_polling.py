"""Engine.IO over polling and the way from there to a WebSocket, through the real front door."""

from __future__ import annotations

import json

import pytest
import trio

from lastlight.socketio.server import PATH
from protocol.limits import SOCKET_MESSAGE_BYTES_MAX
from protocol.socketio_limits import PACKETS_MAX
from tests.lastlight.realtime_kit import STAFF_ROOM, event
from tests.lastlight.socketio_kit import (
    IoStage,
    Wired,
    a_poller,
    a_websocket_at,
    an_io_stage,
    connect,
    emit,
    hear_event,
)


async def test_a_connection_opens_with_what_the_client_must_know() -> None:
    """The client counts the silence after which it gives up from these numbers."""
    async with an_io_stage() as stage:
        answer = await stage.http.get(stage.url("polling"))
        assert answer.headers["content-type"] == "text/plain; charset=UTF-8"
        told = json.loads(answer.text[1:])
        assert len(told.pop("sid")) >= 20
        assert told == {
            "upgrades": ["websocket"],
            "pingInterval": 25_000,
            "pingTimeout": 20_000,
            "maxPayload": SOCKET_MESSAGE_BYTES_MAX,
        }


async def test_who_only_polls_subscribes_commands_and_hears() -> None:
    """There are networks that let no WebSocket through."""
    async with an_io_stage() as stage:
        client = await a_poller(stage)
        told = await connect(client)
        assert set(told) == {"sid", "pid"}
        told = await emit(client, "subscribe", {"room": STAFF_ROOM})
        assert told == {"room": STAFF_ROOM, "epoch": "e1", "seq": 0}
        command = {"command": "Do", "data": {"a": 1}, "idempotency_key": "k"}
        assert await emit(client, "command", command, 12) == {
            "status": 201, "data": {"done": "Do"}
        }  # fmt: skip
        stage.hub.publish(event(1, 1))
        stage.hub.publish(event(2, 2))
        for n in (1, 2):
            name, envelope = await hear_event(client)
            assert (name, envelope["room"], envelope["seq"]) == ("task.created", STAFF_ROOM, n)


async def test_an_urgent_copy_goes_first_in_a_poll_too() -> None:
    """Rule 8: an SOS does not wait behind the news of the floor."""
    async with an_io_stage() as stage:
        client = await a_poller(stage)
        await connect(client)
        await emit(client, "subscribe", {"room": STAFF_ROOM})
        for n in range(1, 20):
            stage.hub.publish(event(n, n, size=500))
        alarm = event(99, None, type_="emergency.sos_raised")
        stage.hub.publish_urgent(alarm)
        stage.hub.publish(event(99, 20, type_="emergency.sos_raised"))
        name, envelope = await hear_event(client)
        assert name == "emergency.sos_raised"
        assert "seq" not in envelope
        heard = [await hear_event(client) for _ in range(20)]
        assert [told["seq"] for _, told in heard] == list(range(1, 21))
        assert heard[-1][0] == "cursor"
        assert heard[-1][1]["id"] == str(alarm.id)


@pytest.mark.parametrize(
    "query",
    [
        "transport=polling",
        "EIO=3&transport=polling",
        "EIO=4",
        "EIO=4&transport=carrier-pigeon",
        "EIO=4&transport=polling&sid=unknown",
        "EIO=4&transport=websocket",
    ],
)
async def test_a_request_that_is_none_is_told_so(query: str) -> None:
    """With 400 the stock client opens a new connection; the problem is for who reads along."""
    async with an_io_stage() as stage:
        answer = await stage.http.get(f"http://127.0.0.1:{stage.door.port}{PATH}?{query}")
        assert answer.status_code == 400
        assert answer.json()["code"] == "malformed_request"
        answer = await stage.http.put(stage.url("polling"))
        assert answer.status_code == 405
        assert len(stage.server) == 0


async def test_two_polls_at_once_end_the_connection() -> None:
    """Whoever polls twice has lost count of what was answered; only a new beginning helps."""
    async with an_io_stage() as stage:
        client = await a_poller(stage)
        await connect(client)
        await client.say("42" + json.dumps(["ping", {}]))
        await client.hear()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.get)
            with trio.fail_after(5):
                while (second := await client.get()).status_code == 200:
                    pass
            nursery.cancel_scope.cancel()
        assert second.status_code == 400
        assert (await client.get()).status_code == 400


async def test_payloads_have_bounds() -> None:
    """One request must not cost more than a WebSocket's message does."""
    async with an_io_stage() as stage:
        client = await a_poller(stage)
        assert (await client.post(*["6"] * (PACKETS_MAX + 1))).status_code == 400
        client = await a_poller(stage)
        answer = await client.post("4" + "x" * SOCKET_MESSAGE_BYTES_MAX)
        assert answer.status_code == 413
        assert (await client.get()).status_code == 400
        client = await a_poller(stage)
        answer = await stage.http.post(stage.url("polling", client.sid), content=b"\xff")
        assert answer.status_code == 400


async def _upgrade(stage: IoStage, sid: str, ws: Wired) -> None:
    await ws.say("2probe")
    assert await ws.hear() == "3probe"
    await ws.say("5")


async def test_a_polled_connection_goes_over_to_a_websocket_and_loses_nothing() -> None:
    """The default of the stock client: begin where everything gets through, then hurry."""
    async with an_io_stage() as stage:
        client = await a_poller(stage)
        await connect(client)
        await emit(client, "subscribe", {"room": STAFF_ROOM})
        heard: list[str] = []

        async def poll_on() -> None:
            while True:
                answer = await client.get()
                heard.extend(answer.text.split("\x1e"))
                if "6" in heard:
                    return

        async with a_websocket_at(stage.url("websocket", client.sid)) as ws:
            wired = Wired(ws)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(poll_on)
                stage.hub.publish(event(1, 1))
                await wired.say("2probe")
                assert await wired.hear() == "3probe"
                stage.hub.publish(event(2, 2))
            await wired.say("5")
            stage.hub.publish(event(3, 3))
            polled = [json.loads(each[2:])[1]["seq"] for each in heard if each.startswith("42[")]
            seqs = list(polled)
            while len(seqs) < 3:
                seqs.append((await hear_event(wired))[1]["seq"])
            assert seqs == [1, 2, 3]
            assert (await client.get()).status_code == 400
            assert await emit(wired, "command", {"command": "Do"}) == {
                "status": 201, "data": {"done": "Do"}
            }  # fmt: skip


@pytest.mark.parametrize("said", [["2probe"], ["2probe", "4"], ["nonsense"], []])
async def test_an_upgrade_that_fails_leaves_the_polls_as_they_were(said: list[str]) -> None:
    """A proxy that lets the upgrade through and then nothing else must not cost the connection."""
    async with an_io_stage() as stage:
        client = await a_poller(stage)
        await connect(client)
        async with a_websocket_at(stage.url("websocket", client.sid)) as ws:
            for packet in said:
                await ws.send_message(packet)
        assert await emit(client, "command", {"command": "Do"}) == {
            "status": 201, "data": {"done": "Do"}
        }  # fmt: skip


async def test_a_stopping_server_answers_polls_at_once() -> None:
    """A graceful end must not wait half a minute for those who have nothing to hear."""
    async with an_io_stage() as stage:
        client = await a_poller(stage)
        await connect(client)
        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep, 0)
                stage.server.close()
                answer = await client.get()
        assert answer.text.split("\x1e")[-1] == "1"
