"""`StripeBooks` over real HTTP/1.1, with the ways in which a provider can be slow, away or lost.

It has a port of its own on this machine, so a node in another process can be told its address.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import attrs
import h11
import msgspec
import trio

from tests.twins.stripe_books import StripeBooks

API_KEY: Final = "sk_test_of_the_tests"
_INNER: Final = re.compile(r"\[([^\]]*)\]")
_JSON: Final = ("content-type", "application/json")


@attrs.define(eq=False)
class StripeServer:
    """An account at Stripe behind an address.

    While `away` everything is answered 503; `hangs` is waited for before anything is done;
    `loses` counts answers that are made and then not sent.
    """

    books: StripeBooks
    url: str = ""
    away: bool = False
    hangs: trio.Event | None = None
    loses: int = 0
    at_once: int = 0
    """Requests under way."""
    at_once_most: int = 0

    async def serve(self, stream: trio.abc.Stream) -> None:
        """One connection, until the other side leaves."""
        connection = h11.Connection(h11.SERVER)
        async with stream:
            while True:
                try:
                    request = await _request(connection, stream)
                    if request is None:
                        return
                    self.at_once += 1
                    self.at_once_most = max(self.at_once_most, self.at_once)
                    try:
                        answer = await self._answer(*request)
                    finally:
                        self.at_once -= 1
                    if answer is None:
                        return
                    await stream.send_all(_sent(connection, *answer))
                except (trio.BrokenResourceError, h11.RemoteProtocolError):
                    return
                if connection.our_state is h11.MUST_CLOSE:
                    return
                connection.start_next_cycle()

    async def _answer(
        self, request: h11.Request, body: bytes
    ) -> tuple[int, Mapping[str, Any]] | None:
        headers = {name.decode(): value.decode() for name, value in request.headers}
        if self.hangs is not None:
            await self.hangs.wait()
        if self.away:
            return 503, {"error": {"type": "api_error", "message": "away"}}
        if headers.get("authorization") != f"Bearer {API_KEY}":
            return 401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key"}}
        target = urlsplit(request.target.decode())
        params = nested(target.query or body.decode())
        method, key = request.method.decode(), headers.get("idempotency-key")
        answer = self.books.answer(method, target.path, params, key)
        if self.loses:
            self.loses -= 1
            return None
        return answer


@asynccontextmanager
async def open_stripe_server(
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncIterator[StripeServer]:
    """A server on a free port."""
    server = StripeServer(StripeBooks(now))
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, server.serve, 0, host="127.0.0.1"))
        host, port = listeners[0].socket.getsockname()
        server.url = f"http://{host}:{port}"
        yield server
        nursery.cancel_scope.cancel()


def nested(form: str) -> dict[str, Any]:
    """`a[b][c]=d` as it is meant."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(form, keep_blank_values=True):
        path = [name.partition("[")[0], *_INNER.findall(name)]
        place = found
        for part in path[:-1]:
            place = place.setdefault(part, {})
        place[path[-1]] = value
    return found


async def _request(
    connection: h11.Connection, stream: trio.abc.Stream
) -> tuple[h11.Request, bytes] | None:
    request: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(bytes(await stream.receive_some()))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            assert request is not None, "an end comes after its beginning"
            return request, body
        else:
            return None


def _sent(connection: h11.Connection, status: int, body: Mapping[str, Any]) -> bytes:
    content = msgspec.json.encode(body)
    headers = [_JSON, ("content-length", str(len(content))), ("request-id", "req_of_the_tests")]
    sent = b""
    for event in (
        h11.Response(status_code=status, headers=headers),
        h11.Data(data=content),
        h11.EndOfMessage(),
    ):
        sent += connection.send(event) or b""
    return sent
