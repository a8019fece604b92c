"""A second venue of the house, and those who work there and nowhere else."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from lastlight.auth.tokens import Grant, Tokens
from lastlight.demo.ids import Kind, demo_id
from lastlight.demo.place import demo_venue
from protocol.addresses import ActorKind, Address, Role
from protocol.entries import Entry, encode_entry
from protocol.journal import Urgency
from tests.twins.nodes import World
from tests.twins.people import Someone
from tests.twins.whole import SECRETS, LastLight, copy_of, open_memory_last_light

SECOND: Final = demo_id(Kind.VENUE, 2)


async def with_second_venue(founded_world: World) -> World:
    """A copy of a world, with one venue more."""
    world = copy_of(founded_world)
    venue = demo_venue(world.clock.now()).evolve(id=SECOND, name="Last Light Second")
    address = Address(ActorKind.VENUE, SECOND)
    entry = Entry(actor=address, at=world.clock.now(), cause=None, changes=(venue,))
    async with open_memory_last_light(world) as house:
        house.journal.append_nowait(encode_entry(entry), urgency=Urgency.COMMAND)
        await house.wait_flushed()
    return world


def from_second(house: LastLight, role: Role) -> Someone:
    """Somebody with a role at the second venue and no other."""
    user_id = demo_id(Kind.USER, 7)
    return with_role(house, user_id, role, SECOND)


def with_role(house: LastLight, user_id: UUID, role: Role, venue_id: UUID) -> Someone:
    """Somebody whose token says that they have a role at one venue and no other."""
    grant = Grant(
        user_id=user_id,
        display_name="Elsewhere",
        roles={venue_id: role},
        everywhere=Role.PATRON,
        token_version=1,
        family_id=UUID(int=7),
    )
    token = Tokens(SECRETS.keys).issue(grant, now=house.world.clock.now())
    return Someone(
        house=house, name=role.label, user_id=str(user_id), token=token, refresh_token=""
    )
