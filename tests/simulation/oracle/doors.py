"""Rule 7: who is kept out does not come in, whoever keeps them out, and however they come.

Visits and exclusions of one person are decided by one actor, so the journal has them in order.
It is read once: each look goes on where the last one ended.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID
from weakref import WeakKeyDictionary

import attrs

from protocol.records.runtime import OpenVisit
from protocol.records.states import ExclusionKind
from protocol.records.users import Exclusion
from tests.night.books import entries_of
from tests.simulation.night import Night


@attrs.define(eq=False)
class Doors:
    """Exclusions as they stand."""

    read: int = 0
    exclusions: dict[UUID, dict[UUID, Exclusion]] = attrs.field(factory=dict)

    def go_on(self, night: Night) -> None:
        """Read what was written since the last time."""
        entries = entries_of(night.world)
        for entry in entries[self.read :]:
            for record in (*entry.changes, *entry.appends):
                if isinstance(record, OpenVisit) and record.version == 1:
                    self._assert_may_come(record)
                elif isinstance(record, Exclusion):
                    self.exclusions.setdefault(record.user_id, {})[record.id] = record
        self.read = len(entries)

    def _assert_may_come(self, visit: OpenVisit) -> None:
        for exclusion in self.exclusions.get(visit.user_id, {}).values():
            here = exclusion.venue_id in (None, visit.venue_id)
            assert not (here and keeps_out(exclusion, visit.opened_at)), (
                f"{visit} was opened during {exclusion}"
            )


def keeps_out(exclusion: Exclusion, at: datetime) -> bool:
    """Whether an exclusion is in force at a moment."""
    if at < exclusion.starts_at:
        return False
    if exclusion.ended_at is not None:
        return at < exclusion.ended_at
    # After a self-exclusion access returns only when it is asked for in person.
    own = exclusion.kind is ExclusionKind.SELF_EXCLUSION
    return own or exclusion.ends_at is None or at < exclusion.ends_at


_DOORS: Final[WeakKeyDictionary[Night, Doors]] = WeakKeyDictionary()


def assert_nobody_comes_who_is_kept_out(night: Night) -> None:
    """To be asked when all is written down."""
    _DOORS.setdefault(night, Doors()).go_on(night)
