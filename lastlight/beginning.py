"""What a node does at each start when all is flushed and before any actor is loaded.

A demo venue is founded where there is none; the tokens revoked within the life of an access token
are known again; and the rooms of venues and owners stand where they stood.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from lastlight.auth.revocations import REVOCATIONS_KEPT, Bump, FamilyEnd, Revocations
from lastlight.clocks import SystemClock
from lastlight.demo.founding import Founder
from lastlight.realtime.backlog import Backlog
from protocol.addresses import ActorKind, Address
from protocol.events.base import Audience
from storage.postgres.loader import PostgresLoader
from storage.postgres.queries_realtime import RoomReader
from storage.postgres.room_views import RoomViews

OWNERS_ROOM = "owner"
_VENUE_ROOMS = (Audience.PATRONS, Audience.STAFF, Audience.MANAGEMENT, Audience.OWNER)


@attrs.frozen(kw_only=True, eq=False)
class Beginning:
    """Called by the runtime; see `actors.runtime.generation.Ports.founding`."""

    rooms: RoomReader
    room_views: RoomViews
    loader: PostgresLoader
    revocations: Revocations
    backlog: Backlog
    clock: SystemClock
    founder: Founder | None

    async def begin(self) -> None:
        """Do it.

        Raises:
            LastLightError: the database went away; nothing is half done.
        """
        if self.founder is not None:
            await self.founder.found()
        await self._fill_revocations()
        for room in house_rooms(await self.loader.residents()):
            stood = await self.room_views.view(room)
            self.backlog.load(room, stood.seq, stood.view, self.backlog.forgotten)

    async def _fill_revocations(self) -> None:
        now = self.clock.now()
        facts = await self.rooms.revocation_facts(now - REVOCATIONS_KEPT)
        ends = [FamilyEnd(family_id=id_, at=at) for id_, at in facts.ended]
        bumps = [Bump(user_id=id_, token_version=v, at=at) for id_, v, at in facts.raised]
        self.revocations.fill([*ends, *bumps], now=now)


def house_rooms(residents: Sequence[Address]) -> Iterator[str]:
    """The rooms whose logs are in memory from the start: those of venues, and the owners'."""
    yield OWNERS_ROOM
    for address in residents:
        if address.kind is ActorKind.VENUE:
            for audience in _VENUE_ROOMS:
                yield audience.room(address.id)
