"""Ways to people in memory: a provider that does as it is told, and a book of who is where."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

import attrs
import trio

from lastlight.integrations.notifications.port import (
    Fate,
    Letter,
    Trace,
    TryLater,
    Undeliverable,
)
from protocol.errors import LastLightError
from protocol.reaching import Device, Reach, VenueSign
from protocol.records.platform import NotificationDelivery
from protocol.records.states import RoleName
from protocol.records.users import PushDevice, User, UserPreferences, UserRole
from protocol.records.venues import Venue
from tests.twins.database import MemoryDatabase


@attrs.define(eq=False)
class MemoryWay:
    """A provider that keeps what it takes. `raises` are its next answers, `hangs` holds it up."""

    call_s: float = 10.0
    taken: list[tuple[str, Letter]] = attrs.field(factory=list)
    raises: deque[LastLightError] = attrs.field(factory=deque)
    hangs: trio.Event | None = None
    under_way: int = 0
    under_way_most: int = 0
    traces: dict[str, Trace] = attrs.field(factory=dict)
    """What became of letters, by the names it gave; of others nothing is known yet."""

    async def trace(self, name: str) -> Trace:
        """See `Tracer.trace`."""
        with trio.move_on_after(self.call_s):
            await trio.lowlevel.checkpoint()
            if self.hangs is not None:
                await self.hangs.wait()
            if self.raises:
                raise self.raises.popleft()
            if name not in {str(letter.id) for _, letter in self.taken}:
                raise Undeliverable(reason="there is none of this name")
            return self.traces.get(name, Trace(fate=Fate.UNDER_WAY))
        raise TryLater(reason="it did not answer in time")

    async def deliver(self, target: str, letter: Letter) -> str:
        """See `Provider.deliver`."""
        self.under_way += 1
        self.under_way_most = max(self.under_way_most, self.under_way)
        try:
            with trio.move_on_after(self.call_s):
                return await self._deliver(target, letter)
            raise TryLater(reason="it did not answer in time")
        finally:
            self.under_way -= 1

    async def _deliver(self, target: str, letter: Letter) -> str:
        await trio.lowlevel.checkpoint()
        if self.hangs is not None:
            await self.hangs.wait()
        if self.raises:
            raise self.raises.popleft()
        if letter.id not in {one.id for _, one in self.taken}:
            self.taken.append((target, letter))
        return str(letter.id)


class BookAway(LastLightError):
    """The database is away."""


@attrs.define(eq=False)
class MemoryReaching:
    """See `lastlight.integrations.notifications.opening.Book`.

    People are the database's; notes are its own, as no journal has them.
    """

    database: MemoryDatabase
    away: bool = False
    _kept: dict[UUID, NotificationDelivery] = attrs.field(factory=dict)

    @property
    def notes(self) -> list[NotificationDelivery]:
        """What was noted, oldest message first."""
        return sorted(self._kept.values(), key=lambda one: one.id)

    async def reach(self, user_ids: Sequence[UUID]) -> Mapping[UUID, Reach]:
        """The ways to some people."""
        await self._look()
        users = self.database.table(User)
        found = (users.get((user_id,)) for user_id in user_ids)
        return {
            user.id: self._reach(user)
            for user in found
            if isinstance(user, User) and user.deleted_at is None
        }

    def _reach(self, user: User) -> Reach:
        wishes = self.database.table(UserPreferences).get((user.id,))
        if not isinstance(wishes, UserPreferences):
            wishes = UserPreferences(user_id=user.id)
        devices = [
            device
            for device in self.database.table(PushDevice).values()
            if isinstance(device, PushDevice)
            and device.user_id == user.id
            and device.failed_at is None
        ]
        return Reach(
            user_id=user.id,
            email=user.email,
            phone=user.phone,
            channels=wishes.channels,
            quiet_hours=wishes.quiet_hours,
            devices=tuple(
                Device(
                    device_id=device.device_id,
                    platform=device.platform,
                    token=device.token,
                    last_ok_at=device.last_ok_at,
                )
                for device in sorted(devices, key=lambda one: one.id)
            ),
        )

    async def owners_of_all(self) -> Sequence[UUID]:
        """Who owns every venue."""
        await self._look()
        return tuple(
            {
                role.user_id
                for role in self._roles()
                if role.venue_id is None and role.role is RoleName.OWNER
            }
        )

    async def workers(self, most: int) -> Sequence[UUID]:
        """Who works anywhere."""
        await self._look()
        found = {role.user_id for role in self._roles() if role.role is not RoleName.PATRON}
        return tuple(sorted(found))[:most]

    def _roles(self) -> Iterator[UserRole]:
        for role in self.database.table(UserRole).values():
            if isinstance(role, UserRole) and role.revoked_at is None:
                yield role

    async def venue_signs(self) -> Sequence[VenueSign]:
        """All venues."""
        await self._look()
        venues = [one for one in self.database.table(Venue).values() if isinstance(one, Venue)]
        return tuple(
            VenueSign(venue_id=venue.id, name=venue.name, tz=venue.tz)
            for venue in sorted(venues, key=lambda one: one.id)
        )

    async def keep(self, notes: Sequence[NotificationDelivery]) -> None:
        """Keep notes."""
        await self._look()
        for note in notes:
            before = self._kept.get(note.id)
            if before is None:
                self._kept[note.id] = note
                continue
            self._kept[note.id] = note.evolve(
                tries=before.tries + note.tries,
                sent_at=before.sent_at or note.sent_at,
                delivered_at=note.delivered_at or before.delivered_at,
                version=before.version + 1,
            )

    async def _look(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.away:
            raise BookAway("the database is away")
