"""The staff of the demo's night: at the door, at the tills, and there when somebody calls."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Final

import attrs
import trio

from lastlight.demo import night_plan as plan
from lastlight.demo.night_client import Person
from lastlight.demo.night_floor import VENUE_ID, Floor, now_text
from lastlight.demo.night_socket import Watcher

FLOAT_MINOR: Final = 50_000
CALLS_MAX: Final = 16


class Duty(enum.Enum):
    """Where a staff member stands."""

    DOOR = "door"
    TILL = "till"
    FLOOR = "floor"


@attrs.define(eq=False)
class StaffMember:
    """Clocks in, and goes where help is called for."""

    person: Person
    floor: Floor
    name: str
    duty: Duty = Duty.FLOOR
    _answered: set[str] = attrs.field(factory=set)

    async def live(self) -> None:
        """Work until the night ends; the person is signed in already."""
        here = plan.place_of(self.floor.dice, now=now_text())
        await self.person.post("/api/staff/clock-in", {"venue_id": VENUE_ID, "location": here})
        calls, heard = trio.open_memory_channel[str](CALLS_MAX)
        watcher = Watcher(
            person=self.person,
            url=self.floor.url,
            room=f"venue:{VENUE_ID}:staff",
            hear=lambda event: self.hear(event, calls),
        )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watcher.watch)
            if self.duty is Duty.DOOR:
                nursery.start_soon(self.keep_door)
            elif self.duty is Duty.TILL:
                nursery.start_soon(self.keep_till)
            async for incident_id in heard:
                await self.help(incident_id)

    def hear(self, event: Mapping[str, Any], calls: trio.MemorySendChannel[str]) -> None:
        """Notice a colleague's call, and who goes already."""
        self.floor.figures.hear(event)
        data = event["data"] or {}
        if event["type"] == "emergency.sos_acknowledged":
            self._answered.add(str(data["incident_id"]))
        elif event["type"] == "emergency.sos_resolved":
            self._answered.discard(str(data["incident_id"]))
        elif event["type"] == "emergency.sos_raised" and data["raised_by"] != self.person.user_id:
            try:
                calls.send_nowait(str(data["incident_id"]))
            except trio.WouldBlock:
                self.floor.figures.note(f"{self.name} can't hear another call", "alarm")

    async def help(self, incident_id: str) -> None:
        """Say that one goes, go, and say when it is over; unless a colleague was faster."""
        await self.floor.rest(3)
        if incident_id in self._answered:
            return
        path = f"/api/emergency/sos/{incident_id}/respond"
        if not (await self.person.post(path, {"action": "acknowledge"})).ok:
            return
        await self.floor.rest(4)
        await self.person.post(path, {"action": "on_scene"})
        await self.floor.rest(6)
        false_alarm = self.floor.dice.random() < 0.3
        await self.person.post(path, {"action": "false_alarm" if false_alarm else "resolve"})

    async def keep_door(self) -> None:
        """Show the code, know the guests, and tell the others what there is to be had."""
        self.floor.keep_door(self.person)
        await self.floor.meet_guests(self.person)
        while True:
            await self.floor.read_offer(self.person)
            await self.floor.rest(60)

    async def keep_till(self) -> None:
        """Take cash for credit."""
        said = {"drawer": f"till of {self.name}", "opening_float_minor": FLOAT_MINOR}
        await self.person.post("/api/staff/tills", said)
        async for wish in self.floor.till_queue.clone():
            paid_in = {
                "venue_id": VENUE_ID,
                "user_id": wish.user_id,
                "amount_minor": wish.amount_minor,
                "tender": "cash",
            }
            await self.person.post("/api/transactions/topup", paid_in)
            wish.paid.set()
            await self.floor.rest(2)

    async def call_for_help(self) -> None:
        """Press SOS once; now and then with a word on where."""
        dice = self.floor.dice
        place = plan.place_of(dice, now=now_text())
        said: dict[str, Any] = {"severity": dice.choice(("medium", "high")), "location": place}
        if dice.random() < 0.7:
            said["zone"] = dice.choice(("the bar", "the arcade", "the stairs", "karaoke 3"))
        await self.person.post("/api/emergency/sos", said)
