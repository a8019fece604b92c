"""The ways in: one port for everybody, and a private one for metrics if it is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from actors.runtime.node import Node
from lastlight.compose_storage import Storage
from lastlight.front_door import FrontDoor, SocketEndpoint, TlsFiles, open_front_door
from lastlight.gateway.dispatch import Dispatcher
from lastlight.gateway.http import HttpGateway
from lastlight.gateway.sockets import SocketGateway
from lastlight.metrics import CONTENT_TYPE, Metrics
from lastlight.realtime.connection import SUBPROTOCOL, serve_realtime
from lastlight.realtime.publisher import RoomPublisher
from lastlight.realtime.resuming import Resumer
from lastlight.realtime.services import Services
from lastlight.settings import Settings
from lastlight.socketio.server import PATH as SOCKETIO_PATH
from lastlight.socketio.server import open_socketio
from lastlight.web.answering import WebSettings
from lastlight.web.api_page import with_api_page
from lastlight.web.clients import Proxies
from lastlight.web.cors import Origins
from lastlight.web.http import Request, Response
from lastlight.web.problems import problem_response
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.operations.table import methods_at

_SLOW: Final = (b"/api/realtime/events", b"/socket.io")
"""Long polls: who leaves in the middle of one is noticed by the lane that goes on reading."""


@asynccontextmanager
async def open_ways_in(
    settings: Settings,
    *,
    node: Node,
    storage: Storage,
    publisher: RoomPublisher,
    dispatcher: Dispatcher,
    metrics: Metrics,
) -> AsyncIterator[FrontDoor]:
    """Listen until left; see `open_front_door`."""
    sockets = SocketGateway(dispatcher, dispatcher.urgent.ids)
    services = Services(
        authenticate=sockets.authenticate,
        resume=make_resumer(node, storage, publisher).resume,
        command=sockets.command,
        now=dispatcher.urgent.now,
        attendance=publisher.attending,
    )
    async with AsyncExitStack() as stack:
        if settings.metrics_port is not None:
            await stack.enter_async_context(_open_metrics(settings, metrics))
        socketio = await stack.enter_async_context(open_socketio(publisher.hub, services))
        handler = with_api_page(HttpGateway(dispatcher, metrics).handle)
        door = await stack.enter_async_context(
            open_front_door(
                host=settings.host,
                port=settings.port,
                handler=socketio.with_polling(handler),
                sockets={
                    "/ws": SocketEndpoint(
                        lambda socket: serve_realtime(socket, publisher.hub, services), SUBPROTOCOL
                    ),
                    SOCKETIO_PATH: socketio.endpoint,
                },
                tls=_tls_of(settings),
                slow=_SLOW,
                settings=WebSettings(
                    origins=Origins.of(settings.cors_origins),
                    proxies=Proxies(settings.trusted_proxies),
                    methods_at=methods_at,
                ),
            )
        )
        # Before the door waits for what is under way: polls would not end by themselves.
        stack.callback(socketio.close)
        yield door


def make_resumer(node: Node, storage: Storage, publisher: RoomPublisher) -> Resumer:
    """What tells sockets and polls where a room stands."""
    return Resumer(
        backlog=publisher.backlog,
        epoch=lambda: storage.journal.journal_id.hex,
        wait_ready=node.wait_ready,
        venue_known=lambda id_: node.shared(Address(ActorKind.VENUE, id_)) is not None,
        last_seq=storage.rooms.last_seq,
        missed=storage.rooms.missed_events,
        view=storage.room_views.view,
    )


@asynccontextmanager
async def _open_metrics(settings: Settings, metrics: Metrics) -> AsyncIterator[None]:
    """Metrics without a token, for a port that only the operator's network reaches."""

    async def handle(request: Request) -> Response:
        if (request.method, request.path) != ("GET", "/metrics"):
            refusal = Refusal(Code.NOT_FOUND, "this port has GET /metrics only")
            return problem_response(refusal, request.request_id)
        return Response(200, (("content-type", CONTENT_TYPE),), metrics.exposition())

    assert settings.metrics_port is not None
    async with open_front_door(
        host=settings.host, port=settings.metrics_port, handler=handle, sockets={}
    ):
        yield


def _tls_of(settings: Settings) -> TlsFiles | None:
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    return TlsFiles(certificate=settings.tls_certificate, key=settings.tls_key)
