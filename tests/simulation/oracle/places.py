"""Who is where: nobody is at a station that somebody else has, and no house holds more than it may.

Both are told by the visits, and not by the venue that keeps count: stations by their segments of
time, how many are in by the sizes of their parties.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Final
from uuid import UUID
from weakref import WeakKeyDictionary

import attrs

from protocol.records.runtime import FloorPlace
from protocol.records.venues import Venue
from protocol.records.visits import Session, SessionSegment
from tests.night.books import entries_of
from tests.simulation.night import Night
from tests.twins.nodes import World


def assert_stations_are_had_by_one(world: World) -> None:
    """Rule 3: a segment has its machine or its room for itself, while its time passes."""
    at: dict[UUID, list[SessionSegment]] = defaultdict(list)
    for row in world.database.table(SessionSegment).values():
        if row.station_id is not None and row.started_at != row.ended_at:
            at[row.station_id].append(row)
    for segments in at.values():
        segments.sort(key=lambda row: (row.started_at, row.session_id, row.seq))
        for one, next_ in pairwise(segments):
            alone = one.ended_at is not None and one.ended_at <= next_.started_at
            assert alone or one.session_id == next_.session_id, (
                f"two at one station: {one}, {next_}"
            )


@attrs.define(eq=False)
class Floors:
    """How many are in each house, as far as the journal is read.

    A visit has its guests; its seat at the venue may claim more while that is being asked for. The
    venue gives a seat before the visit begins or grows, by the capacity that it has then.
    """

    read: int = 0
    capacity: dict[UUID, int] = attrs.field(factory=dict)
    given_at: dict[UUID, int] = attrs.field(factory=dict)
    """The capacity when the seat of a visit was last written."""
    visits: dict[UUID, Session] = attrs.field(factory=dict)
    present: Counter[UUID] = attrs.field(factory=Counter)

    def go_on(self, night: Night) -> None:
        """Read what was written since the last time."""
        entries = entries_of(night.world)
        for entry in entries[self.read :]:
            for table, key in entry.removes:
                if table == Session.table.name:
                    self._leave(key[0])
            for record in entry.changes:
                if isinstance(record, Venue):
                    self.capacity[record.id] = record.capacity
                elif isinstance(record, FloorPlace):
                    self.given_at[record.session_id] = self.capacity[record.venue_id]
                elif isinstance(record, Session):
                    self._come(record)
        self.read = len(entries)

    def _come(self, visit: Session) -> None:
        before = self._leave(visit.id)
        self.visits[visit.id] = visit
        self.present[visit.venue_id] += visit.party_size
        count, most = self.present[visit.venue_id], self.capacity[visit.venue_id]
        most = max(most, self.given_at[visit.id])
        assert visit.party_size <= before or count <= most, f"{count} are in, of {most}: {visit}"

    def _leave(self, session_id: UUID) -> int:
        """Somebody has gone, if they were in; how many these were."""
        visit = self.visits.pop(session_id, None)
        if visit is None:
            return 0
        self.present[visit.venue_id] -= visit.party_size
        return visit.party_size


_FLOORS: Final[WeakKeyDictionary[Night, Floors]] = WeakKeyDictionary()


def assert_no_more_are_in_than_fit(night: Night) -> None:
    """To be asked when all is written down."""
    _FLOORS.setdefault(night, Floors()).go_on(night)
