"""What is due, and how late it may be: everything that a clock brings about is done in its time.

Whatever is due has a name. It is done when it is set anew or goes away; if neither happens it
stands. Counted is only time that passed while a node could run, and nothing counts whose message
was made to raise: that waits for the operator. Emergencies do not wait: theirs is tried again.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import attrs

from protocol.addresses import Address
from tests.simulation.clocks import KeepingClock

LATE_MAX: Final = timedelta(seconds=100)
"""The machine's clock may be set while timers sleep for half a minute, a database may be away and
a journal full for as long; and a node that fails meanwhile starts again."""


@attrs.frozen(kw_only=True)
class Due:
    """Something that `whose` actor has to do at a moment, for the reason that is told."""

    at: datetime
    whose: UUID
    what: object
    late_max: timedelta = LATE_MAX
    excused_since: datetime | None = None
    """Since when a message that was made to raise may be why; by default, since it is due."""
    emergency: bool = False
    """Whether nothing excuses it, also no message that was made to raise."""


@attrs.define(eq=False)
class Dues:
    """All that is due and not done."""

    clock: KeepingClock
    standing: dict[Hashable, Due] = attrs.field(factory=dict)
    raised: dict[UUID, datetime] = attrs.field(factory=dict)
    """When a message for somebody was last made to raise."""
    latest: timedelta = timedelta()
    """How late anything was at most."""

    def put(self, name: Hashable, due: Due | None, now: datetime) -> None:
        """It is due at another time from now on, or no more; what was due before is judged."""
        before = self.standing.get(name)
        if before is not None and (due is None or due.at != before.at):
            self._judge(name, before, now)
        if due is None:
            self.standing.pop(name, None)
        else:
            self.standing[name] = due

    def judge_all(self, now: datetime) -> None:
        """Nothing that stands is overdue."""
        for name, due in self.standing.items():
            self._judge(name, due, now)

    def note_raised(self, whose: Address, now: datetime) -> None:
        """A message for somebody was made to raise."""
        self.raised[whose.id] = now

    def _judge(self, name: Hashable, due: Due, now: datetime) -> None:
        if now <= due.at or self._is_excused(due):
            return
        late = self.clock.passed_between(due.at, now)
        self.latest = max(self.latest, late)
        assert late <= due.late_max, (
            f"{name} was due at {due.at:%d %H:%M:%S} and not done at {now:%d %H:%M:%S}, after "
            f"{late.total_seconds():.0f} s in which a node could run: {due.what}"
        )

    def _is_excused(self, due: Due) -> bool:
        raised_at = None if due.emergency else self.raised.get(due.whose)
        return raised_at is not None and raised_at >= (due.excused_since or due.at)
