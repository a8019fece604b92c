"""Clients that come and go on random nights: whoever is back has the room as it is (Rule 17)."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import attrs
import msgspec
import pytest
import trio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from lastlight.realtime.resuming import seq_in
from protocol.addresses import Principal
from protocol.entries import RoomEvent
from tests.night.listening import Listener, over_a_wire, truth_for
from tests.simulation import signing
from tests.simulation.night import KIND, Night, NoStep
from tests.simulation.play import NAMES
from tests.simulation.workload.steps import STEPS
from tests.twins.nodes import World
from tests.twins.people import VENUE, Someone
from tests.twins.room_views import MemoryRoomViews
from tests.twins.whole import LastLight, copy_of, open_memory_last_light

ROOMS: Final[Mapping[str, tuple[str, ...]]] = {
    "staff1": ("staff",),
    "staff2": ("staff", "patrons"),
    "manager": ("staff", "management"),
    "owner": ("owner", "management"),
    "patron1": ("patrons",),
    "patron2": (),
}
"""Who listens where, besides in their own room; the owner is in that of all owners too."""
STEPS_AT_ONCE: Final = 6
SETTLED_S: Final = 5
FOUR_DAYS: Final = timedelta(days=4)


@attrs.define(eq=False)
class Evening:
    """A night with listeners. `history` is all that ever happened, also what is forgotten."""

    night: Night
    nursery: trio.Nursery
    history: dict[str, dict[int, RoomEvent]] = attrs.field(factory=dict)
    listeners: list[Listener] = attrs.field(factory=list)

    @property
    def house(self) -> LastLight:
        """The node that runs."""
        return self.night.house

    def views(self) -> MemoryRoomViews:
        """What is kept of rooms."""
        return MemoryRoomViews(database=self.house.world.database, now=lambda: self.night.now)

    def harvest(self) -> None:
        """Take down what the outbox has, before it forgets."""
        views = self.views()
        for room in views.database.cursors:
            for event in views.events(room):
                self.history.setdefault(room, {})[seq_in(event, room)] = event

    async def settle(self) -> None:
        """Wait until all that happened is durable, told, and in the database."""
        share, self.night.faults.share = self.night.faults.share, 0.0
        await trio.sleep(SETTLED_S)
        while True:
            await self.house.wait_flushed()
            await wait_all_tasks_blocked()
            if self.house.write_behind.flushed == self.house.journal.last:
                break
        self.night.faults.share = share
        self.harvest()

    async def look(self) -> None:
        """Whoever is connected, and the node itself, have each room as its events have it."""
        await self.settle()
        for listener in self.listeners:
            listener.take_in()
            if not listener.connected:
                continue
            for room, place in listener.places.items():
                if not place.live:
                    assert listener.refused, f"{listener.person.name} waits for {room}"
                    continue
                events = self.history.get(room, {})
                assert sorted(events) == list(range(1, len(events) + 1)), room
                assert place.seq == len(events), f"{listener.person.name} in {room}"
                happened = [events[seq] for seq in sorted(events)]
                truth = truth_for(listener.person.user_id, room, happened)
                assert over_a_wire(place.view) == over_a_wire(truth), (
                    f"{listener.person.name} in {room}"
                )
                assert await self._told(listener.person, room) == over_a_wire(truth)

    async def _told(self, person: Someone, room: str) -> Any:
        """What the node would tell who comes anew."""
        services = self.house.services
        who = await services.authenticate(person.token)
        if not isinstance(who, Principal):
            await signing.renew(self.night, person.name)
            who = await services.authenticate(person.token)
        assert isinstance(who, Principal)
        found = await services.resume(who, room, None, None, snapshots=True)
        return msgspec.json.decode(found.snapshot.body)["view"]  # type: ignore[union-attr]

    async def come(self, listener: Listener) -> None:
        """Somebody connects, with a token that counts if they can get one."""
        if await signing.renew(self.night, listener.person.name):
            await listener.connect(self.nursery)


async def _happen(evening: Evening) -> None:
    """Some things happen."""
    night = evening.night
    for name in night.random.choices(NAMES, k=STEPS_AT_ONCE):
        KIND.set(name)
        try:
            await STEPS[name][1](night)
        except NoStep:
            night.say(f"nothing to {name} with")


async def _call(evening: Evening) -> None:
    """Staff call, silently or not, and somebody comes."""
    night = evening.night
    staff = await night.staff()
    raised = await night.ask(staff, "POST", "/api/emergency/sos", {"silent": night.perhaps(0.6)})
    if raised.status in {200, 201} and night.perhaps(0.7):
        path = f"/api/emergency/sos/{raised.body['incident_id']}/respond"
        for action in ("acknowledge", "resolve"):
            if night.perhaps(0.7):
                await night.ask(await night.worker(), "POST", path, {"action": action})


async def _drop(evening: Evening) -> None:
    """Somebody is gone."""
    evening.night.one(evening.listeners).hang_up()


async def _return(evening: Evening) -> None:
    """Somebody is back; all is well at once."""
    await evening.come(evening.night.one(evening.listeners))
    await evening.look()


async def _return_alone(evening: Evening) -> None:
    """Somebody is back while the database is away: told what is here, or to ask again."""
    database = evening.night.world.database
    listener = evening.night.one(evening.listeners)
    if not await signing.renew(evening.night, listener.person.name):
        return
    await evening.settle()
    database.away = True
    await listener.connect(evening.nursery)
    await trio.sleep(10)
    database.away = False
    await evening.come(listener)
    await evening.look()


async def _sleep(evening: Evening) -> None:
    """Hours pass; tokens end, and with them connections."""
    night = evening.night
    await trio.sleep(60 * night.one((5, 30, 120)))


async def _forget(evening: Evening) -> None:
    """Three days of events are gone, and the views are kept."""
    await evening.settle()
    later = attrs.evolve(evening.views(), now=lambda: evening.night.now + FOUR_DAYS)
    while await later.keep():
        pass
    await later.forget_events()


async def _lose_token(evening: Evening) -> None:
    """Somebody signs out elsewhere."""
    night, listener = evening.night, evening.night.one(evening.listeners)
    await night.ask(listener.person, "POST", "/api/auth/logout", {}, again=False)


async def _change_role(evening: Evening) -> None:
    """Somebody is staff no longer, or again."""
    night = evening.night
    owner, staff = await night.owner(), night.one(evening.listeners[:2]).person
    await night.prove(owner)
    body = {"venue_id": VENUE, "roles": ["staff"] if night.perhaps(0.5) else []}
    await night.ask(owner, "PUT", f"/api/users/{staff.user_id}/roles", body, again=False)


async def _lose_commits(evening: Evening) -> None:
    """Some of what happens is taken back by a failing disk."""
    evening.night.faults.share = 0.2
    await _happen(evening)
    evening.night.faults.share = 0.0


MOVES: Final[Mapping[str, Callable[[Evening], Awaitable[None]]]] = {
    "happen": _happen,
    "call": _call,
    "drop": _drop,
    "return": _return,
    "return alone": _return_alone,
    "sleep": _sleep,
    "forget": _forget,
    "lose a token": _lose_token,
    "change a role": _change_role,
    "lose commits": _lose_commits,
}
CRASH: Final = "crash"
_MOVE: Final = st.sampled_from([*MOVES, CRASH, "return", "happen"])


@asynccontextmanager
async def _an_evening(night: Night, listeners: list[Listener]) -> AsyncIterator[Evening]:
    """One life of the node; everybody's client is gone when it ends."""
    async with open_memory_last_light(night.world, hooks=night.faults) as house:
        night.move_to(house)
        async with trio.open_nursery() as nursery:
            yield Evening(night, nursery, listeners=listeners)
            for listener in listeners:
                listener.hang_up()
            nursery.cancel_scope.cancel()


