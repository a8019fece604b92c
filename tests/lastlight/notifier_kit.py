"""A notifier over ways in memory, and people to be told things."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import attrs
import trio

from actors.runtime.outcome import Send
from lastlight.integrations.notifications.contacts import Contacts
from lastlight.integrations.notifications.deliveries import DeliveryLog
from lastlight.integrations.notifications.delivering import Delivering
from lastlight.integrations.notifications.following import Following
from lastlight.integrations.notifications.lane import Lane
from lastlight.integrations.notifications.notifier import Notifier
from lastlight.integrations.notifications.port import Channel, Letter
from protocol.addresses import OUTSIDE
from protocol.commands import Command
from protocol.internal.emergencies import AlertGroup, AlertPeople
from protocol.internal.notifications import (
    About,
    PushByFcm,
    Words,
)
from protocol.messages import Message
from protocol.reaching import Device, Reach, VenueSign
from protocol.records.platform import NotificationDelivery
from protocol.records.states import PushPlatform, Severity
from tests.twins.reaching import BookAway, MemoryWay

VENUE: Final = UUID(int=0xE)
NIGHT: Final = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)  # 00:30 in Tokyo
QUIET: Final = {"from": "23:00", "to": "09:00"}


@attrs.define(eq=False)
class People:
    """A book that is filled by hand."""

    known: dict[UUID, Reach] = attrs.field(factory=dict)
    owners: tuple[UUID, ...] = ()
    away: bool = False
    hangs: trio.Event | None = None
    kept: list[NotificationDelivery] = attrs.field(factory=list)

    async def reach(self, user_ids: Sequence[UUID]) -> dict[UUID, Reach]:
        await self._look()
        return {one: self.known[one] for one in user_ids if one in self.known}

    async def owners_of_all(self) -> Sequence[UUID]:
        await self._look()
        return self.owners

    async def workers(self, most: int) -> Sequence[UUID]:
        await self._look()
        return tuple(self.known)[:most]

    async def venue_signs(self) -> Sequence[VenueSign]:
        await self._look()
        return (VenueSign(venue_id=VENUE, name="Shibuya", tz="Asia/Tokyo"),)

    async def keep(self, notes: Sequence[NotificationDelivery]) -> None:
        await self._look()
        self.kept += notes

    async def _look(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.hangs is not None:
            await self.hangs.wait()
        if self.away:
            raise BookAway("the database is away")


@attrs.define(eq=False)
class Stand:
    """A notifier over ways in memory."""

    people: People
    ways: dict[Channel, MemoryWay]
    notifier: Notifier
    mailbox: list[Message]
    now: datetime = NIGHT

    async def ask(self, command: Command, *, at: datetime | None = None, n: int = 1) -> list[Send]:
        """Perform an effect that was decided at a moment."""
        message = Message(id=UUID(int=n), target=OUTSIDE, command=command, at=at or self.now)
        return list(await self.notifier.performers()[type(command)](message))

    async def notes(self) -> list[NotificationDelivery]:
        """All notes so far."""
        await self.notifier.delivering.notes.write()
        return self.people.kept


def a_stand(*, off: tuple[Channel, ...] = (), **more: Any) -> Stand:
    people, mailbox = People(**more), list[Message]()
    ways = {channel: MemoryWay() for channel in Channel if channel not in off}

    async def keep(message: Message) -> tuple[Send, ...]:
        mailbox.append(message)
        return ()

    tracers = {way: ways[way] for way in (Channel.SMS, Channel.VOICE) if way in ways}
    notes = DeliveryLog(book=people)
    delivering = Delivering(
        lanes={channel: Lane(way, 1_000.0, channel.value) for channel, way in ways.items()},
        contacts=Contacts(book=people),
        notes=notes,
        now=lambda: stand.now,
        followed_ways=frozenset(tracers),
    )
    following = Following(tracers=tracers, notes=notes, now=lambda: stand.now)
    notifier = Notifier(delivering=delivering, mailbox=keep, following=following)
    stand = Stand(people, ways, notifier, mailbox)
    return stand


def someone(n: int, **more: Any) -> Reach:
    """A person with one telephone and an address."""
    device = Device(device_id=f"d{n}", platform=PushPlatform.FCM, token=f"t{n}")
    given: dict[str, Any] = {
        "user_id": UUID(int=n),
        "email": f"{n}@guests.example",
        "phone": f"+8190{n:08d}",
        "devices": (device,),
    }
    return Reach(**(given | more))


def an_alert(*groups: AlertGroup, **more: Any) -> AlertPeople:
    given: dict[str, Any] = {
        "incident_id": UUID(int=0x1C),
        "venue_id": VENUE,
        "severity": Severity.CRITICAL,
        "tier": 1,
        "reason": "notifying",
        "groups": groups,
        "zone": "bar",
    }
    return AlertPeople(**(given | more))


def a_group(*numbers: int, audience: str = "on_duty_staff", channels: str = "push") -> AlertGroup:
    return AlertGroup(
        audience=audience,
        channels=tuple(channels.split()),
        user_ids=tuple(UUID(int=n) for n in numbers),
    )


def told(sends: Sequence[Send]) -> list[tuple[str, int]]:
    """Kinds and people of messages to one person each."""
    return sorted((type(one.command).__name__, _whose(one.command)) for one in sends)


def _whose(command: Command) -> int:
    user_id: UUID | None = getattr(command, "user_id", None)
    return 0 if user_id is None else user_id.int


PUSH: Final = PushByFcm(
    user_id=UUID(int=1),
    device_id="d1",
    words=Words(title="a", body="b", good_until=NIGHT + timedelta(minutes=1)),
    about=About(event_id=UUID(int=5), incident_id=UUID(int=6)),
)


LETTER: Final = Letter(id=UUID(int=1), words=PUSH.words)
