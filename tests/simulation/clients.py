"""Clients that listen and fold, over all their connections: whoever is back has the room as it is.

What a room's events come to is told from the journal, which nobody here reads otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import attrs
import msgspec
import trio

from protocol.addresses import Principal
from protocol.entries import Entry, RoomEvent, decode_entry, decode_message
from protocol.errors import Refusal
from protocol.messages import Message
from tests.night.listening import Listener, over_a_wire, truth_for
from tests.simulation import signing
from tests.simulation.disks import KeepingDisk
from tests.simulation.night import Night
from tests.simulation.worlds import SECOND
from tests.twins.people import VENUE, Someone

ROOMS: Final[Mapping[str, tuple[str, ...]]] = {
    "staff1": (f"venue:{VENUE}:staff",),
    "staff3": (f"venue:{VENUE}:staff", f"venue:{SECOND}:staff"),
    "manager": (f"venue:{VENUE}:management", f"venue:{VENUE}:patrons"),
    "owner": ("owner", f"venue:{VENUE}:owner", f"venue:{SECOND}:management"),
    "patron1": (f"venue:{VENUE}:patrons",),
    "patron2": (),
}
"""Who listens where, besides in their own room."""


@lru_cache(maxsize=20_000)
def entry_of(data: bytes) -> Entry:
    """An entry with its events, read once however often it is looked at."""
    return decode_entry(data)


@attrs.define(eq=False)
class Clients:
    """Everybody who listens tonight."""

    night: Night
    listeners: list[Listener] = attrs.field(factory=list)
    history: dict[str, dict[int, RoomEvent]] = attrs.field(factory=lambda: defaultdict(dict))
    sent: dict[UUID, Message] = attrs.field(factory=dict)
    """What actors sent: what of it is kept for the next node is the same."""
    _read: int = 0

    async def invite(self) -> None:
        """Everybody signs in."""
        for name, rooms in ROOMS.items():
            person = await self.night.named(name)
            self.listeners.append(Listener(person, (*rooms, f"user:{person.user_id}")))

    async def all_come(self, nursery: trio.Nursery) -> None:
        """Everybody connects who can get a token."""
        for listener in self.listeners:
            if not listener.connected:
                await self.come(listener, nursery)

    async def come(self, listener: Listener, nursery: trio.Nursery) -> None:
        """Somebody connects, with a token that counts if they can get one."""
        if await signing.renew(self.night, listener.person.name):
            listener.person = self.night.people[listener.person.name]
            await listener.connect(nursery)

    def all_leave(self) -> None:
        """The node is gone, and with it all connections."""
        for listener in self.listeners:
            listener.hang_up()

    def read_journal(self) -> None:
        """Take down what happened in rooms since the last time, and what is on its way."""
        disk = self.night.world.disk
        assert isinstance(disk, KeepingDisk)
        disk.remember()
        for data in disk.history[self._read :]:
            entry = entry_of(data)
            self.sent |= {message.id: message for message in entry.sends}
            for event in entry.events:
                for room, seq in event.rooms:
                    assert seq is not None
                    assert seq not in self.history[room], f"{room} has two events {seq}"
                    self.history[room][seq] = event
        self._read = len(disk.history)
        for id_, (_, kept) in self.night.world.database.sends.items():
            assert decode_message(kept) == self.sent[id_], f"kept otherwise than sent: {kept!r}"

    async def assert_rooms_are_as_they_are(self) -> None:
        """Whoever is connected, and the node itself, have each room as its events have it."""
        self.read_journal()
        for room, events in self.history.items():
            assert sorted(events) == list(range(1, len(events) + 1)), room
        for listener in self.listeners:
            listener.take_in()
            if not listener.connected:
                continue
            for room, place in listener.places.items():
                if not place.live:
                    # Only of this room, or because the token has ended, which tells no room.
                    refused = listener.refused.keys() & {room, ""}
                    assert refused, f"{listener.person.name} waits for {room}"
                    continue
                who = f"{listener.person.name} in {room}"
                events = self.history.get(room, {})
                assert place.seq == len(events), f"{who} is at {place.seq} of {len(events)}"
                self.night.operations["OpenSocket"] += 1
                happened = [events[seq] for seq in sorted(events)]
                truth = over_a_wire(truth_for(listener.person.user_id, room, happened))
                assert over_a_wire(place.view) == truth, who

    async def assert_told_the_same(self) -> None:
        """Who comes anew is told what all that happened up to there comes to."""
        for listener in self.listeners:
            for room, place in listener.places.items():
                if listener.connected and place.live:
                    known = len(self.history.get(room, {}))
                    seq, told = await self._told(listener.person, room)
                    # Whoever types a password again may take a second, in which things happen.
                    self.read_journal()
                    events = self.history.get(room, {})
                    assert known <= seq <= len(events), f"{room} stands at {seq}"
                    happened = [events[n] for n in range(1, seq + 1)]
                    assert told == over_a_wire(
                        truth_for(listener.person.user_id, room, happened)
                    ), room

    async def _told(self, person: Someone, room: str) -> tuple[int, Any]:
        services = self.night.house.services
        who = await services.authenticate(person.token)
        if not isinstance(who, Principal):
            await signing.renew(self.night, person.name)
            who = await services.authenticate(person.token)
        assert isinstance(who, Principal)
        found = await services.resume(who, room, None, None, snapshots=True)
        assert not isinstance(found, Refusal), found
        assert found.snapshot is not None
        return found.seq, msgspec.json.decode(found.snapshot.body)["view"]
