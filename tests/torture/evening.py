"""An evening that is hurt: guests who do one thing after another, an alarm, and who listens.

Every second guest says over a socket what the others ask for over HTTP. What anybody was told is
kept, so that the oracle can hold the node to it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import attrs
import httpx
import trio

from tests.system.guests import VENUE, Front, Person
from tests.system.harness import NodeProcess, wait_until
from tests.system.load import ASK_AGAIN_S, SETTLED_S, Act, Guest, gather
from tests.torture.harm import Harm, Scene
from tests.torture.memory import WALLET, Memory, RememberingFront
from tests.torture.places import Place
from tests.torture.socket_front import open_socket_front
from tests.torture.stored import Store
from tests.torture.watchers import Watcher

RAISER: Final = "staff5"
HELPER: Final = "staff4"
SOS: Final = "/api/emergency/sos"
ALARM_S: Final = 2.0
LOOKS_S: Final = (0.05, 0.5)
"""How long it is until somebody looks into their wallet, or opens a till again."""
WELL_S: Final = 90.0
JOINED_S: Final = 30.0


@attrs.define(kw_only=True, eq=False)
class Evening:
    """A node, and all who have to do with it. Made by `open_evening`."""

    node: NodeProcess
    front: RememberingFront
    store: Store
    place: Place
    dice: random.Random
    guests: list[Guest]
    watchers: list[Watcher] = attrs.field(factory=list)
    alarms: list[Act] = attrs.field(factory=list)
    """Those of this cycle."""
    done: Counter[str] = attrs.field(factory=Counter)
    """What was done to the node, by its name, and how often."""
    cut: int = 0
    """What was under way when the node went away or its user gave up: it may have happened."""

    @property
    def acts(self) -> list[Act]:
        """All that anybody has asked for."""
        return [*(act for guest in self.guests for act in guest.acts), *self.alarms]

    def person(self, name: str) -> Person:
        """Somebody with the token that they have now."""
        return self.front.known[name]

    async def renew(self) -> None:
        """Give everybody a token that lives for as long as a cycle."""
        await self.front.sign_in_all(*self.front.known)
        for guest in self.guests:
            guest.person = self.person(guest.person.name)
            guest.cashier = self.person(guest.cashier.name)
        for act in self.acts:
            act.by = self.person(act.by.name)

    async def be_hurt(self, harm: Harm) -> None:
        """Let people do what they do, and the node be harmed meanwhile; it is up afterwards."""
        code = await self.front.door_code()
        self.alarms = []
        async with trio.open_nursery() as nursery:
            for number, guest in enumerate(self.guests):
                nursery.start_soon(self._stay, guest, code, number % 2 == 1)
            nursery.start_soon(self._raise_alarm)
            nursery.start_soon(self._look_into_wallets)
            nursery.start_soon(self._open_tills_again)
            await harm.do(Scene(node=self.node, place=self.place, dice=self.dice, done=self.done))
            # Who still waits gives up: a phone whose user has put it away.
            nursery.cancel_scope.cancel()
        self.cut += sum(guest.pending is not None for guest in self.guests)
        if self.node.process.poll() is not None:
            await self.node.start()

    async def _stay(self, guest: Guest, code: str, by_socket: bool) -> None:
        if not by_socket:
            await guest.stay(self.front, code)
            return
        async with open_socket_front(self.front) as front:
            await guest.stay(RememberingFront.of(front, self.front.memory), code)

    async def _look_into_wallets(self) -> None:
        """What is seen there in the middle of everything has to be what it was at that moment."""
        while True:
            await trio.sleep(self.dice.uniform(*LOOKS_S))
            with suppress(httpx.TransportError):
                await self.front.send(self.dice.choice(self.guests).person, "GET", WALLET)

    async def _open_tills_again(self) -> None:
        """Cashiers ask for what they have: refused, and for that reason."""
        while True:
            await trio.sleep(self.dice.uniform(*LOOKS_S))
            by = self.dice.choice(self.guests).cashier
            till = {"drawer": by.name, "opening_float_minor": 10_000}
            with suppress(httpx.TransportError):
                await self.front.send(by, "POST", "/api/staff/tills", till)

    async def settle(self) -> None:
        """Until the node misses nothing, and everybody knows what came of what they asked for."""
        await wait_until(self._is_well, within_s=WELL_S)
        async with trio.open_nursery() as nursery:
            for guest in self.guests:
                nursery.start_soon(guest.settle, self.front)
        for alarm in self.alarms:
            await self._send(alarm)
            if "incident_id" in alarm.answer:
                await self._respond(alarm.answer["incident_id"])

    async def _is_well(self) -> bool:
        try:
            status, body = await self.node.readiness()
        except httpx.TransportError:
            return False
        return status == 200 and body["status"] == "ok"

    async def _raise_alarm(self) -> None:
        await trio.sleep(self.dice.uniform(0, ALARM_S))
        by = self.person(RAISER)
        self.alarms = [Act(kind="sos", by=by, path=SOS, body={"venue_id": VENUE})]
        try:
            response = await self.alarms[0].send(self.front)
        except httpx.TransportError:
            return
        self.alarms[0].note(response)

    async def _send(self, act: Act) -> None:
        with trio.fail_after(SETTLED_S):
            while not act.answered:
                act.note(await act.send(self.front))
                if not act.answered:
                    await trio.sleep(ASK_AGAIN_S)
        assert act.done, f"{act.kind} of {act.by.name} was answered with {act.answer}"

    async def _respond(self, incident_id: str) -> None:
        """End an alarm that is there; whoever was told of one finds it."""
        helper, path = self.person(HELPER), f"{SOS}/{incident_id}/respond"
        for action in ("acknowledge", "resolve"):
            await self.front.need(200, helper, "POST", path, {"action": action})


@asynccontextmanager
async def open_evening(
    node: NodeProcess, front: Front, place: Place, dice: random.Random, *, guests: int
) -> AsyncIterator[Evening]:
    """People on a running node: cashiers behind their tills, and listeners in their rooms."""
    memory = Memory()
    front = RememberingFront.of(front, memory)
    await front.sign_in_all("manager", "owner", RAISER, HELPER, "staff1")
    evening = Evening(
        node=node,
        front=front,
        store=Store.of(node.data_dir / "journal", memory),
        place=place,
        dice=dice,
        guests=await gather(front, dice, first=1, count=guests, cashiers=3),
    )
    ears = [(guest.person.name, f"user:{guest.person.user_id}") for guest in evening.guests]
    ears += [
        (name, f"venue:{VENUE}:{part}")
        for name, part in (("staff1", "staff"), ("manager", "management"), ("owner", "owner"))
    ]
    evening.watchers += [
        Watcher(
            url=node.url,
            who=lambda name=name: evening.person(name),  # type: ignore[misc]
            room=room,
            dice=random.Random(dice.random()),
        )
        for name, room in ears
    ]
    async with trio.open_nursery() as nursery:
        for watcher in evening.watchers:
            nursery.start_soon(watcher.watch)
        with trio.fail_after(JOINED_S):
            for watcher in evening.watchers:
                await watcher.joined.wait()
        yield evening
        nursery.cancel_scope.cancel()
