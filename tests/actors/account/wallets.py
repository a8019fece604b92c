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
from protocol.records.base import Record
from protocol.records.ledger import LedgerJournal, LedgerPosting
from protocol.records.money import CreditGrant, CreditHold, Credits
from protocol.records.money_states import CreditSource, HoldStatus
from protocol.records.states import ExclusionKind, LimitKind, LimitPeriod, VenueStatus
from protocol.records.users import Exclusion, User, UserLimit
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
    known: dict[str, Any] = {
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
    known: dict[str, Any] = {
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
    known: dict[str, Any] = {
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


def a_limit(value: int, period: LimitPeriod = LimitPeriod.DAY, **changes: Any) -> UserLimit:
    """An own limit on spending that has held since yesterday."""
    known: dict[str, Any] = {
        "id": IDS.fresh(),
        "user_id": USER,
        "kind": LimitKind.SPEND,
        "period": period,
        "value": value,
        "effective_at": NOW - timedelta(days=1),
    }
    return UserLimit(**(known | changes))


def owing(amount_minor: int) -> Credits:
    """A wallet that has 900 in it, and owes."""
    return Credits(
        user_id=USER, currency="JPY", paid_minor=900, receivable_minor=-amount_minor, ledger_seq=2
    )
