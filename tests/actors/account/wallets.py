"""Accounts, venues and commands as the tests of the wallet need them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from actors.account.state import AccountState, balances_of
from actors.rules.grants import available_minor
from actors.rules.profile import VenueProfile
from actors.rules.settings import DEFAULT
from actors.runtime.outcome import Context, Outcome
from protocol.addresses import ActorKind, Address, Principal, Role
from protocol.internal.orders import Buyer, PostOrder, PostTopUp, PricedLine
from protocol.internal.visits import AdmitPatron, CaptureUsage, SettleVisit, UsageLine
from protocol.operations.transactions import OrderLine, PurchaseItems, TopUpCredits
from protocol.records.base import Record
from protocol.records.ledger import LedgerJournal, LedgerPosting
from protocol.records.money import CreditGrant, CreditHold, Credits
from protocol.records.money_states import CreditSource, HoldStatus, Tender
from protocol.records.states import Activity, ExclusionKind, SegmentMode, VenueStatus
from protocol.records.users import Exclusion, User
from tests.actors.deciding import IDS, NOW, a_context, a_principal, filled

USER = UUID(int=0xA1)
ACCOUNT = Address(ActorKind.ACCOUNT, USER)
VENUE = UUID(int=0xB1)
OTHER_VENUE = UUID(int=0xB2)
SESSION = UUID(int=0xC1)
STAFF = UUID(int=0xD1)
TILL = UUID(int=0xE1)
ITEM = UUID(int=0xF1)
TODAY = date(2026, 11, 20)


def a_profile(venue_id: UUID = VENUE) -> VenueProfile:
    """A venue in Tokyo, where it is 21:00 at NOW."""
    return VenueProfile(
        venue_id=venue_id,
        name="Last Light Shibuya",
        status=VenueStatus.OPEN,
        tz=ZoneInfo("Asia/Tokyo"),
        currency="JPY",
        lat=35.6595,
        lon=139.7005,
        capacity=600,
        hours={},
        settings=DEFAULT,
        version=1,
    )


SHARED = {
    Address(ActorKind.VENUE, venue_id): a_profile(venue_id) for venue_id in (VENUE, OTHER_VENUE)
}
PATRON = a_principal(USER)
AT_COUNTER = a_principal(STAFF, Role.STAFF, VENUE)


def a_user(**changes: Any) -> User:
    """Somebody of 26 years, verified."""
    known = {
        "id": USER,
        "email": "patron@lastlight.example",
        "password_hash": "-",
        "display_name": "Somebody",
        "pseudonym": UUID(int=0xA2),
        "created_at": NOW - timedelta(days=100),
        "birth_date": date(2000, 6, 1),
        "age_verified_at": NOW - timedelta(days=90),
    }
    return User(**(known | changes))


def a_lot(
    amount_minor: int, source: CreditSource = CreditSource.PAID, **changes: Any
) -> CreditGrant:
    """A lot of credit, full."""
    known = {
        "id": IDS.fresh(),
        "user_id": USER,
        "venue_id": VENUE,
        "source": source,
        "currency": "JPY",
        "amount_minor": amount_minor,
        "remaining_minor": amount_minor,
        "priority": 100,
        "expires_at": None,
        "transaction_id": None,
        "created_at": NOW - timedelta(days=30),
    }
    return CreditGrant(**(known | changes))


def an_account(
    *rows: Record, paid: int = 0, bonus: int = 0, user: User | None = None
) -> AccountState:
    """An account with a lot of paid and one of bonus credit, and other rows."""
    lots = [row for row in rows if isinstance(row, CreditGrant)]
    lots += [a_lot(paid)] if paid else []
    lots += [a_lot(bonus, CreditSource.BONUS)] if bonus else []
    sums: Counter[CreditSource] = Counter()
    for lot in lots:
        sums[lot.source] += lot.remaining_minor
    others = [row for row in rows if not isinstance(row, CreditGrant)]
    made: list[Record] = [user or a_user(), *lots, *others]
    if lots and not any(isinstance(row, Credits) for row in rows):
        made.append(
            Credits(
                user_id=USER,
                currency="JPY",
                paid_minor=sums[CreditSource.PAID],
                bonus_minor=sums[CreditSource.BONUS],
                ledger_seq=len(lots),
            )
        )
    return filled(AccountState(ACCOUNT), made)


def here(
    *, now: datetime = NOW, principal: Principal | None = PATRON, in_saga: bool = True
) -> Context:
    """A context of the account, with both venues sharing their profiles."""
    return a_context(ACCOUNT, now=now, principal=principal, shared=SHARED, in_saga=in_saga)


def an_exclusion(kind: ExclusionKind = ExclusionKind.COOL_OFF, **changes: Any) -> Exclusion:
    """An exclusion that began yesterday, for a week, everywhere."""
    known = {
        "id": IDS.fresh(),
        "user_id": USER,
        "venue_id": None,
        "kind": kind,
        "starts_at": NOW - timedelta(days=1),
        "ends_at": NOW + timedelta(days=6),
        "reason": None,
        "created_by": USER,
    }
    return Exclusion(**(known | changes))


def an_admission(session_id: UUID = SESSION, **changes: Any) -> AdmitPatron:
    """A venue's question: may this patron come in to the lounge?"""
    known = {
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


def a_line(amount_minor: int, *, tax_minor: int = 0, day: date = TODAY) -> UsageLine:
    """Some time in the lounge, of a segment of its own."""
    return UsageLine(
        segment_id=IDS.fresh(),
        activity=Activity.LOUNGE,
        business_day=day,
        amount_minor=amount_minor,
        tax_minor=tax_minor,
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
    hold_id: UUID, *lines: UsageLine, tick: int = 9, session_id: UUID = SESSION
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
    )


def a_purchase(**changes: Any) -> PurchaseItems:
    """A patron's order of one thing."""
    known = {"venue_id": VENUE, "lines": (OrderLine(qty=1, item_id=ITEM),)}
    return PurchaseItems(**(known | changes))


def a_priced_line(total_minor: int, **changes: Any) -> PricedLine:
    """A line as the venue priced it: one of something to eat, untaxed."""
    known = {
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
    known = {"venue_id": VENUE, "tender": Tender.CASH, "user_id": USER}
    known |= {} if "package_id" in changes else {"amount_minor": 1000}
    return TopUpCredits(**(known | changes))


def cash_taken(price_minor: int, *, bonus_minor: int = 0, **changes: Any) -> PostTopUp:
    """A till's word that the cash is in it."""
    known = {
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


def rows_of(outcome: Outcome, kind: type[Record]) -> list[Any]:
    """The rows of one class among an outcome's changes and appends."""
    return [row for row in (*outcome.changes, *outcome.appends) if isinstance(row, kind)]


def types_of(outcome: Outcome) -> list[str]:
    """The types of an outcome's events, in order."""
    return [event.type for event in outcome.events]


def hold_of(state: AccountState) -> CreditHold:
    """The open hold of the open visit."""
    assert state.visit is not None
    hold = state.open_hold(state.visit.hold_id)
    assert hold is not None
    return hold


def sums_of(outcomes: Iterable[Outcome]) -> Counter[str]:
    """The books: the sum of all postings by account."""
    sums: Counter[str] = Counter()
    for outcome in outcomes:
        for posting in rows_of(outcome, LedgerPosting):
            sums[posting.account_code] += posting.amount_minor
    return sums


def assert_books(state: AccountState, outcome: Outcome, now: datetime = NOW) -> None:
    """Rule 9, L1, L2 and L4, after an outcome that was applied to the state."""
    for journal in rows_of(outcome, LedgerJournal):
        lines = [p for p in rows_of(outcome, LedgerPosting) if p.journal_id == journal.id]
        assert lines, "a journal without lines"
        assert sum(line.amount_minor for line in lines) == 0
        assert (journal.seq, journal.hash) == (None, None), "given at flush"
    wallet = state.credits("JPY")
    lots = state.lots("JPY").values()
    assert min(wallet.paid_minor, wallet.bonus_minor, wallet.held_minor) >= 0
    assert wallet.receivable_minor <= 0
    for source, balance in (
        (CreditSource.PAID, wallet.paid_minor),
        (CreditSource.BONUS, wallet.bonus_minor),
    ):
        assert sum(lot.remaining_minor for lot in lots if lot.source is source) == balance
    holds = [hold for hold in state.all(CreditHold) if hold.status is HoldStatus.OPEN]
    assert sum(hold.amount_minor - hold.captured_minor for hold in holds) == wallet.held_minor
    for hold in state.all(CreditHold):
        held = sum(source.amount_minor for source in hold.sources)
        assert held == (
            hold.amount_minor - hold.captured_minor if hold.status is HoldStatus.OPEN else 0
        )
    frozen = balances_of(wallet).is_frozen
    assert state.available_minor("JPY", now) == (0 if frozen else available_minor(lots, now))
