"""Telephones for nights in memory: a crew with a number each, and ways that do as told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import attrs
import trio

from lastlight.integrations.notifications.contacts import Contacts
from lastlight.integrations.notifications.deliveries import DeliveryLog
from lastlight.integrations.notifications.delivering import Delivering
from lastlight.integrations.notifications.following import Following
from lastlight.integrations.notifications.lane import Lane
from lastlight.integrations.notifications.notifier import Notifier
from lastlight.integrations.notifications.port import Channel
from protocol.records.platform import NotificationDelivery
from protocol.records.users import User
from tests.twins.nodes import World
from tests.twins.people import Someone, ask, go_on_duty, sign_in
from tests.twins.reaching import MemoryReaching, MemoryWay
from tests.twins.whole import LastLight, open_memory_last_light

SOS: Final = "/api/emergency/sos"
STAFF_PHONE: Final = "+819000000001"
MANAGER_PHONE: Final = "+819000000002"
OWNER_PHONE: Final = "+819000000003"


@attrs.define(eq=False)
class Phones:
    """What telephones of people showed, and by which way; `at` is trio's time."""

    book: MemoryReaching
    ways: dict[Channel, MemoryWay] = attrs.field(
        factory=lambda: {channel: MemoryWay() for channel in Channel}
    )

    def heard(self, channel: Channel) -> list[str]:
        """Targets of a way, in order."""
        return [target for target, _ in self.ways[channel].taken]

    @property
    def notes(self) -> list[NotificationDelivery]:
        return self.book.notes


@asynccontextmanager
async def open_phones(
    world: World,
    house: LastLight,
    *,
    away: tuple[Channel, ...] = (),
    followed: tuple[Channel, ...] = (),
) -> AsyncIterator[Phones]:
    """Let messages of a node go through providers in memory, but for those that are `away`.

    Of those that are `followed` it is asked what became of letters.
    """
    phones = Phones(MemoryReaching(world.database))
    notes = DeliveryLog(book=phones.book)
    contacts = Contacts(book=phones.book)
    lanes = {
        channel: Lane(way, 1_000.0, channel.value)
        for channel, way in phones.ways.items()
        if channel not in away
    }
    now = world.clock.now
    tracers = {way: phones.ways[way] for way in followed}
    notifier = Notifier(
        delivering=Delivering(
            lanes=lanes,
            contacts=contacts,
            notes=notes,
            now=now,
            followed_ways=frozenset(tracers),
        ),
        mailbox=_no_mailbox,
        following=Following(tracers=tracers, notes=notes, now=now),
    )
    world.effects.answers |= notifier.performers()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(notes.run)
        nursery.start_soon(contacts.keep_warm)
        yield phones
        nursery.cancel_scope.cancel()


async def _no_mailbox(message: object) -> tuple[()]:
    return ()


async def with_phone(person: Someone, phone: str, platform: str | None) -> Someone:
    """Give somebody a number, and a device if a platform is named."""
    await person.house.wait_flushed()
    row = person.house.world.database.table(User)[UUID(person.user_id),]
    assert isinstance(row, User)
    headers = (("authorization", f"Bearer {person.token}"), ("if-match", f'"v{row.version}"'))
    heard = await ask(person.house, "PATCH", "/api/users/me", {"phone": phone}, headers=headers)
    assert heard.status == 200, heard
    if platform is not None:
        body = {
            "device_id": f"{person.name}-phone",
            "platform": platform,
            "token": token_of(person),
            "app": "staff",
        }
        await person.need(201, "POST", "/api/users/me/devices", body)
    return person


def token_of(person: Someone) -> str:
    """The token that the device of a person has."""
    return f"token-of-{person.name}"


@attrs.frozen(eq=False)
class Crew:
    """Who works tonight, with a telephone each."""

    house: LastLight
    phones: Phones
    raiser: Someone
    staff: Someone
    manager: Someone
    owner: Someone


@asynccontextmanager
async def open_crew(world: World, **more: Any) -> AsyncIterator[Crew]:
    """A house with two staff and the manager on duty; the owner is at home."""
    async with open_memory_last_light(world) as house, open_phones(world, house, **more) as phones:
        raiser, staff, manager, owner = [
            await sign_in(house, name) for name in ("staff1", "staff2", "manager", "owner")
        ]
        await with_phone(staff, STAFF_PHONE, "fcm")
        await with_phone(manager, MANAGER_PHONE, "apns")
        await with_phone(owner, OWNER_PHONE, "apns")
        for person in (raiser, staff, manager):
            await go_on_duty(person)
        await house.wait_flushed()
        yield Crew(house, phones, raiser, staff, manager, owner)
        await house.wait_flushed()


async def press(crew: Crew, **body: Any) -> str:
    """An SOS by `raiser`; returns its id."""
    raised = await crew.raiser.need(201, "POST", SOS, {"severity": "critical", **body})
    incident_id: str = raised["incident_id"]
    return incident_id
