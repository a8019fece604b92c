"""The application, and `python -m bench.peers.fastapi_app.server SETTINGS` that serves it.

SETTINGS is a JSON file: port, database, jwks, door_secret (hex), connections.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import uvicorn
from fastapi import Depends, FastAPI, Header, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bench.peers.fastapi_app.checking_in import CheckIn, CheckIns
from bench.peers.fastapi_app.problems import Refused, refused
from bench.peers.fastapi_app.purchasing import Order, Purchases
from bench.peers.fastapi_app.queries import open_pool
from bench.peers.fastapi_app.reading import Sessions
from bench.peers.fastapi_app.rooms import Rooms
from bench.peers.fastapi_app.tokens import Principal, Tokens

KEY_CHARS_MAX = 255


async def _who(request: Request, authorization: Annotated[str, Header()] = "") -> Principal:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused("unauthenticated", "send an access token as Authorization: Bearer")
    tokens: Tokens = request.app.state.tokens
    return tokens.verify(token)


async def _key(idempotency_key: Annotated[str | None, Header()] = None) -> str:
    if idempotency_key is None:
        raise Refused("idempotency_key_required", "this route needs an Idempotency-Key")
    if not 1 <= len(idempotency_key) <= KEY_CHARS_MAX or not idempotency_key.isprintable():
        raise Refused("malformed_request", f"the Idempotency-Key has 1 to {KEY_CHARS_MAX} letters")
    return idempotency_key


Who = Annotated[Principal, Depends(_who)]
Key = Annotated[str, Depends(_key)]


def make_app(settings: dict[str, Any]) -> FastAPI:
    """The three routes, the sockets, and whether it is ready."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        pool = await open_pool(settings["database"], settings["connections"])
        app.state.tokens = Tokens(settings["jwks"])
        app.state.rooms = rooms = Rooms()
        secret = bytes.fromhex(settings["door_secret"])
        app.state.check_ins = CheckIns(pool, rooms, secret)
        app.state.purchases = Purchases(pool, rooms)
        app.state.sessions = Sessions(pool)
        yield
        await pool.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.post("/api/sessions/checkin")
    async def check_in(request: Request, who: Who, key: Key, body: CheckIn) -> Response:
        check_ins: CheckIns = request.app.state.check_ins
        return await check_ins.check_in(who, body, key, await request.body())

    @app.post("/api/transactions/purchase")
    async def purchase(request: Request, who: Who, key: Key, body: Order) -> Response:
        purchases: Purchases = request.app.state.purchases
        return await purchases.purchase(who, body, key, await request.body())

    @app.get("/api/sessions/{session_id}")
    async def read(request: Request, who: Who, session_id: UUID) -> Response:
        sessions: Sessions = request.app.state.sessions
        return await sessions.read(who, session_id)

    @app.get("/readyz")
    async def ready() -> dict[str, bool]:
        return {"ready": True}

    @app.websocket("/ws")
    async def listen(socket: WebSocket) -> None:
        await socket.accept()
        hello = await socket.receive_json()
        principal = socket.app.state.tokens.verify(hello["token"])
        await socket.app.state.rooms.listen(socket, principal)

    app.add_exception_handler(Refused, _tell_refused)
    app.add_exception_handler(RequestValidationError, _tell_invalid)
    app.add_exception_handler(HTTPException, _tell_http)
    return app


async def _tell_refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return refused(error)


async def _tell_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if any(fault["type"] == "json_invalid" for fault in error.errors()):
        return refused(Refused("malformed_request", "the body is no JSON"))
    return refused(Refused("validation_failed", str(error.errors()[0]["msg"])))


async def _tell_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = "not_found" if error.status_code == 404 else "malformed_request"
    return refused(Refused(code, str(error.detail)))


def main() -> None:
    """Serve until terminated."""
    settings = json.loads(Path(sys.argv[1]).read_text())
    uvicorn.run(
        make_app(settings),
        host="127.0.0.1",
        port=settings["port"],
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        backlog=4096,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main()
