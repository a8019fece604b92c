"""What the passing of time does to Socket.IO; in memory, so that time is free."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
import trio.testing

from lastlight.realtime.hub import Hub
from lastlight.socketio.server import PATH, SocketIoServer, open_socketio
from lastlight.web.http import Request, Response
from protocol.limits import SOCKET_PING_S, SOCKET_PONG_S, SOCKET_TOKEN_GRACE_S
from protocol.socketio_limits import CONNECT_S
from tests.lastlight.test_realtime_time import SERVICES

_TOKEN_S = 900.0


@attrs.define
class _Client:
    """A client that polls a server without any door between."""

    server: SocketIoServer
    hub: Hub
    sid: str = ""

    async def ask(self, method: str, body: str = "") -> Response:
        sid = f"&sid={self.sid}" if self.sid else ""
        return await self.server.answer(
            Request(
                method=method, path=PATH, query_string=f"EIO=4&transport=polling{sid}".encode(),
                headers=(), body=body.encode(), client="192.0.2.7", scheme="http", request_id="r",
            )
        )  # fmt: skip

    async def get(self) -> str:
        answer = await self.ask("GET")
        assert answer.status == 200, answer.body
        return answer.body.decode()

    async def say(self, packet: str) -> None:
        answer = await self.ask("POST", packet)
        assert answer.status == 200, answer.body


@asynccontextmanager
async def _a_client() -> AsyncIterator[_Client]:
    hub = Hub()
    async with open_socketio(hub, SERVICES) as server:
        client = _Client(server, hub)
        client.sid = json.loads((await client.get())[1:])["sid"]
        yield client


async def test_who_is_never_let_in_is_ended(autojump_clock: trio.testing.MockClock) -> None:
    """A connection that says nothing must not be kept for it."""
    async with _a_client() as client:
        began = trio.current_time()
        heard = [await client.get()]
        while "1" not in heard[-1].split("\x1e"):
            await client.say("3")
            heard.append(await client.get())
        assert trio.current_time() - began == CONNECT_S
        assert heard == ["2", "1"]
        await trio.testing.wait_all_tasks_blocked()
        assert len(client.server) == 0


@pytest.mark.parametrize("polls", [True, False])
async def test_who_answers_no_ping_is_gone(
    autojump_clock: trio.testing.MockClock, polls: bool
) -> None:
    """Nobody says goodbye from a tunnel; what a lost client holds is given back."""
    async with _a_client() as client:
        await client.say('40{"token":"t"}')
        assert client.hub.statistics().connections == 1
        if polls:
            assert (await client.get()).startswith("40")
            assert await client.get() == "2"
        await trio.sleep(SOCKET_PING_S + SOCKET_PONG_S - trio.current_time() - 1)
        assert client.hub.statistics().connections == 1
        await trio.sleep(2)
        assert client.hub.statistics().connections == 0
        assert (await client.ask("GET")).status == 400
        assert len(client.server) == 0


async def test_who_answers_pings_stays_until_the_token_is_over(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A night is long, and most of it is quiet."""
    async with _a_client() as client:
        await client.say('40{"token":"t"}')
        packets: list[str] = []
        while packets[-1:] != ["1"]:
            packets += (await client.get()).split("\x1e")
            if packets[-1] == "2":
                await client.say("3")
        assert trio.current_time() == pytest.approx(_TOKEN_S + SOCKET_TOKEN_GRACE_S, abs=1)
        assert packets[-2:] == ["41", "1"]


async def test_a_poll_that_is_given_up_ends_the_connection(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """What it would have been answered with is lost, so the client has to come again."""
    async with _a_client() as client:
        await client.say('40{"token":"t"}')
        assert (await client.get()).startswith("40")
        with trio.move_on_after(1):
            await client.get()
        assert client.hub.statistics().connections == 0
        assert (await client.ask("GET")).status == 400


async def test_two_requests_that_say_something_at_once_end_the_connection(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Their order would be nobody's; the stock client never does it."""
    async with _a_client() as client:
        await client.say('40{"token":"t"}')
        line = client.server.line(client.sid)
        assert line is not None
        async with line.posting:
            assert (await client.ask("POST", "6")).status == 400
        assert (await client.ask("GET")).status == 400
