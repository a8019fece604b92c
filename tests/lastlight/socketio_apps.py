"""The stock `socket.io-client` from npm and a stage with a log of one room, for tests of both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import attrs
import trio

from lastlight.realtime.services import Resumption
from protocol.addresses import Principal
from protocol.entries import RoomEvent
from protocol.errors import Refusal
from protocol.limits import SOCKET_PING_S, SOCKET_PONG_S
from tests.clients.javascript import HERE, Ended, Script, open_script
from tests.lastlight.realtime_kit import STAFF_ROOM, event, principal
from tests.lastlight.socketio_kit import IoStage, an_io_stage
from tests.system.cutting import Cutter, open_cutter

HEARD_S: Final = 2 * (SOCKET_PING_S + SOCKET_PONG_S)
"""A client whose polling is paused for an upgrade that then fails notices by a missing ping alone.
Generous: a machine may have other things to do than a client and its node."""
WAYS: Final[dict[str, dict[str, Any]]] = {
    "default": {},
    "websocket": {"transports": ["websocket"]},
    "polling": {"transports": ["polling"]},
}


@attrs.define(kw_only=True)
class Log:
    """The staff's room, which keeps all its events; nothing happens in others."""

    stage: IoStage
    events: list[RoomEvent] = attrs.field(factory=list)

    def add(self) -> None:
        """Something happens."""
        seq = len(self.events) + 1
        self.events.append(event(seq, seq))
        self.stage.hub.publish(self.events[-1])

    async def resume(
        self,
        principal: Principal,
        room: str,
        after_seq: int | None,
        epoch: str | None,
        *,
        snapshots: bool,
    ) -> Resumption | Refusal:
        """Where it stands, as the application tells it."""
        if room != STAFF_ROOM:
            return Resumption(epoch="e", seq=0)
        after = len(self.events) if after_seq is None else after_seq
        return Resumption(epoch="e", seq=len(self.events), events=tuple(self.events[after:]))


@attrs.define
class Apps:
    """Clients in a process of Node. What they say is kept by their names."""

    script: Script
    said: dict[str, list[dict[str, Any]]] = attrs.field(factory=dict)

    async def read(self) -> None:
        """Take in what they say."""
        while True:
            try:
                line = await self.script.hear(within_s=600)
            except Ended:
                return
            self.said.setdefault(line.pop("app"), []).append(line)

    async def tell(self, what: str, app: str, **more: Any) -> None:
        """Tell one something."""
        await self.script.say({"do": what, "app": app, **more})

    def of(self, app: str, key: str) -> list[Any]:
        """What one has said of a kind."""
        return [line[key] for line in self.said.get(app, []) if key in line]

    async def wait(self, condition: Callable[[], bool]) -> None:
        """Until something was said.

        Raises:
            trio.TooSlowError: it was not.
        """
        with trio.move_on_after(HEARD_S):
            while not condition():  # noqa: ASYNC110 - another process sets no event here
                await trio.sleep(0.005)
            return
        lately = {app: lines[-6:] for app, lines in [*self.said.items()][-1:]}
        raise trio.TooSlowError(f"{lately} {self.script.errors()}")

    def is_connected(self, app: str) -> bool:
        """Whether one was connected when it last said anything of it."""
        told = [line for line in self.said.get(app, []) if line.keys() & {"connect", "disconnect"}]
        return bool(told) and "connect" in told[-1]

    def seqs(self, app: str) -> list[int]:
        """The places that one has heard, in order."""
        return [told["seq"] for told in self.of(app, "event") if "seq" in told]


@asynccontextmanager
async def open_apps() -> AsyncIterator[Apps]:
    """A process for clients."""
    async with open_script(HERE / "socketio.ts") as script, trio.open_nursery() as nursery:
        apps = Apps(script)
        nursery.start_soon(apps.read)
        yield apps
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def an_evening() -> AsyncIterator[tuple[IoStage, Log, Apps, Cutter]]:
    """A stage with a log, apps, and a network between them."""
    with trio.fail_after(4 * HEARD_S):
        async with (
            an_io_stage(patience_s=4 * HEARD_S) as stage,
            open_apps() as apps,
            open_cutter(stage.door.port) as net,
        ):
            log = Log(stage=stage)
            stage.people |= {str(n): principal(n) for n in range(100, 1_000)}
            stage.resumer = log.resume
            yield stage, log, apps, net
