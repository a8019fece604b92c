"""What guests ask for over HTTP, said as commands over `/ws`: the same keys, the same answers.

What is cut off here is asked again over HTTP, so an answer has to be the same whichever way it was
first asked for.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import attrs
import httpx
from trio_websocket import WebSocketConnection

from tests.system.guests import Body, Front, Person
from tests.torture.watchers import GONE, connected

COMMANDS: Final = (
    (re.compile(r"/api/sessions/checkin"), "CheckIn"),
    (re.compile(r"/api/sessions/(?P<session_id>[^/]+)/checkout"), "CheckOut"),
    (re.compile(r"/api/transactions/purchase"), "PurchaseItems"),
    (re.compile(r"/api/transactions/topup"), "TopUpCredits"),
)


@attrs.frozen
class SocketFront(Front):
    """A front that says commands; one connection for each person who speaks here."""

    stack: AsyncExitStack
    lines: dict[str, WebSocketConnection] = attrs.field(factory=dict)
    numbers: itertools.count[int] = attrs.field(factory=itertools.count)

    async def send(
        self,
        person: Person | None,
        method: str,
        path: str,
        body: Body | bytes | None = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Say it, and hear its answer as HTTP would have it.

        Raises:
            httpx.TransportError: the connection ended before there was one.
        """
        assert person is not None
        assert method == "POST"
        assert not isinstance(body, bytes)
        try:
            answer = await self._ask(person, path, body or {}, key)
        except GONE as error:
            raise httpx.RemoteProtocolError(str(error)) from error
        if answer["op"] == "error":
            return httpx.Response(answer["problem"]["status"], json=answer["problem"])
        return httpx.Response(answer["status"], json=answer["data"])

    async def _ask(self, person: Person, path: str, body: Body, key: str | None) -> dict[str, Any]:
        line = self.lines.get(person.name)
        if line is None:
            opening = connected(str(self.http.base_url))
            line = self.lines[person.name] = await self.stack.enter_async_context(opening)
            await line.send_message(json.dumps({"op": "hello", "token": person.token}))
        name, named = next(
            (name, match.groupdict())
            for pattern, name in COMMANDS
            if (match := pattern.fullmatch(path)) is not None
        )
        id_ = str(next(self.numbers))
        command = {"op": "command", "id": id_, "command": name, "data": {**body, **named}}
        await line.send_message(json.dumps({**command, "idempotency_key": key}))
        while True:
            said: dict[str, Any] = json.loads(await line.get_message())
            if said.get("id") == id_:
                return said


@asynccontextmanager
async def open_socket_front(front: Front) -> AsyncIterator[SocketFront]:
    """The same node, by sockets that are closed when left."""
    async with AsyncExitStack() as stack:
        yield SocketFront(front.http, front.known, stack)
