"""One staff member, a venue in Tokyo, and what they do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import attrs

from actors.runtime.outcome import CancelTimer, Context, Outcome, SetTimer
from actors.staff.behaviour import STAFF
from actors.staff.state import StaffState
from protocol.addresses import ActorKind, Address, Principal, Role
from protocol.commands import Command
from protocol.internal.duty import DrawerReserved, LeaveGranted, ReserveDrawer
from protocol.internal.orders import Buyer, PostOrder, TakeCash, TakeOrderCash
from protocol.messages import Provenance
from protocol.operations.staff import ClockIn, ClockOut, CloseTill, Counted, OpenTill
from protocol.operations.transactions import OrderLine, PurchaseItems, TopUpCredits
from protocol.records.ledger import Till
from protocol.records.money_states import Tender
from protocol.records.staff import StaffShift
from protocol.replies.staff import TillReply
from protocol.values import Fix
from tests.actors.deciding import NOW, a_context, a_principal, after
from tests.actors.venue.emergencies import PROFILE, VENUE, VENUE_ID

ME = UUID(int=0xD1)
MANAGER = UUID(int=0xD2)
STAFF_ADDRESS = Address(ActorKind.STAFF, ME)
PATRON = UUID(int=0xA1)
ELSEWHERE = UUID(int=0xB2)
MINUTE = timedelta(minutes=1)


def here(now: datetime, **changes: Any) -> Fix:
    """A good fix in the middle of the venue."""
    given = {"lat": PROFILE.lat, "lon": PROFILE.lon, "accuracy_m": 5.0, "fix_at": now, **changes}
    return Fix(**given)


def me() -> Principal:
    return a_principal(ME, Role.STAFF, VENUE_ID)


def a_manager(venue_id: UUID = VENUE_ID) -> Principal:
    return a_principal(MANAGER, Role.MANAGEMENT, venue_id)


class Work:
    """The staff actor's state, with what was decided applied and timers kept."""

    def __init__(self) -> None:
        self.state = StaffState(STAFF_ADDRESS)
        self.now = NOW
        self.timers: dict[str, SetTimer] = {}
        self.shared: dict[Address, object] = {VENUE: PROFILE}
        self.provenance: Provenance | None = None

    def context(self, principal: Principal | None, *, in_saga: bool = True) -> Context:
        context = a_context(
            STAFF_ADDRESS,
            now=self.now,
            principal=principal,
            shared=self.shared,
            in_saga=in_saga,
        )
        return attrs.evolve(context, provenance=self.provenance)

    def do(self, command: Command, by: Principal | None = None, *, in_saga: bool = True) -> Outcome:
        """Have a command decided and applied; a refusal comes as the reply of an outcome."""
        context = self.context(by or me(), in_saga=in_saga)
        decision = STAFF.decisions[type(command)](self.state, command, context)
        if not isinstance(decision, Outcome):
            return Outcome(reply=decision)
        after(self.state, decision)
        for timer in decision.timers:
            match timer:
                case SetTimer():
                    self.timers[timer.name] = timer
                case CancelTimer():
                    self.timers.pop(timer.name, None)
        return decision

    def clock_in(self, **fields: Any) -> Outcome:
        given = {"venue_id": VENUE_ID, "location": here(self.now), **fields}
        return self.do(ClockIn(**given))

    def open_till(self, opening_float_minor: int = 1000) -> Till:
        """Open a till through the venue, which gives the drawer."""
        asked = self.do(OpenTill(drawer="bar", opening_float_minor=opening_float_minor))
        reserve = asked.sends[0].command
        assert isinstance(reserve, ReserveDrawer)
        self.do(
            DrawerReserved(
                request=reserve.request, till_id=reserve.till_id, shift_id=reserve.shift_id
            )
        )
        return self.till()

    def leave(self) -> Outcome:
        """Clock out with nobody left to hand over to."""
        command = ClockOut()
        self.do(command)
        return self.do(LeaveGranted(request=command))

    def take_cash(self, amount_minor: int = 500, venue_id: UUID = VENUE_ID) -> Outcome:
        """Take cash for a top-up, as the account asks for it."""
        top_up = TopUpCredits(venue_id=venue_id, tender=Tender.CASH, amount_minor=amount_minor)
        return self.do(
            TakeCash(
                topup=top_up,
                user_id=PATRON,
                transaction_id=UUID(int=9),
                price_minor=amount_minor,
                credits_minor=amount_minor,
                bonus_minor=0,
                bonus_days=None,
                package_id=None,
            )
        )

    def sell_for_cash(self, amount_minor: int = 500, venue_id: UUID = VENUE_ID) -> Outcome:
        """Take cash for an order, as the venue asks for it."""
        order = PurchaseItems(
            venue_id=venue_id, tender=Tender.CASH, lines=(OrderLine(qty=1, item_id=UUID(int=4)),)
        )
        post = PostOrder(
            order=order,
            buyer=Buyer(user_id=PATRON, age_years_verified=None, session_id=None),
            transaction_id=UUID(int=9),
            lines=(),
            total_minor=amount_minor,
            tax_minor=0,
            currency="JPY",
            business_day=NOW.date(),
        )
        return self.do(TakeOrderCash(order=post))

    def shift(self) -> StaffShift:
        """The only shift."""
        return self.state.one(StaffShift)

    def till(self) -> Till:
        """The only till."""
        return self.state.one(Till)


def coins(amount_minor: int) -> tuple[Counted, ...]:
    """So much in a drawer, in ones."""
    return (Counted(denomination_minor=1, count=amount_minor),)


def with_till(opening_float_minor: int = 1000) -> Work:
    """Somebody with an open till."""
    work = Work()
    work.clock_in()
    work.open_till(opening_float_minor)
    work.now = NOW + 60 * MINUTE
    return work


def count(work: Work, amount_minor: int) -> TillReply:
    """Count the till, as its owner."""
    reply = work.do(CloseTill(till_id=work.till().id, counted=coins(amount_minor))).reply
    assert isinstance(reply, TillReply)
    return reply
