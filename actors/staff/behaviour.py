"""The staff actor, declared: one for each person who works, whatever the venue.

It decides the one open shift and the one open till of a person. Whoever may work somewhere has an
address before the first shift, so whatever may come first founds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actors.runtime.behaviour import Behaviour, decisions_of
from actors.staff import breaks, cash_sales, handing_over, leaving, shifts, tills, unended
from actors.staff.state import READS, StaffState
from protocol.addresses import PLATFORM, ActorKind, Address
from protocol.events.base import Audience
from protocol.internal.duty import LeaveWork, ScheduleFound
from protocol.internal.orders import TakeCash, TakeOrderCash
from protocol.internal.wallet import AllotTip
from protocol.operations.staff import ClockIn, ClockOut, OpenTill
from protocol.operations.staff_work import PostHandover, RecordBreak
from protocol.records.ledger import Till
from protocol.records.staff import StaffShift


def _masked(state: StaffState) -> Mapping[str, object]:
    """How the work stands, without a name or an amount: tills are counted blind."""
    shift, till = state.open_shift, state.open_till
    return {
        "venue": state.duty_venue,
        "shift": None if shift is None else shift.status,
        "shift_id": None if shift is None else shift.id,
        "since": None if shift is None else shift.started_at,
        "breaks": 0 if shift is None else len(shift.breaks),
        "till_open": till is not None,
        "till_id": None if till is None else till.id,
        "drawer": None if till is None else till.drawer,
        "shifts": len(state.rows(StaffShift)),
        "tills": len(state.rows(Till)),
    }


def _watcher(state: StaffState) -> Address:
    """The venue of the work, open or last."""
    venue_id = state.duty_venue
    return PLATFORM if venue_id is None else Address(ActorKind.VENUE, venue_id)


STAFF: Final = Behaviour(
    kind=ActorKind.STAFF,
    state=StaffState,
    decisions=decisions_of((shifts, leaving, tills, cash_sales, breaks, handing_over, unended)),
    reads=READS,
    founded_by=(
        ClockIn,
        ScheduleFound,
        ClockOut,
        OpenTill,
        TakeCash,
        TakeOrderCash,
        AllotTip,
        RecordBreak,
        PostHandover,
        LeaveWork,
    ),
    rooms=lambda state: (Audience.USER.room(state.address.id),),
    share=lambda state: state.duty_venue,
    masked=_masked,
    watched_by=_watcher,
)
