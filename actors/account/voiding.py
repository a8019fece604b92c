"""Time that was charged and goes back: a visit that is voided, or that ended earlier (Rule 9).

What goes back goes to the lots that it came from, newest first, by one mirror journal of each
business day's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

import attrs

from actors.account.state import AccountState
from actors.account.wallet import WalletDraft, wallet_of
from actors.rules import journals
from actors.rules.corrections import excess_minor, taken_back
from actors.rules.grants import give_back, join
from actors.rules.journals import Sale
from actors.rules.ledger import JournalDraft
from actors.rules.money import tax_of
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.internal.managing import (
    FindOpenOrders,
    NoOpenOrders,
    TellAgain,
    VisitVoided,
    VoidVisit,
)
from protocol.internal.orders import RevenueBooked
from protocol.records.money import Purchase, Transaction
from protocol.records.money_states import (
    HoldStatus,
    PurchaseStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.values import HoldSource

TIME = "time"
"""The kind of revenue that a visit's time is."""
VOID = "void"
"""The source of the journal that takes a voided transaction back."""


@decides(VoidVisit)
def decide_void_visit(state: AccountState, command: VoidVisit, context: Context) -> Decision:
    """Give back all that the visit cost and held, unless something was bought in it."""
    hold = state.open_hold(command.hold_id)
    if hold is None or state.visit_of(command.session_id) is None:
        return Refusal(
            Code.SESSION_NOT_VOIDABLE, f"session {command.session_id} is settled; refund it instead"
        )
    bought = [line for line in state.purchases_in(command.session_id) if _stands(line)]
    if bought:
        return Refusal(
            Code.SESSION_NOT_VOIDABLE,
            f"{len(bought)} purchases hang on session {command.session_id}; refund them and check "
            "it out",
        )
    wallet = wallet_of(state, context, venue_id=command.venue_id, currency=hold.currency)
    sends: list[Send] = []
    reversed_minor = 0
    for transaction in time_of(state, command.session_id):
        mirror, _ = _mirror(
            wallet, transaction, transaction.amount_minor, transaction.tax_minor, VOID
        )
        # The visit's own event says what went back; mirrors belong to the open day (Rule 5).
        wallet.post(mirror, transaction_id=transaction.id)
        wallet.put(transaction.evolve(status=TransactionStatus.VOIDED))
        reversed_minor += transaction.amount_minor
        sends.append(_unbooked(wallet, transaction.amount_minor, transaction.tax_minor))
    # What was captured is back too, so of this hold nothing was used.
    wallet.put(wallet.close_hold(hold).evolve(status=HoldStatus.RELEASED))
    answer = VisitVoided(
        session_id=command.session_id, reason=command.reason, reversed_minor=reversed_minor
    )
    session = Address(ActorKind.SESSION, command.session_id)
    undo = TellAgain(session_id=command.session_id, voided=answer)
    return attrs.evolve(
        wallet.outcome("session_voided"),
        sends=(Send(session, answer, undo=undo if context.in_saga else None), *sends),
    )


@decides(TellAgain)
def decide_tell_again(state: AccountState, command: TellAgain, context: Context) -> Decision:
    """The session could not take the word that its books are closed: say it again.

    What was posted stands. Told twice, a session that is over does nothing.
    """
    session = Address(ActorKind.SESSION, command.session_id)
    words = (command.settled, command.voided)
    return Outcome(sends=tuple(Send(session, word, detached=True) for word in words if word))


@decides(FindOpenOrders)
def decide_find_open_orders(
    state: AccountState, command: FindOpenOrders, context: Context
) -> Decision:
    """Refuse a check-out while something paid by card was not brought."""
    waiting = [line for line in state.purchases_in(command.session_id) if _waits(state, line)]
    if waiting:
        names = ", ".join(line.name for line in waiting[:3])
        return Refusal(
            Code.OPEN_ORDERS_EXIST,
            f"{len(waiting)} lines paid by card were not served yet ({names}); have them served, "
            "or check out with carry_over",
        )
    session = Address(ActorKind.SESSION, command.session_id)
    return Outcome(sends=(Send(session, NoOpenOrders(session_id=command.session_id)),))


