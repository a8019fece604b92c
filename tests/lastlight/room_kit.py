"""A room whose database a test holds up: durable before it is published, forgotten, or away."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import attrs
import trio

from lastlight.realtime.backlog import Backlog
from lastlight.realtime.resuming import Resumer
from lastlight.realtime.services import Resumption
from protocol.entries import RoomEvent
from protocol.errors import Refusal
from protocol.folding import RoomView
from storage.postgres.reading import StaleRead
from storage.postgres.room_views import KeptView
from tests.lastlight.realtime_kit import NOW, VENUE, principal, user

ME = principal(1)
MINE = f"user:{user(1)}"
HOUSE = f"venue:{VENUE}:staff"


def item(seq: int, room: str, **more: Any) -> RoomEvent:
    """One of three items changes."""
    data = {"item_id": f"z{seq % 3}", "available": True, "price_minor": seq, "version": seq}
    return RoomEvent(
        id=UUID(int=seq), type="inventory.item_updated", venue_id=VENUE, occurred_at=NOW,
        data=data, rooms=((room, seq),), **more,
    )  # fmt: skip


def fleeting(n: int, room: str) -> RoomEvent:
    """The newest of a type is enough."""
    return RoomEvent(
        id=UUID(int=n), type="revenue.tick", venue_id=VENUE, occurred_at=NOW, data={"n": n},
        rooms=((room, None),),
    )  # fmt: skip


def view_of(events: Sequence[RoomEvent], room: str) -> RoomView:
    """What events come to."""
    view = RoomView()
    for event in events:
        view = view.after(event, room)
    return view


@attrs.define(eq=False)
class House:
    """A room's database, whose events may be durable before they are published, or long gone."""

    room: str = MINE
    backlog: Backlog = attrs.field(factory=Backlog)
    stored: list[RoomEvent] = attrs.field(factory=list)
    forgotten: int = 0
    """Events up to this one are in the kept view only."""
    away: bool = False
    asked: list[str] = attrs.field(factory=list)
    before_answer: Any = None

    def happen(self, count: int = 1, *, published: bool = True) -> None:
        """Events become durable, and are published or not yet."""
        for _ in range(count):
            event = item(len(self.stored) + 1, self.room)
            self.stored.append(event)
            if published:
                self.backlog.add(event)

    async def _answer(self, what: str) -> None:
        self.asked.append(what)
        await trio.lowlevel.checkpoint()
        if self.away:
            raise StaleRead("the twin is away")

    async def last_seq(self, room: str) -> int:
        await self._answer("last_seq")
        return len(self.stored)

    async def missed(self, room: str, after_seq: int, most: int) -> Sequence[RoomEvent]:
        await self._answer("missed")
        return self.stored[max(after_seq, self.forgotten) :][:most]

    async def view(self, room: str) -> KeptView:
        await self._answer("view")
        read = KeptView(len(self.stored), view_of(self.stored, room))
        if self.before_answer is not None:
            self.before_answer()
        return read

    def resumer(self) -> Resumer:
        return Resumer(
            backlog=self.backlog, epoch=lambda: "e1", wait_ready=trio.lowlevel.checkpoint,
            venue_known=lambda id_: id_ == VENUE, last_seq=self.last_seq, missed=self.missed,
            view=self.view,
        )  # fmt: skip

    async def resume(
        self, after_seq: int | None = None, epoch: str | None = "e1", *, snapshots: bool = True
    ) -> Resumption | Refusal:
        return await self.resumer().resume(
            ME, self.room, after_seq, epoch, snapshots=snapshots
        )  # fmt: skip

    async def stands(self, after_seq: int | None = None, epoch: str | None = "e1") -> Any:
        """The items of the snapshot that is given, and its place."""
        found = await self.resume(after_seq, epoch)
        assert isinstance(found, Resumption)
        assert found.snapshot is not None
        assert found.events == ()
        told = json.loads(bytes(found.snapshot.body))
        assert told["view"] == view_of(self.stored[: found.seq], self.room).shown
        return found.seq, told

    async def followed(self, after_seq: int) -> list[int]:
        """The numbers of the events that are given."""
        found = await self.resume(after_seq)
        assert isinstance(found, Resumption)
        assert found.snapshot is None
        numbers = [dict(event.rooms)[self.room] for event in found.events]
        assert found.seq == (numbers[-1] if numbers else after_seq)
        return [number for number in numbers if number is not None]