async def _play(world: World, seed: int, moves: list[str], met: Counter[str]) -> None:
    night = Night.of(seed, world)
    listeners: list[Listener] = []
    history: dict[str, dict[int, RoomEvent]] = {}
    lives: list[list[str]] = [[]]
    for move in moves:
        lives[-1].append(move)
        if move == CRASH:
            lives.append([])
    for number, life in enumerate(lives):
        async with _an_evening(night, listeners) as evening:
            evening.history = history
            if not number:
                await _invite(evening)
            for listener in night.random.sample(listeners, k=3):
                await evening.come(listener)
            await evening.look()
            for move in life:
                night.say(f"-- {move}")
                if move != CRASH:
                    await MOVES[move](evening)
            if number == len(lives) - 1:
                for listener in listeners:
                    await evening.come(listener)
                await evening.look()
                assert sum(listener.connected for listener in listeners) >= 3
                met["snapshots"] += sum(listener.snapshots for listener in listeners)
                met["resumed"] += sum(listener.resumed for listener in listeners)


async def _invite(evening: Evening) -> None:
    """Everybody signs in, once."""
    for name, audiences in ROOMS.items():
        person = await evening.night.named(name)
        rooms = [f"venue:{VENUE}:{audience}" for audience in audiences]
        rooms += ["owner"] * (name == "owner") + [f"user:{person.user_id}"]
        evening.listeners.append(Listener(person, tuple(rooms)))


@pytest.fixture(autouse=True, scope="module")
def _the_same_order_each_time() -> Iterator[None]:
    """Tasks take their turns in an order that follows from the seed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trio._core._run, "_ALLOW_DETERMINISTIC_SCHEDULING", True)
        yield


def test_whoever_is_back_has_the_room_as_it_is(founded_world: World) -> None:
    """Whatever happened while a client was away, and to the node, and to who it is.

    Both ways lead back: events, and snapshots where events do not. Rule 17 resume.
    """

    @given(seed=st.integers(0, 10_000), moves=st.lists(_MOVE, min_size=4, max_size=12))
    @settings(
        max_examples=12, deadline=None, suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a night is too long to shrink
    )  # fmt: skip
    def play(seed: int, moves: list[str]) -> None:
        trio._core._run._r.seed(seed)
        clock = MockClock(autojump_threshold=0)
        trio.run(_play, copy_of(founded_world), seed, moves, met, clock=clock)

    met: Counter[str] = Counter()
    play()
    assert met["snapshots"] > met["resumed"] // 10 > 0
