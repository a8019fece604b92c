"""What venue, session and staff ask of an account, as the tests of the wallet need it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from actors.account.admission import decide_admit_patron
from actors.account.state import AccountState
from protocol.internal.orders import Buyer, PostOrder, PostTopUp, PricedLine
from protocol.internal.visits import AdmitPatron, CaptureUsage, SettleVisit, UsageLine
from protocol.operations.transactions import OrderLine, PurchaseItems, TopUpCredits
from protocol.records.base import Record
from protocol.records.money_states import Tender
from protocol.records.states import Activity, SegmentMode
from tests.actors.account.wallets import (
    ITEM,
    SESSION,
    STAFF,
    TILL,
    TODAY,
    USER,
    VENUE,
    an_account,
    here,
)
from tests.actors.deciding import IDS, NOW, accepted, after


def an_admission(session_id: UUID = SESSION, **changes: Any) -> AdmitPatron:
    """A venue's question: may this patron come in to the lounge?"""
    known: dict[str, Any] = {
        "session_id": session_id,
        "venue_id": VENUE,
        "venue_refusal": None,
        "party_size": 1,
        "activity": Activity.LOUNGE,
        "mode": SegmentMode.CONTINUOUS,
        "rate_minor_per_h": 600,
        "station_id": None,
        "zone": None,
        "reservation_id": None,
        "assisted": False,
        "age_required": 18,
        "hold_minor": 150,
        "hold_until": NOW + timedelta(minutes=20),
        "funds_least_minor": 500,
        "currency": "JPY",
    }
    return AdmitPatron(**(known | changes))


def a_line(amount_minor: int, *, tax_bp: int = 0, day: date = TODAY) -> UsageLine:
    """Some time in the lounge, of a segment of its own."""
    return UsageLine(
        segment_id=IDS.fresh(),
        activity=Activity.LOUNGE,
        business_day=day,
        amount_minor=amount_minor,
        tax_bp=tax_bp,
    )


def a_tick(
    hold_id: UUID, *lines: UsageLine, target: int = 150, tick: int = 1, session_id: UUID = SESSION
) -> CaptureUsage:
    """A session's request to charge time."""
    return CaptureUsage(
        session_id=session_id,
        venue_id=VENUE,
        hold_id=hold_id,
        tick=tick,
        lines=lines,
        hold_target_minor=target,
        hold_until=NOW + timedelta(minutes=40),
        charged_until=NOW,
    )


def a_settlement(
    hold_id: UUID, *lines: UsageLine, tick: int = 9, session_id: UUID = SESSION, **changes: Any
) -> SettleVisit:
    """A session's request to close the books."""
    return SettleVisit(
        session_id=session_id,
        venue_id=VENUE,
        hold_id=hold_id,
        tick=tick,
        lines=lines,
        time_charge_minor=sum(line.amount_minor for line in lines),
        started_at=NOW - timedelta(hours=1),
        ended_at=NOW,
        duration_ms=3_600_000,
        business_day=TODAY,
        **changes,
    )


def a_purchase(**changes: Any) -> PurchaseItems:
    """A patron's order of one thing."""
    known: dict[str, Any] = {"venue_id": VENUE, "lines": (OrderLine(qty=1, item_id=ITEM),)}
    return PurchaseItems(**(known | changes))


def a_priced_line(total_minor: int, **changes: Any) -> PricedLine:
    """A line as the venue priced it: one of something to eat, untaxed."""
    known: dict[str, Any] = {
        "purchase_id": IDS.fresh(),
        "item_id": ITEM,
        "game_id": None,
        "name": "Karaage",
        "qty": 1,
        "unit_price_minor": total_minor,
        "total_minor": total_minor,
        "tax_rate_bp": 0,
        "tax_minor": 0,
        "standard_drinks_milli": 0,
        "alcoholic": False,
        "revenue_kind": "food",
    }
    return PricedLine(**(known | changes))


def a_priced_order(*lines: PricedLine, session_id: UUID | None = None, **order: Any) -> PostOrder:
    """The venue's word that an order can be served, at this price."""
    return PostOrder(
        order=a_purchase(**order),
        buyer=Buyer(user_id=USER, age_years_verified=26, session_id=session_id),
        transaction_id=IDS.fresh(),
        lines=lines,
        total_minor=sum(line.total_minor for line in lines),
        tax_minor=sum(line.tax_minor for line in lines),
        currency="JPY",
        business_day=TODAY,
    )


def a_top_up(**changes: Any) -> TopUpCredits:
    """Cash over the counter."""
    known: dict[str, Any] = {"venue_id": VENUE, "tender": Tender.CASH, "user_id": USER}
    known |= {} if "package_id" in changes else {"amount_minor": 1000}
    return TopUpCredits(**(known | changes))


def cash_taken(price_minor: int, *, bonus_minor: int = 0, **changes: Any) -> PostTopUp:
    """A till's word that the cash is in it."""
    known: dict[str, Any] = {
        "topup": a_top_up(amount_minor=price_minor),
        "user_id": USER,
        "transaction_id": IDS.fresh(),
        "price_minor": price_minor,
        "credits_minor": price_minor,
        "bonus_minor": bonus_minor,
        "bonus_days": None,
        "package_id": None,
        "till_id": TILL,
        "shift_id": UUID(int=0xE2),
        "staff_id": STAFF,
    }
    return PostTopUp(**(known | changes))


def a_visitor(*rows: Record, paid: int = 1000) -> AccountState:
    """Someone who is in, with 150 held."""
    state = an_account(*rows, paid=paid)
    return after(state, accepted(decide_admit_patron(state, an_admission(), here())))
