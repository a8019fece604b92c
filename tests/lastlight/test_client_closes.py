"""What the reference client makes of a connection that the server ends under way.

It comes again by itself, and no event is missing or shown twice: too slow (4408), too many messages
(4429). What it does after 4403 stands in tests/system/test_rights_to_rooms.py.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import attrs
import trio

from lastlight.front_door import SocketEndpoint, open_front_door
from lastlight.realtime.connection import SUBPROTOCOL, serve_realtime
from lastlight.realtime.services import Resumption, Services
from lastlight.web.http import Request, Response
from protocol.addresses import Principal
from protocol.entries import RoomEvent
from protocol.errors import Refusal
from protocol.folding import table_as_json
from protocol.limits import SOCKET_MESSAGES_BURST
from tests.lastlight.realtime_kit import STAFF_ROOM, Stage, event, principal, user
from tests.system.guests import Person
from tests.system.phones import Phone, Phones, open_phones

LARGE: Final = 20_000
PATIENCE_S: Final = 60
ME: Final = Person(name="me", user_id=str(user(1)), token="1", signed_in_at=time.monotonic())


@attrs.define(kw_only=True)
class Evening(Stage):
    """A stage whose one room keeps all its events."""

    url: str = ""
    events: list[RoomEvent] = attrs.field(factory=list)

    def add(self, *, size: int = 0) -> None:
        """Something happens."""
        seq = len(self.events) + 1
        self.events.append(event(seq, seq, size=size))
        self.hub.publish(self.events[-1])

    async def resume(
        self,
        principal: Principal,
        room: str,
        after_seq: int | None,
        epoch: str | None,
        *,
        snapshots: bool,
    ) -> Resumption | Refusal:
        """From any place, all that followed it."""
        after = len(self.events) if after_seq is None else after_seq
        return Resumption(epoch="e", seq=len(self.events), events=tuple(self.events[after:]))

    async def answer(self, request: Request) -> Response:
        """The document that a client folds by."""
        told = json.dumps({"x-fold": table_as_json()}).encode()
        return Response(200, (("content-type", "application/json"),), told)


@asynccontextmanager
async def an_evening() -> AsyncIterator[tuple[Evening, Phones, Phone]]:
    """A stage, and a phone in its room."""
    stage = Evening(people={"1": principal(1)})
    services = Services(
        authenticate=stage.authenticate, resume=stage.resume, command=stage.command,
        now=lambda: datetime.now(UTC), attendance=stage.attending,
    )  # fmt: skip
    endpoint = SocketEndpoint(lambda s: serve_realtime(s, stage.hub, services), SUBPROTOCOL)
    with trio.fail_after(PATIENCE_S):
        async with (
            open_front_door(
                host="127.0.0.1", port=0, handler=stage.answer, sockets={"/ws": endpoint}
            ) as door,
            open_phones() as phones,
        ):
            phone = phones.phone("a")
            await phone.open(f"http://127.0.0.1:{door.port}", ME)
            await phone.wait_state("open")
            assert await phone.join(STAFF_ROOM) is None
            yield stage, phones, phone


def _seqs(phone: Phone) -> list[Any]:
    return [shown["seq"] for shown in phone.events]


async def test_a_phone_that_sleeps_too_long_is_cut_off_and_then_has_everything() -> None:
    """4408: its process stands still, as that of an app in a pocket does. Rule 17 slow."""
    async with an_evening() as (stage, phones, phone):
        stage.add()
        await phone.wait_events(1)
        (member,) = stage.hub._members
        phones.signal(signal.SIGSTOP)
        while member.outbox.close_code is None:
            stage.add(size=LARGE)
            await trio.lowlevel.checkpoint()
        assert member.outbox.close_code == 4408
        phones.signal(signal.SIGCONT)
        await phone.wait_events(len(stage.events))
        assert _seqs(phone) == list(range(1, len(stage.events) + 1))
        assert "waiting" in phone.states
        assert phone.states[-1] == "open"


async def test_a_phone_that_says_too_much_waits_and_then_has_everything() -> None:
    """4429: it comes again after half a minute, or at once when its user looks at it."""
    async with an_evening() as (stage, _, phone):
        await phone.do("wake", times=SOCKET_MESSAGES_BURST + 20)
        await phone.wait_state("waiting")
        # The phone knows of it a moment before the node has let go of it.
        while stage.hub.statistics().connections:
            await trio.lowlevel.checkpoint()
        stage.add()
        await phone.do("wake")
        await phone.wait_events(1)
        assert _seqs(phone) == [1]
        assert await phone.do("command", name="Do", data={}) == {"done": "Do"}