@attrs.frozen(kw_only=True)
class Correction:
    """What a visit's time costs, where more may have been charged. Amounts are by business day."""

    session_id: UUID
    owed_minor: Mapping[date, int]
    days: Iterable[date]
    """Of the journals that are being posted just now."""
    tax_bp: int
    source: str


@attrs.frozen(kw_only=True)
class Corrected:
    """What went back of a visit's time, what the venue is told of it, and the last journal."""

    returned_minor: int = 0
    sends: tuple[Send, ...] = ()
    journal_id: UUID | None = None


def give_back_excess(state: AccountState, wallet: WalletDraft, correction: Correction) -> Corrected:
    """Give back what was charged beyond what the visit cost, by business day (Rule 12)."""
    stored = dict(_charged_days(state, wallet, correction))
    charged = {day: row.amount_minor for day, row in stored.items()}
    total_minor = excess_minor(charged, correction.owed_minor)
    sends: list[Send] = []
    journal_id = None
    for day, minor in taken_back(charged, correction.owed_minor, total_minor).items():
        row = stored[day]
        tax_minor = row.tax_minor - tax_of(row.amount_minor - minor, correction.tax_bp)
        mirror, parts = _mirror(wallet, row, minor, tax_minor, correction.source)
        today = row.evolve(business_day=wallet.business_day)
        journal_id = wallet.post_for(today, mirror, amount_minor=-minor, tax_minor=tax_minor)
        wallet.put(
            row.evolve(
                amount_minor=row.amount_minor - minor,
                tax_minor=row.tax_minor - tax_minor,
                sources=_without(row.sources, parts),
            )
        )
        sends.append(_unbooked(wallet, minor, tax_minor))
    return Corrected(returned_minor=total_minor, sends=tuple(sends), journal_id=journal_id)


def _unbooked(wallet: WalletDraft, gross_minor: int, tax_minor: int) -> Send:
    """What the venue is told of revenue that is none any more."""
    booked = RevenueBooked(
        business_day=wallet.business_day, gross_minor=-gross_minor, tax_minor=-tax_minor
    )
    return Send(Address(ActorKind.VENUE, wallet.venue_id), booked, detached=True)


def _mirror(
    wallet: WalletDraft,
    transaction: Transaction,
    amount_minor: int,
    tax_minor: int,
    source: str,
) -> tuple[JournalDraft, tuple[HoldSource, ...]]:
    """What takes time back: credit to its lots, newest first."""
    parts = give_back(transaction.sources, amount_minor, wallet.lots)
    wallet.give_back(parts)
    sale = Sale(revenue_kind=TIME, gross_minor=amount_minor, tax_minor=tax_minor)
    mirror = journals.refund(
        user_id=wallet.user_id, venue_id=wallet.venue_id, sales=[sale], parts=parts, source=source
    )
    return mirror, parts


def time_of(state: AccountState, session_id: UUID) -> list[Transaction]:
    """The transactions that a visit's time was charged to before this decision."""
    return [
        transaction
        for transaction in state.posted(TransactionKind.USAGE)
        if transaction.session_id == session_id
    ]


def _charged_days(
    state: AccountState, wallet: WalletDraft, correction: Correction
) -> Iterable[tuple[date, Transaction]]:
    """The visit's transactions of time as they are by now, in order of their days."""
    days = {row.business_day for row in time_of(state, correction.session_id)}
    for day in sorted({day for day in days if day is not None} | {*correction.days}):
        if (found := wallet.usage_of(correction.session_id, day)) is not None:
            yield day, found


def _without(sources: Iterable[HoldSource], parts: Iterable[HoldSource]) -> tuple[HoldSource, ...]:
    gone = {part.grant_id: part.amount_minor for part in join(parts)}
    left = (
        attrs.evolve(source, amount_minor=source.amount_minor - gone.get(source.grant_id, 0))
        for source in join(sources)
    )
    return tuple(source for source in left if source.amount_minor > 0)


def _stands(line: Purchase) -> bool:
    return line.status is not PurchaseStatus.VOIDED


def _waits(state: AccountState, line: Purchase) -> bool:
    transaction = state.get(Transaction, line.transaction_id)
    by_card = transaction is not None and transaction.tender is Tender.CARD
    return by_card and line.status is PurchaseStatus.ORDERED
