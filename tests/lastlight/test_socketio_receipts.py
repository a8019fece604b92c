"""Socket.IO's clients are there, and have what they say, as those on `/ws` are (Rule 8)."""

from __future__ import annotations

import json

import pytest
import trio

from tests.lastlight.realtime_kit import STAFF_ROOM, user
from tests.lastlight.socketio_kit import (
    Client,
    IoStage,
    a_poller,
    a_wire,
    an_io_stage,
    connect,
    emit,
    hear_event,
)
from tests.lastlight.test_lost_peers import Leaving
from tests.lastlight.test_receipts import sos


def publish(stage: IoStage, seq: int | None) -> None:
    """Let an SOS go out, as its urgent copy or in its place."""
    told = sos(1, seq)
    stage.attending.went_out(told)
    (stage.hub.publish_urgent if seq is None else stage.hub.publish)(told)


async def acknowledge(client: Client, **what: object) -> None:
    """Say what is there, and wait until that was read."""
    await client.say("42" + json.dumps(["ack", {"room": STAFF_ROOM, **what}]))
    assert (await emit(client, "command", {"command": "Do"}))["status"] == 201


@pytest.mark.parametrize("polled", [True, False])
async def test_a_client_of_socket_io_is_there_and_acknowledges(polled: bool) -> None:
    """Whichever way a phone has in, somebody who presses SOS must know whom it reached."""
    attending = Leaving()
    async with an_io_stage(attending=attending) as stage, a_wire(stage) as wire:
        client: Client = await a_poller(stage) if polled else wire
        assert not stage.attending.presence.of(user(1)).connected
        await connect(client)
        await emit(client, "subscribe", {"room": STAFF_ROOM})
        assert stage.attending.presence.of(user(1)).connected
        publish(stage, None)
        _, copy = await hear_event(client)
        await acknowledge(client, id=copy["id"])
        assert len(stage.attending.receipts) == 1
        publish(stage, 1)
        assert (await hear_event(client))[0] == "cursor"
        await acknowledge(client, seq=1)
        assert len(stage.attending.receipts) == 1
        await client.say("1")
        with trio.fail_after(10):
            await attending.wait_left(1)
        assert not stage.attending.presence.of(user(1)).connected
