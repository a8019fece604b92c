"""The front door and HTTP/1.1, over real sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

import pytest
import trio

from lastlight.front_door import Patience
from lastlight.web.answering import WebSettings
from lastlight.web.cors import Origins
from lastlight.web.http import Request, Response
from protocol.limits import BODY_BYTES_MAX
from tests.lastlight.door_kit import (
    PATIENT_S,
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


async def test_a_request_reaches_the_handler_whole_and_its_answer_comes_back() -> None:
    """The door's whole purpose; the query string stays raw, the path is decoded once."""
    desk = Desk()
    async with a_door(desk) as door, plain_client() as client:
        answer = await client.post(
            f"http://127.0.0.1:{door.port}/caf%C3%A9/%2541?a=%31", content=b"12345"
        )
    assert answer.status_code == 200
    assert answer.json() == {
        "method": "POST", "path": "/café/%41", "query": "a=%31", "bytes": 5,
        "client": "127.0.0.1", "scheme": "http",
    }  # fmt: skip
    assert answer.headers["x-request-id"] == desk.seen[0].request_id
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_every_method_on_every_path_is_the_handlers(method: str) -> None:
    """Routes stand in the operation table only; no second table may disagree with it."""
    async with a_door(Desk()) as door, plain_client() as client:
        for path in ("/", "//two//slashes/", "/static/x"):
            answer = await client.request(method, f"http://127.0.0.1:{door.port}{path}")
            assert (answer.status_code, answer.json()["path"]) == (200, path)


async def test_a_bug_is_told_by_its_id_and_nothing_else() -> None:
    """A traceback in an answer is a gift to whoever caused it."""
    async with a_door(Desk()) as door:
        raw = await say(door, b"GET /bug HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    problem = problem_in(raw)
    assert (problem["status"], problem["code"]) == (500, "internal")
    assert b"secret" not in raw
    assert b"ZeroDivision" not in raw


async def test_a_body_that_announces_too_much_is_refused_unread() -> None:
    """413 must come before the body does, or a small server can be filled from outside."""
    desk = Desk()
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (BODY_BYTES_MAX + 1)
    async with a_door(desk) as door:
        raw = await say(door, head)
    assert (problem_in(raw)["code"], desk.seen) == ("payload_too_large", [])


async def test_a_client_that_sends_too_much_still_reads_why() -> None:
    """Closing on unread bytes resets the connection and takes the answer out of its hands."""
    body = b"x" * (BODY_BYTES_MAX * 4)
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with a_door(Desk()) as door:
        raw = await say(door, head + body)
    assert problem_in(raw)["code"] == "payload_too_large"


async def test_a_chunked_body_is_counted_while_it_comes() -> None:
    """It announces no length, so the bound has to hold on what arrives."""
    chunk = b"%x\r\n%s\r\n" % (BODY_BYTES_MAX // 2, b"x" * (BODY_BYTES_MAX // 2))
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with a_door(Desk()) as door:
        raw = await say(door, head + chunk * 3 + b"0\r\n\r\n")
    assert problem_in(raw)["code"] == "payload_too_large"


async def test_a_body_of_exactly_the_bound_is_taken() -> None:
    """Off by one, the largest allowed upload fails in the field and nowhere else."""
    async with a_door(Desk()) as door, plain_client() as client:
        url = f"http://127.0.0.1:{door.port}/"
        answer = await client.post(url, content=b"x" * BODY_BYTES_MAX)
    assert answer.json()["bytes"] == BODY_BYTES_MAX


async def test_a_body_that_never_comes_is_given_up() -> None:
    """Otherwise one byte a minute holds a request open for ever."""
    async with a_door(Desk(), settings=WebSettings(body_timeout_s=0.2)) as door:
        raw = await say(door, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12")
    assert problem_in(raw)["code"] == "malformed_request"


async def test_a_client_that_expects_100_is_told_to_go_on() -> None:
    """curl sends larger bodies only after this line, or a second too late."""
    async with a_door(Desk()) as door, await connect(door) as stream:
        await stream.send_all(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
        )
        with trio.fail_after(5):
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 100")
        await stream.send_all(b"abc")
        status, _, body = await read_answer(stream)
    assert (status, json.loads(body)["bytes"]) == (200, 3)


async def test_a_client_that_expects_100_for_too_much_gets_413_instead() -> None:
    """It asked before sending; the honest answer saves both sides the bytes."""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n" % (
        BODY_BYTES_MAX + 1
    )
    async with a_door(Desk()) as door:
        raw = await say(door, head)
    assert raw.startswith(b"HTTP/1.1 413")


async def test_two_pipelined_requests_get_two_answers_in_order() -> None:
    """Legal since HTTP/1.1, and proxies do it."""
    two = (
        b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    )
    async with a_door(Desk()) as door:
        raw = await say(door, two)
    assert raw.count(b"HTTP/1.1 200") == 2
    assert raw.index(b'"/1"') < raw.index(b'"/2"')


async def test_a_connection_serves_many_requests_and_ends_when_idle() -> None:
    """Keep-alive saves a handshake per request; without an end, idle clients fill the server."""
    async with (
        a_door(Desk(), patience=Patience(keep_alive_s=0.3)) as door,
        await connect(door) as stream,
    ):
        for number in range(3):
            await stream.send_all(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number)
            assert (await read_answer(stream))[0] == 200
        assert await read_to_end(stream) == b""


async def test_head_says_what_get_would_without_its_body() -> None:
    """Health checks and caches use it."""
    async with a_door(Desk()) as door, plain_client() as client:
        answer = await client.head(f"http://127.0.0.1:{door.port}/x")
        again = await client.get(f"http://127.0.0.1:{door.port}/x")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == again.headers["content-length"]


async def test_options_tells_what_a_path_takes() -> None:
    """RFC 9110 9.3.7; a page's preflight is another matter, see the CORS tests."""
    settings = WebSettings(methods_at=lambda path: ("GET", "POST") if path == "/x" else ())
    async with a_door(Desk(), settings=settings) as door, plain_client() as client:
        answer = await client.options(f"http://127.0.0.1:{door.port}/x")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, POST, OPTIONS")


async def test_a_preflight_is_answered_without_the_handler() -> None:
    """It carries no token, so the handler could only refuse it."""
    desk = Desk()
    settings = WebSettings(origins=Origins.of(["https://app.example"]))
    async with a_door(desk, settings=settings) as door, plain_client() as client:
        answer = await client.options(
            f"http://127.0.0.1:{door.port}/x",
            headers={"Origin": "https://app.example", "Access-Control-Request-Method": "PUT"},
        )
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-credentials" not in answer.headers
    assert desk.seen == []


class Rows(Desk):
    """Answers without an end, in parts, until it is told that nobody listens."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = trio.Event()

    async def handle(self, request: Request) -> Response:
        return Response(200, (("content-type", "text/csv"),), stream=self._rows())

    async def _rows(self) -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"x" * 100_000
                await trio.lowlevel.checkpoint()
        finally:
            self.ended.set()


async def test_what_is_sent_in_parts_ends_with_the_client_that_leaves() -> None:
    """Behind it stands a query with a connection of its own."""
    desk = Rows()
    async with a_door(desk) as door:
        stream = await connect(door)
        await stream.send_all(b"GET /rows HTTP/1.1\r\nHost: a\r\n\r\n")
        await stream.receive_some(1_000)
        await trio.aclose_forcefully(stream)
        with trio.fail_after(PATIENT_S):
            await desk.ended.wait()
