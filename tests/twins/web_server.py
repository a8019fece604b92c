"""A real HTTP server on this machine for a provider's twin: HTTP/2 under TLS, or plain HTTP/1.1.

A twin says how it answers; what it was asked, in which version of HTTP, is kept. It may be told
to answer otherwise a few times, or to keep somebody waiting.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeAlias, cast

import attrs
import msgspec
import trio
from hypercorn.config import Config
from hypercorn.trio import serve

from tests.twins.authority import Authority

Scope: TypeAlias = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Asked:
    """One request as it came."""

    method: str
    version: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return msgspec.json.decode(self.body)


@attrs.frozen
class Said:
    """One answer."""

    status: int
    body: Mapping[str, Any] | bytes = b""
    headers: Mapping[str, str] = attrs.field(factory=dict)


@attrs.define(eq=False)
class WebServer:
    """Answers by `answers`, unless `instead` has something else for the next requests."""

    answers: Callable[[Asked], Said]
    url: str = ""
    asked: list[Asked] = attrs.field(factory=list)
    instead: deque[Said] = attrs.field(factory=deque)
    hangs: trio.Event | None = None
    """Who asks waits for this, if it is set."""

    async def __call__(
        self,
        scope: Scope,
        receive: Callable[[], Awaitable[Mapping[str, Any]]],
        send: Callable[[Mapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        asked = Asked(
            method=scope["method"],
            version=scope["http_version"],
            path=scope["path"],
            headers={name.decode(): value.decode() for name, value in scope["headers"]},
            body=body,
        )
        self.asked.append(asked)
        if self.hangs is not None:
            await self.hangs.wait()
        said = self.instead.popleft() if self.instead else self.answers(asked)
        text = said.body if isinstance(said.body, bytes) else msgspec.json.encode(said.body)
        headers = [(name.lower().encode(), value.encode()) for name, value in said.headers.items()]
        headers.append((b"content-length", str(len(text)).encode()))
        await send({"type": "http.response.start", "status": said.status, "headers": headers})
        await send({"type": "http.response.body", "body": text})


async def _live(
    receive: Callable[[], Awaitable[Mapping[str, Any]]],
    send: Callable[[Mapping[str, Any]], Awaitable[None]],
) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


@asynccontextmanager
async def open_web_server(
    answers: Callable[[Asked], Said], authority: Authority | None = None
) -> AsyncIterator[WebServer]:
    """Serve on a free port: with an authority by TLS and HTTP/2, else plain."""
    server = WebServer(answers)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        config = Config()
        config.bind = [f"fd://{listening.detach()}"]
        config.errorlog = None
        config.graceful_timeout = 0.1
        if authority is not None:
            config.certfile, config.keyfile = str(authority.certificate), str(authority.key)
            config.alpn_protocols = ["h2"]
        async with trio.open_nursery() as nursery:
            over = trio.Event()
            binds: list[str] = await nursery.start(
                partial(serve, cast("Any", server), config, shutdown_trigger=over.wait)
            )
            port = binds[0].rpartition(":")[2]
            server.url = f"{'https' if authority else 'http'}://localhost:{port}"
            try:
                yield server
            finally:
                if server.hangs is not None:
                    server.hangs.set()
                over.set()
                nursery.cancel_scope.deadline = trio.current_time() + 2
