"""What the front door refuses, cuts off, and how it closes."""

from __future__ import annotations

import pytest
import trio

from lastlight.front_door import CannotListen, Patience, open_front_door
from lastlight.web.answering import WebSettings
from lastlight.web.clients import Proxies
from protocol.limits import HEADER_BYTES_MAX
from tests.lastlight.door_kit import (
    SOCKETS,
    Desk,
    a_door,
    connect,
    problem_in,
    read_answer,
    read_to_end,
    say,
)
from tests.plain_http import plain_client

pytestmark = pytest.mark.usefixtures("each_lane")


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\x01\x02\x03garbage\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET /%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /%ff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /a%2fb HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_answered_with_a_problem(raw: bytes) -> None:
    """Whoever debugs a client should read why, not guess from a closed connection."""
    async with a_door(Desk()) as door:
        assert problem_in(await say(door, raw))["code"] == "malformed_request"
        assert door.statistics().failed_total == 0


async def test_a_method_nobody_uses_is_405() -> None:
    """With `Allow`, as RFC 9110 15.5.6 demands."""
    async with a_door(Desk()) as door:
        raw = await say(door, b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert problem_in(raw)["code"] == "method_not_allowed"
    assert b"allow: GET, HEAD" in raw


async def test_headers_beyond_the_bound_are_refused() -> None:
    """An endless header is the cheapest way to fill a server."""
    head = b"GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n" % (b"x" * HEADER_BYTES_MAX * 2)
    async with a_door(Desk()) as door:
        assert problem_in(await say(door, head))["code"] == "malformed_request"


@pytest.mark.parametrize("first", [b"", b"GET / HTTP/1.1\r\nHo", b"POST / HTTP/1.1\r\nHo", b"PRI "])
async def test_a_client_that_dawdles_over_its_headers_is_cut_off(first: bytes) -> None:
    """Slowloris: thousands of half requests must not hold thousands of places."""
    async with (
        a_door(Desk(), patience=Patience(headers_s=0.2)) as door,
        await connect(door) as stream,
    ):
        if first:
            await stream.send_all(first)
        with trio.fail_after(2):
            assert await read_to_end(stream) == b""


async def test_dawdling_over_a_second_request_is_no_better() -> None:
    """A first good request must not buy endless time for the next."""
    patience = Patience(headers_s=0.2, keep_alive_s=60)
    async with a_door(Desk(), patience=patience) as door, await connect(door) as stream:
        await stream.send_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await read_answer(stream)
        await stream.send_all(b"GET / HT")
        with trio.fail_after(2):
            assert await read_to_end(stream) == b""


async def test_more_connections_than_allowed_are_turned_away_with_a_reason() -> None:
    """A bound without an answer looks like an outage."""
    patience = Patience(connection_count_max=1)
    async with a_door(Desk(), patience=patience) as door, await connect(door) as first:
        await first.send_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await read_answer(first)
        async with await connect(door) as second:
            problem = problem_in(await read_to_end(second))
        assert (problem["code"], door.statistics().refused_total) == ("actor_unavailable", 1)


async def test_one_address_cant_take_all_places() -> None:
    """The others would be locked out by one broken client."""
    patience = Patience(connection_count_per_address_max=1)
    async with a_door(Desk(), patience=patience) as door, await connect(door) as first:
        await first.send_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await read_answer(first)
        async with await connect(door) as second:
            assert problem_in(await read_to_end(second))["code"] == "rate_limited"


async def test_a_trusted_proxy_names_the_client() -> None:
    """Rate limits by address would otherwise hit everybody behind the proxy at once."""
    settings = WebSettings(proxies=Proxies.of(["127.0.0.0/8"]))
    forwarded = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    async with a_door(Desk(), settings=settings) as door, plain_client() as client:
        answer = await client.get(f"http://127.0.0.1:{door.port}/", headers=forwarded)
    assert (answer.json()["client"], answer.json()["scheme"]) == ("203.0.113.9", "https")
    assert "strict-transport-security" in answer.headers


async def test_closing_lets_the_request_under_way_finish() -> None:
    """A deployment must not turn answers into errors."""
    desk = Desk()
    async with trio.open_nursery() as nursery:
        async with a_door(desk) as door:
            stream = await connect(door)
            await stream.send_all(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
            await desk.began.wait()
            nursery.start_soon(_release_when_closed, door.port, desk)
        status, _, _ = await read_answer(stream)
        assert status == 200
        assert await read_to_end(stream) == b""
        await stream.aclose()


async def _release_when_closed(port: int, desk: Desk) -> None:
    """Let the held request go once nobody listens any more."""
    while True:
        try:
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                await read_to_end(stream)
        except OSError:
            desk.hold.set()
            return


async def test_closing_does_not_wait_for_ever() -> None:
    """The grace period is a promise to the operator too."""
    desk = Desk()
    async with a_door(desk, patience=Patience(grace_s=0.2)) as door:
        stream = await connect(door)
        await stream.send_all(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        await desk.began.wait()
        began = trio.current_time()
    assert trio.current_time() - began < 3
    await stream.aclose()


async def test_closing_does_not_wait_for_a_client_that_does_not_read() -> None:
    """Its answer is being sent behind a shield; hanging up is what ends that."""
    desk = Desk()
    async with a_door(desk, patience=Patience(grace_s=0.2)) as door:
        stream = await connect(door)
        await stream.send_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        await desk.began.wait()
        began = trio.current_time()
    assert trio.current_time() - began < 3
    await stream.aclose()


async def test_a_port_in_use_is_said_so() -> None:
    """The most common reason why a server does not start deserves a sentence."""
    async with a_door(Desk()) as door:
        with pytest.raises(CannotListen, match=rf"port {door.port}: .*LASTLIGHT_PORT"):
            async with open_front_door(
                host="127.0.0.1", port=door.port, handler=Desk().handle, sockets=SOCKETS
            ):
                pass
