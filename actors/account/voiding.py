"""Time that was charged and goes back: a visit that is voided, or that ended earlier (Rule 9).

What goes back goes to the lots that it came from, newest first, by one mirror journal of each
business day's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from actors.account.state import AccountState
from actors.account.wallet import WalletDraft, wallet_of
from actors.rules import journals
from actors.rules.grants import give_back, join
from actors.rules.journals import Sale
from actors.rules.ledger import JournalDraft
from actors.rules.money import tax_of
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.internal.managing import FindOpenOrders, NoOpenOrders, VisitVoided, VoidVisit
from protocol.internal.orders import RevenueBooked
from protocol.internal.visits import SettleVisit
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
    visit, hold = state.visit_of(command.session_id), state.open_hold(command.hold_id)
    if visit is None or hold is None:
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
    for transaction in _time_of(state, command.session_id):
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
    return attrs.evolve(
        wallet.outcome("session_voided"),
        removes=(visit,),
        sends=(Send(session, answer), *sends),
    )


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


def give_back_excess(
    state: AccountState, wallet: WalletDraft, command: SettleVisit
) -> tuple[int, tuple[Send, ...]]:
    """Give back what was charged beyond what the visit cost, by business day (Rule 12).

    Returns what goes back, and what the venue is told of it.
    """
    if command.owed_minor is None:
        return 0, ()
    returned_minor = 0
    sends: list[Send] = []
    for stored in _charged_days(state, wallet, command):
        assert stored.business_day is not None
        owed_minor = command.owed_minor.get(stored.business_day, 0)
        excess_minor = stored.amount_minor - owed_minor
        if excess_minor <= 0:
            continue
        tax_minor = stored.tax_minor - tax_of(owed_minor, command.tax_bp)
        source = f"correction:{command.tick}"
        mirror, parts = _mirror(wallet, stored, excess_minor, tax_minor, source)
        today = stored.evolve(business_day=wallet.business_day)
        wallet.post_for(today, mirror, amount_minor=-excess_minor, tax_minor=tax_minor)
        wallet.put(
            stored.evolve(
                amount_minor=owed_minor,
                tax_minor=stored.tax_minor - tax_minor,
                sources=_without(stored.sources, parts),
            )
        )
        returned_minor += excess_minor
        sends.append(_unbooked(wallet, excess_minor, tax_minor))
    return returned_minor, tuple(sends)


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


def _time_of(state: AccountState, session_id: object) -> list[Transaction]:
    return [
        transaction
        for transaction in state.posted(TransactionKind.USAGE)
        if transaction.session_id == session_id
    ]


def _charged_days(
    state: AccountState, wallet: WalletDraft, command: SettleVisit
) -> Iterable[Transaction]:
    """The visit's transactions of time as they are by now, in order of their days."""
    days = {row.business_day for row in _time_of(state, command.session_id)}
    days |= {line.business_day for line in command.lines}
    for day in sorted(day for day in days if day is not None):
        if (found := wallet.usage_of(command.session_id, day)) is not None:
            yield found


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
