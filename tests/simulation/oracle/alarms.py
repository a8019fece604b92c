"""Rule 8: who raised an alarm that nobody answers is heard by more and more people, in time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import attrs

from protocol.records.safety import Incident
from protocol.records.states import IncidentStatus, Severity
from tests.simulation.oracle.dues import Due, Dues

TIERS: Final = {
    Severity.CRITICAL: (0, 30, 90, 180),
    Severity.HIGH: (0, 60, 180, 360),
    Severity.MEDIUM: (0, 120, 300, 600),
}
"""Seconds from the press. Settings may shorten them."""
LAST: Final = 3
REPEATED: Final = timedelta(seconds=60)
ON_SCENE: Final = timedelta(minutes=5)
UNANSWERED: Final = (IncidentStatus.RAISED, IncidentStatus.NOTIFYING, IncidentStatus.EXHAUSTED)


@attrs.define(eq=False)
class Alarms:
    """All alarms that nobody has ended."""

    dues: Dues
    known: dict[UUID, Incident] = attrs.field(factory=dict)

    def take(self, row: Incident, now: datetime) -> None:
        """It was raised, answered, or made louder."""
        before, name = self.known.get(row.id), ("incident", row.id)
        self.known[row.id] = row
        at = self._due_at(before, row, now)
        if before is not None and _is_louder(before, row):
            self._assert_no_sooner(before, row, now)
            # Each step is one of its own, also where the same is due again.
            self.dues.put(name, None, now)
        due = None
        if at is not None:
            due = Due(at=at, whose=row.venue_id, what=row, emergency=True)
        self.dues.put(name, due, now)

    def _due_at(self, before: Incident | None, row: Incident, now: datetime) -> datetime | None:
        if row.status is IncidentStatus.ACKNOWLEDGED:
            anew = before is None or before.owner_id != row.owner_id
            if anew or (before is not None and before.status is not row.status):
                return now + ON_SCENE
            return self._standing(row)
        if row.status not in UNANSWERED:
            return None
        if before is None or before.status not in UNANSWERED or _is_louder(before, row):
            if row.tier >= LAST:
                return now + REPEATED
            steps = TIERS[row.severity]
            # The first tier may come sooner than it is due; the next ones count from the press.
            wait = steps[row.tier + 1] - (steps[row.tier] if before is not None else 0)
            pressed = row.raised_at + timedelta(seconds=steps[row.tier + 1])
            return max(now + timedelta(seconds=wait), pressed)
        return self._standing(row)

    def _standing(self, row: Incident) -> datetime | None:
        due = self.dues.standing.get(("incident", row.id))
        return None if due is None else due.at

    def _assert_no_sooner(self, before: Incident, row: Incident, now: datetime) -> None:
        """Nobody is woken before it is time; the first tier may be sooner, if no device has it."""
        if before.status not in UNANSWERED or row.tier <= 1 or row.severity is not before.severity:
            return
        sooner = now - row.raised_at < timedelta(seconds=TIERS[row.severity][row.tier])
        assert row.tier <= before.tier or not sooner, f"it got louder too soon: {row}"


def _is_louder(before: Incident, row: Incident) -> bool:
    """Whether more people were alerted, or the same ones again."""
    again = row.tier == LAST and row.next_tier_at != before.next_tier_at
    back = before.status is IncidentStatus.ACKNOWLEDGED and row.status in UNANSWERED
    return row.status in UNANSWERED and (row.tier != before.tier or again or back)
