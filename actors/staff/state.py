"""What a staff actor knows: one person's shifts and tills, over all venues.

There is nothing before the first shift, so the state may be empty. Of shifts and tills that are
over the latest are here, so that a repeated request is known as one.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from actors.runtime.state import State
from protocol.reads import Read, Since
from protocol.records.ledger import Till
from protocol.records.money_states import TillStatus
from protocol.records.staff import StaffShift
from protocol.records.states import ShiftStatus

_DAY_S: Final = 24 * 3600
CUTOVER_TIMER: Final = "cutover"
ON_SHIFT: Final = (ShiftStatus.OPEN, ShiftStatus.ON_BREAK)

READS: Final = (
    # Where somebody worked last is where their SOS goes if they are not on duty (Rule 8).
    Read(StaffShift, by="staff_id", where=(Since("ended_at", 60 * _DAY_S),)),
    Read(Till, by="staff_id", where=(Since("closed_at", 2 * _DAY_S),)),
)


class StaffState(State):
    """One person's work."""

    __slots__ = ()

    @property
    def staff_id(self) -> UUID:
        """Whose it is; the id of the user."""
        return self.address.id

    @property
    def open_shift(self) -> StaffShift | None:
        """The one shift that is open, on a break or not, over all venues (Rule 13)."""
        return next((s for s in self.all(StaffShift) if s.status in ON_SHIFT), None)

    @property
    def last_shift(self) -> StaffShift | None:
        """The shift that began last, open or not."""
        return max(self.all(StaffShift), key=lambda shift: shift.started_at, default=None)

    @property
    def open_till(self) -> Till | None:
        """The one till that takes cash."""
        return next((t for t in self.all(Till) if t.status is TillStatus.OPEN), None)

    @property
    def duty_venue(self) -> UUID | None:
        """Where the person is, as far as shifts tell: the open one, else the last."""
        shift = self.open_shift or self.last_shift
        return None if shift is None else shift.venue_id
