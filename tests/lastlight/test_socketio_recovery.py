"""Coming again: nothing missing, nothing twice, and `recovered` only where that is known."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import trio
import trio.testing

from lastlight.realtime.services import Resumption
from lastlight.socketio.recovery import Place, Recoveries, Remembered
from protocol.errors import Code, Refusal
from protocol.socketio_limits import RECOVERIES_MAX, RECOVERY_S
from tests.lastlight.realtime_kit import STAFF_ROOM, event, user
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


async def _pong(client: Wired) -> None:
    """Answer the next ping, and be sure that the answer was read."""
    with trio.fail_after(5):
        while await client.ws.get_message() != "2":
            pass
        await client.say("3")
        await client.say('420["ping",{}]')
        while await client.ws.get_message() != '42["pong",{}]':
            pass


@asynccontextmanager
async def _subscribed(stage: IoStage, *, proves: bool = True) -> AsyncIterator[tuple[Wired, Any]]:
    """A client in a room that stands at 4, with what its CONNECT was answered with."""
    stage.resumption = Resumption(epoch="e1", seq=4)
    async with a_wire(stage) as client:
        told = await connect(client)
        await emit(client, "subscribe", {"room": STAFF_ROOM})
        if proves:
            await _pong(client)
        yield client, told


async def _until_gone(stage: IoStage, count: int = 0) -> None:
    with trio.fail_after(5):
        while stage.hub.statistics().connections > count:  # noqa: ASYNC110 - a socket's end
            await trio.sleep(0.01)


async def test_who_has_had_everything_goes_on_from_there() -> None:
    """Same pid, same id, the same rooms, and what was missed: the stock client says `recovered`."""
    async with an_io_stage() as stage:
        async with _subscribed(stage) as (_, before):
            pass
        await _until_gone(stage)
        stage.resumption = Resumption(epoch="e1", seq=6, events=(event(5, 5), event(6, 6)))
        async with a_wire(stage) as client:
            assert await connect(client, pid=before["pid"]) == before
            assert stage.asked[-1] == (user(1), STAFF_ROOM, 4, "e1")
            stage.hub.publish(event(7, 7))
            assert [(await hear_event(client))[1]["seq"] for _ in range(3)] == [5, 6, 7]


async def test_what_may_have_arrived_or_not_is_not_guessed() -> None:
    """An event written to a dead connection is neither told again nor left out silently."""
    async with an_io_stage() as stage:
        async with _subscribed(stage) as (_, before):
            stage.hub.publish(event(5, 5))
        await _until_gone(stage)
        async with a_wire(stage) as client:
            told = await connect(client, pid=before["pid"])
            assert told["pid"] != before["pid"]
            stage.hub.publish(event(6, 6))
            stage.resumption = Resumption(epoch="e1", seq=6, events=(event(5, 5), event(6, 6)))
            wish = {"room": STAFF_ROOM, "after_seq": 4, "epoch": "e1"}
            assert (await emit(client, "subscribe", wish))["seq"] == 6
            assert [(await hear_event(client))[1]["seq"] for _ in range(2)] == [5, 6]


async def test_the_clients_own_cursors_decide_where_it_goes_on() -> None:
    """Six lines in the app make every connection recoverable."""
    async with an_io_stage() as stage:
        async with _subscribed(stage, proves=False) as (client, before):
            stage.hub.publish(event(5, 5))
            assert (await hear_event(client))[1]["seq"] == 5
        await _until_gone(stage)
        stage.resumption = Resumption(epoch="e1", seq=6, events=(event(6, 6),))
        async with a_wire(stage) as client:
            cursors = {STAFF_ROOM: {"seq": 5, "epoch": "e1"}}
            assert await connect(client, pid=before["pid"], cursors=cursors) == before
            assert stage.asked[-1] == (user(1), STAFF_ROOM, 5, "e1")
            assert (await hear_event(client))[1]["seq"] == 6


async def test_an_app_that_always_subscribes_anew_is_told_nothing_twice() -> None:
    """It overlooks `recovered`; what it missed is on its way already when it asks for it."""
    async with an_io_stage() as stage:
        async with _subscribed(stage) as (_, before):
            pass
        await _until_gone(stage)
        stage.resumption = Resumption(epoch="e1", seq=6, events=(event(5, 5), event(6, 6)))
        async with a_wire(stage) as client:
            assert await connect(client, pid=before["pid"]) == before
            wish = {"room": STAFF_ROOM, "after_seq": 4, "epoch": "e1"}
            await client.say('421["subscribe",' + json.dumps(wish) + "]")
            assert [(await hear_event(client))[1]["seq"] for _ in range(2)] == [5, 6]
            assert await client.hear() == f'431[{{"room":"{STAFF_ROOM}","epoch":"e1","seq":6}}]'
            # Later it is its own wish to hear something again.
            told = await emit(client, "subscribe", wish)
            assert told["seq"] == 6
            assert [(await hear_event(client))[1]["seq"] for _ in range(2)] == [5, 6]


async def test_cursors_outlive_the_server() -> None:
    """After a crash nothing is remembered, and nothing needs to be: the room's home has it all."""
    async with an_io_stage() as stage, a_wire(stage) as client:
        stage.resumption = Resumption(epoch="e1", seq=6, events=(event(6, 6),))
        cursors = {STAFF_ROOM: {"seq": 5, "epoch": "e1"}}
        told = await connect(client, pid="of-another-life", cursors=cursors)
        assert told["pid"] == "of-another-life"
        assert (await hear_event(client))[1]["seq"] == 6


