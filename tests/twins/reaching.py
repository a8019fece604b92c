"""Ways to people in memory: a provider that does as it is told, and a book of who is where."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from uuid import UUID

import attrs
import trio

from lastlight.integrations.notifications.port import Letter, TryLater
from protocol.errors import LastLightError
from protocol.reaching import Reach, VenueSign
from protocol.records.platform import NotificationDelivery


@attrs.define(eq=False)
class MemoryWay:
    """A provider that keeps what it takes. `raises` are its next answers, `hangs` holds it up."""

    call_s: float = 10.0
    taken: list[tuple[str, Letter]] = attrs.field(factory=list)
    raises: deque[LastLightError] = attrs.field(factory=deque)
    hangs: trio.Event | None = None
    under_way: int = 0
    under_way_most: int = 0

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
    """See `lastlight.integrations.notifications.opening.Book`."""

    people: dict[UUID, Reach] = attrs.field(factory=dict)
    owners: tuple[UUID, ...] = ()
    working: tuple[UUID, ...] = ()
    signs: tuple[VenueSign, ...] = ()
    notes: dict[UUID, NotificationDelivery] = attrs.field(factory=dict)
    away: bool = False

    async def reach(self, user_ids: Sequence[UUID]) -> Mapping[UUID, Reach]:
        """The ways to some people."""
        await self._look()
        return {one: self.people[one] for one in user_ids if one in self.people}

    async def owners_of_all(self) -> Sequence[UUID]:
        """Who owns every venue."""
        await self._look()
        return self.owners

    async def workers(self, most: int) -> Sequence[UUID]:
        """Who works anywhere."""
        await self._look()
        return self.working[:most]

    async def venue_signs(self) -> Sequence[VenueSign]:
        """All venues."""
        await self._look()
        return self.signs

    async def keep(self, notes: Sequence[NotificationDelivery]) -> None:
        """Keep notes."""
        await self._look()
        for note in notes:
            before = self.notes.get(note.id)
            if before is None:
                self.notes[note.id] = note
                continue
            self.notes[note.id] = note.evolve(
                tries=before.tries + note.tries,
                sent_at=before.sent_at or note.sent_at,
                version=before.version + 1,
            )

    async def _look(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.away:
            raise BookAway("the database is away")
