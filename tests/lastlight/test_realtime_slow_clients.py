"""Clients over `/ws` that do not read for a while, or never; and those that say nothing."""

from __future__ import annotations

import json
import socket as stdlib_socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
import wsproto
from wsproto.events import AcceptConnection, CloseConnection, Event, Ping, Pong, Request

from lastlight.realtime.hub import Member
from protocol.limits import CONNECTION_QUEUE_EVENTS, SOCKET_WRITE_BYTES
from tests.lastlight.realtime_kit import STAFF_ROOM, Stage, a_stage, event

_SMALL = 4_096
"""Bytes that a client's kernel takes for it; Linux makes some more of it."""


@attrs.define
class RawClient:
    """A client that reads only when it is told to, and has little room."""

    stream: trio.SocketStream
    wire: wsproto.WSConnection = attrs.field(
        factory=lambda: wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
    )
    waiting: list[Event] = attrs.field(factory=list)

    async def send(self, sent: Event) -> None:
        await self.stream.send_all(self.wire.send(sent))

    async def say(self, **message: object) -> None:
        await self.send(wsproto.events.TextMessage(data=json.dumps(message)))

    async def next(self) -> Event:
        """What comes next; a message is one event, however long."""
        whole = ""
        while True:
            self.waiting += self.wire.events()
            while self.waiting:
                found = self.waiting.pop(0)
                if not isinstance(found, wsproto.events.TextMessage):
                    return found
                whole += found.data
                if found.message_finished:
                    return wsproto.events.TextMessage(data=whole)
            with trio.fail_after(10):
                self.wire.receive_data(await self.stream.receive_some() or None)

    async def hear(self) -> dict[str, object]:
        found = await self.next()
        assert isinstance(found, wsproto.events.TextMessage), found
        message = json.loads(found.data)
        assert isinstance(message, dict)
        return message


@asynccontextmanager
async def a_raw_client(stage: Stage) -> AsyncIterator[tuple[RawClient, Member]]:
    """In the staff room."""
    assert stage.door is not None
    sock = trio.socket.socket()
    sock.setsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_RCVBUF, _SMALL)
    await sock.connect(("127.0.0.1", stage.door.port))
    async with trio.SocketStream(sock) as stream:
        client = RawClient(stream)
        await client.send(Request(host="door", target="/ws", subprotocols=["lastlight.v1"]))
        assert isinstance(await client.next(), AcceptConnection)
        await client.say(op="hello", token="1")
        assert (await client.hear())["op"] == "welcome"
        await client.say(op="subscribe", room=STAFF_ROOM)
        assert (await client.hear())["op"] == "subscribed"
        (member,) = (m for m in stage.hub._members if m.principal.user_id.int == 1)
        yield client, member


async def clog(stage: Stage, member: Member, waiting: int = 3) -> int:
    """Publish until so many events wait for a client that does not read; the last `seq`."""
    seq = 0
    while len(member.outbox) < waiting:
        seq += 1
        stage.hub.publish(event(seq, seq, size=20_000))
        assert member.outbox.close_code is None
    return seq


async def test_who_stops_reading_for_a_while_misses_nothing() -> None:
    """What went at once, what was torn, what waited and the pongs between them: whole, in order."""
    async with a_stage() as stage, a_raw_client(stage) as (client, member):
        await client.send(Ping(payload=b"1"))
        last = await clog(stage, member)
        await client.send(Ping(payload=b"2"))
        pongs, seqs = [], []
        while len(seqs) < last or len(pongs) < 2:
            found = await client.next()
            if isinstance(found, Pong):
                pongs.append(bytes(found.payload))
            else:
                assert isinstance(found, wsproto.events.TextMessage)
                seqs.append(json.loads(found.data)["seq"])
        assert seqs == list(range(1, last + 1))
        assert pongs == [b"1", b"2"]
        stage.hub.publish(event(last + 1, last + 1))
        assert (await client.hear())["seq"] == last + 1
        assert len(member.outbox) == 0


async def test_an_emergency_overtakes_what_waits_for_a_slow_client() -> None:
    """Rule 8: a phone with a bad line is the one that must not hear of it last."""
    async with a_stage() as stage, a_raw_client(stage) as (client, member):
        last = await clog(stage, member, waiting=SOCKET_WRITE_BYTES // 20_000 + 5)
        stage.hub.publish_urgent(event(0, None, type_="emergency.sos_raised"))
        heard = [await client.hear() for _ in range(last + 1)]
        at = [message.get("seq") for message in heard].index(None)
        assert heard[at]["event"]["type"] == "emergency.sos_raised"  # type: ignore[index]
        assert at < last
        seqs = [message["seq"] for message in heard if "seq" in message]
        assert seqs == list(range(1, last + 1))


async def test_of_ephemeral_events_only_the_newest_waits() -> None:
    """A meter from a minute ago is worth nothing and must not fill the queue. Rule 17 newest."""
    many = CONNECTION_QUEUE_EVENTS * 2
    async with a_stage() as stage, a_raw_client(stage) as (client, member):
        last = await clog(stage, member)
        for n in range(many):
            stage.hub.publish(event(n, None, type_="venue.occupancy_changed"))
        heard = [await client.hear() for _ in range(last + 1)]
        assert heard[-1]["event"]["data"]["n"] == many - 1  # type: ignore[index]
        assert [message.get("seq") for message in heard[:-1]] == list(range(1, last + 1))


async def test_a_client_that_never_reads_is_closed_and_its_memory_freed() -> None:
    """256 events and a quarter of a second are its bounds (Rule 17 slow)."""
    async with a_stage() as stage, a_raw_client(stage) as (client, member):
        seq = await clog(stage, member)
        while member.outbox.close_code is None:
            seq += 1
            stage.hub.publish(event(seq, seq, size=100))
            await trio.lowlevel.checkpoint()
        assert (member.outbox.close_code, len(member.outbox)) == (4408, 0)
        while not isinstance(found := await client.next(), CloseConnection):
            assert isinstance(found, wsproto.events.TextMessage)
        assert found.code == 4408


@pytest.mark.parametrize("code", [1000, 3000])
async def test_a_client_that_closes_is_answered_with_its_code(code: int) -> None:
    """RFC 6455 5.5.1; a browser reports an unclean end otherwise."""
    async with a_stage() as stage, a_raw_client(stage) as (client, _):
        await client.send(CloseConnection(code=code, reason="bye"))
        found = await client.next()
        assert isinstance(found, CloseConnection)
        assert found.code == code
        assert await client.stream.receive_some() == b""


async def test_an_idle_connection_is_one_task() -> None:
    """Ten thousand phones in pockets are the usual case; each task costs kilobytes."""
    async with a_stage() as stage:
        before = trio.lowlevel.current_statistics().tasks_living
        async with a_raw_client(stage) as (client, _):
            stage.hub.publish(event(1, 1))
            assert (await client.hear())["seq"] == 1
            assert trio.lowlevel.current_statistics().tasks_living == before + 1


async def test_an_accepted_connection_does_not_hold_small_frames_back() -> None:
    """Nagle's algorithm would add a round trip to every second event."""
    async with a_stage() as stage, a_raw_client(stage):
        (guest,) = stage.door._guests  # type: ignore[union-attr]
        accepted = guest.stream._transport
        assert isinstance(accepted, trio.SocketStream)
        assert accepted.getsockopt(stdlib_socket.IPPROTO_TCP, stdlib_socket.TCP_NODELAY)