async def test_cursors_of_who_has_no_connection_before_do_nothing() -> None:
    """Its own subscriptions come next; rooms entered twice would be told twice."""
    async with an_io_stage() as stage, a_wire(stage) as client:
        await connect(client, cursors={STAFF_ROOM: {"seq": 5, "epoch": "e1"}})
        assert not stage.asked


async def test_a_room_that_can_not_be_gone_on_with_leaves_all_to_the_client() -> None:
    """Half a recovery would be told as a whole one: `recovered` is one word for all rooms."""
    async with an_io_stage() as stage:
        async with _subscribed(stage) as (_, before):
            pass
        await _until_gone(stage)
        stage.resumption = Refusal(Code.CURSOR_EXPIRED, "too long ago")
        async with a_wire(stage) as client:
            told = await connect(client, pid=before["pid"])
            assert told["pid"] != before["pid"]
            stage.hub.publish(event(5, 5))
            assert "status" in await emit(client, "command", {"command": "Do"})
            assert stage.hub.statistics().rooms == 0


async def test_somebody_elses_pid_recovers_nothing() -> None:
    """It is a secret, and a secret that leaked must still be of no use."""
    async with an_io_stage() as stage:
        async with _subscribed(stage) as (_, before):
            pass
        await _until_gone(stage)
        async with a_wire(stage) as client:
            told = await connect(client, "2", pid=before["pid"])
            assert told["pid"] != before["pid"]
            assert stage.hub.statistics().rooms == 0


async def test_a_connection_that_nobody_missed_yet_ends_when_its_client_comes_again() -> None:
    """A phone that changes its network leaves a connection behind that looks alive for a while."""
    async with an_io_stage() as stage, _subscribed(stage) as (old, before):
        stage.resumption = Resumption(epoch="e1", seq=4)
        async with a_wire(stage) as client:
            assert await connect(client, pid=before["pid"]) == before
            await old.close_code()
            await _until_gone(stage, 1)
            stage.hub.publish(event(5, 5))
            assert (await hear_event(client))[1]["seq"] == 5


async def test_an_answer_that_was_lost_leaves_no_connection_behind() -> None:
    """The client comes with the pid that it knows; the one it was given and never learnt is idle.

    Twenty of those would use up what a user may have.
    """
    async with an_io_stage() as stage:
        async with _subscribed(stage) as (_, before):
            stage.hub.publish(event(5, 5))
        await _until_gone(stage)
        for _ in range(3):
            client = await a_poller(stage)
            told = await connect(client, pid=before["pid"])
            assert told["pid"] != before["pid"]
            assert stage.hub.statistics().connections == 1


async def test_who_said_goodbye_is_not_remembered() -> None:
    """`socket.disconnect()` means it."""
    async with an_io_stage() as stage:
        async with _subscribed(stage) as (client, before):
            await client.say("41")
            assert await client.close_code() == 1000
        async with a_wire(stage) as client:
            assert (await connect(client, pid=before["pid"]))["pid"] != before["pid"]


async def _say_close(client: Polled) -> None:
    await client.say("1")


async def test_polled_connections_are_recovered_too() -> None:
    """The way that carries a connection is no matter of what it has heard."""
    async with an_io_stage() as stage:
        stage.resumption = Resumption(epoch="e1", seq=4)
        client = await a_poller(stage)
        before = await connect(client)
        await emit(client, "subscribe", {"room": STAFF_ROOM})
        assert (await client.get()).text == "2"
        await client.say("3")
        await _say_close(client)
        await _until_gone(stage)
        client = await a_poller(stage)
        assert await connect(client, pid=before["pid"]) == before


def _ended(n: int = 1) -> Remembered:
    return Remembered(user_id=UUID(int=n), sid="s", places={"owner": Place(1, "e")})


async def test_what_ended_is_remembered_for_two_minutes(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Longer, and a stolen phone's pid would be worth something tomorrow."""
    recoveries = Recoveries()
    for pid in ("a", "b"):
        recoveries.finish([pid], pid, _ended())
    await trio.sleep(RECOVERY_S - 1)
    assert recoveries.take("a", UUID(int=1)) == _ended()
    assert recoveries.take("a", UUID(int=1)) is None
    await trio.sleep(1)
    assert recoveries.take("b", UUID(int=1)) is None


async def test_what_is_remembered_has_a_bound(autojump_clock: trio.testing.MockClock) -> None:
    """A storm of ten thousand reconnections must not take the memory that they need."""
    recoveries = Recoveries()
    for n in range(RECOVERIES_MAX + 5):
        recoveries.finish([str(n)], str(n), _ended(n + 1))
    assert len(recoveries) == RECOVERIES_MAX
    assert recoveries.take("0", UUID(int=1)) is None
    await trio.sleep(RECOVERY_S)
    recoveries.finish(["last"], "last", _ended())
    assert len(recoveries) == 1
