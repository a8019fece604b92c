"""Moves in which people lose what they had: a connection, a role, a login."""

from __future__ import annotations

from typing import Final

import attrs
import trio

from tests.night.listening import Listener
from tests.simulation.life import Life, move
from tests.simulation.moves import steps
from tests.simulation.night import KIND, NoStep
from tests.simulation.worlds import SECOND
from tests.twins.people import VENUE

ROLES: Final = (
    ("staff1", VENUE, "staff"),
    ("staff2", VENUE, "staff"),
    ("staff3", VENUE, "staff"),
    ("manager", VENUE, "management"),
    ("staff3", str(SECOND), "staff"),
    ("staff4", str(SECOND), "staff"),
    ("staff5", str(SECOND), "management"),
)
"""Who works where, as what."""


@move
async def connection_dropped(life: Life) -> None:
    """Somebody who listens is gone, others do something, and they are back."""
    listener = life.night.one(life.clients.listeners)
    _hang_up(life, listener, "connection dropped")
    await steps(life)
    await life.clients.come(listener, life.nursery)


@move
async def connection_dropped_meanwhile(life: Life) -> None:
    """Some who listen are gone and back, again and again, while events are on their way to them."""
    night = life.night
    async with trio.open_nursery() as nursery:
        nursery.start_soon(steps, life)
        for _ in range(night.one((1, 2, 4))):
            for _ in range(night.random.randint(1, 80)):
                await trio.lowlevel.checkpoint()
            listener = night.one(life.clients.listeners)
            _hang_up(life, listener, "connection dropped meanwhile")
            await trio.sleep(night.one((0, 0, 0.01, 1)))
            await life.clients.come(listener, life.nursery)


def _hang_up(life: Life, listener: Listener, fault: str) -> None:
    life.night.faults.met[fault] += listener.connected
    listener.hang_up()


@move
async def role_changed(life: Life) -> None:
    """Somebody works there no longer while they work, and does again."""
    night = life.night
    name, venue, role = night.one(ROLES)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(steps, life)
        for roles in ([], [role]):
            body = {"venue_id": venue, "roles": roles}
            KIND.set("give or take a role")
            try:
                worker, owner = await night.named(name), await night.owner()
                path = f"/api/users/{worker.user_id}/roles"
                await night.prove(owner)
                heard = await night.ask(owner, "PUT", path, body, again=False)
            except NoStep:
                continue
            night.faults.met["role changed"] += heard.status < 300


@move
async def token_lost(life: Life) -> None:
    """Somebody signs out everywhere, in the middle of things."""
    night = life.night
    async with trio.open_nursery() as nursery:
        nursery.start_soon(steps, life)
        KIND.set("sign out")
        try:
            patron = await night.patron()
            before = attrs.evolve(patron)
            body = {"all_devices": True}
            heard = await night.ask(patron, "POST", "/api/auth/logout", body, again=False)
        except NoStep:
            return
        if heard.status == 204:
            night.faults.met["token lost"] += 1
            night.ended.append(before)
