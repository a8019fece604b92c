"""Moves in which people lose what they had: a connection, a role, a login."""

from __future__ import annotations

import attrs
import trio

from tests.simulation.life import Life, move
from tests.simulation.moves import steps
from tests.simulation.night import KIND, NoStep
from tests.twins.people import VENUE


@move
async def connection_dropped(life: Life) -> None:
    """Somebody who listens is gone, others do something, and they are back."""
    listener = life.night.one(life.clients.listeners)
    listener.hang_up()
    life.night.faults.met["connection dropped"] += 1
    await steps(life)
    await life.clients.come(listener, life.nursery)


@move
async def role_changed(life: Life) -> None:
    """Somebody is staff no longer while they work, and is again."""
    night = life.night
    async with trio.open_nursery() as nursery:
        nursery.start_soon(steps, life)
        for roles in ([], ["staff"]):
            body = {"venue_id": VENUE, "roles": roles}
            KIND.set("give or take a role")
            try:
                staff, owner = await night.named("staff2"), await night.owner()
                path = f"/api/users/{staff.user_id}/roles"
                await night.prove(owner)
                await night.ask(owner, "PUT", path, body, again=False)
            except NoStep:
                continue
            night.faults.met["role changed"] += 1


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
        night.faults.met["token lost"] += 1
        if heard.status == 204:
            night.ended.append(before)
