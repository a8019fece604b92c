"""What an approved refund does to the books, and what its failure undoes (Rules 9 and 10).

To credits it is done at once: parts go back to the lots they came from, the newest first. To a card
the journal is posted, the provider is asked with the refund's id as its key, and its word ends it;
a failure mirrors the journal, so the credit is back.
"""

from __future__ import annotations

from uuid import UUID

import attrs

from actors.account.outcomes import together
from actors.account.paid import booked
from actors.account.pending import lines_of
from actors.account.refund_telling import ask_provider, refund_view, told_path
from actors.account.state import AccountState
from actors.account.wallet import WalletDraft, wallet_of
from actors.rules import journals
from actors.rules.grants import give_back, join
from actors.rules.journals import Sale
from actors.rules.ledger import JournalDraft, mirror
from actors.rules.refunds import DEAD, reduced, remainder_of, tax_in
from actors.runtime.auditing import audited
from actors.runtime.outcome import Context, Outcome
from protocol.records.money import CreditGrant, Purchase, Refund, Transaction
from protocol.records.money_states import (
    CreditSource,
    PurchaseStatus,
    RefundStatus,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.payments import Payment
from protocol.records.values import HoldSource, RefundLine


def refunds_of(state: AccountState, transaction_id: UUID) -> list[Refund]:
    """All refunds of a transaction, whatever became of them."""
    return [one for one in state.all(Refund) if one.transaction_id == transaction_id]


def refund_transaction(state: AccountState, refund: Refund) -> Transaction | None:
    """The money event that a refund was done by."""
    for transaction in state.all(Transaction):
        if transaction.about_id == refund.id and transaction.kind is TransactionKind.REFUND:
            return transaction
    return None


def unspent_minor(state: AccountState, top_up: Transaction) -> int:
    """What is left of the paid credit that a top-up gave; what is held is not left."""
    return sum(lot.remaining_minor for lot in _lots_of(state, top_up, CreditSource.PAID))


def give_refund(
    state: AccountState, refund: Refund, amount_minor: int, note: str | None, context: Context
) -> Outcome:
    """Do what was approved: post it, and ask the provider where it goes to a card."""
    assert context.principal is not None, "somebody approved it"
    original = state.get(Transaction, refund.transaction_id)
    assert original is not None, "what is refunded was looked at"
    decider = context.principal.user_id
    wallet = wallet_of(state, context, venue_id=refund.venue_id, currency=refund.currency)
    kept = reduced(refund.lines, amount_minor) if refund.lines else ()
    lines = _with_tax(state, original, refund, kept)
    approved = refund.evolve(
        lines=lines,
        amount_minor=amount_minor,
        decided_by=decider,
        decided_at=context.now,
        note=note or refund.note,
    )
    tax_minor = sum(line.tax_minor for line in lines)
    transaction = Transaction(
        id=context.fresh_id(),
        venue_id=refund.venue_id,
        user_id=state.user_id,
        kind=TransactionKind.REFUND,
        status=TransactionStatus.POSTED,
        tender=original.tender,
        amount_minor=-amount_minor,
        tax_minor=-tax_minor,
        currency=refund.currency,
        business_day=wallet.business_day,
        session_id=original.session_id,
        reverses_id=original.id,
        about_id=refund.id,
        reason=refund.reason_code,
        created_by=decider,
        occurred_at=context.now,
        posted_at=context.now,
    )
    wallet.put(transaction)
    parts, draft = _moved_back(wallet, state, original, approved, transaction.id)
    journal_id = wallet.post_for(
        transaction, draft, amount_minor=-amount_minor, tax_minor=tax_minor
    )
    payment = None if refund.payment_id is None else state.get(Payment, refund.payment_id)
    end = RefundStatus.SUCCEEDED if payment is None else RefundStatus.PROCESSING
    done = approved.revised(
        status=end, parts=parts, journal_id=journal_id, tries=0 if payment is None else 1
    )
    sold = original.kind is TransactionKind.PURCHASE
    entry = audited(
        context, "refund.approved", "refund", refund.id, venue_id=refund.venue_id,
        before={"amount_minor": refund.amount_minor}, after={"amount_minor": amount_minor},
    )  # fmt: skip
    more = Outcome(
        changes=(done, *_counted(state, original, approved, +1)),
        appends=(entry,),
        events=told_path(done, refund.status, decider),
        sends=(*(booked(transaction) if sold else ()), *ask_provider(done, payment)),
    )
    return together(wallet.outcome("refund"), more, reply=refund_view(done))


def take_back(state: AccountState, refund: Refund, context: Context) -> Outcome:
    """The card did not take it: mirror the journal, and the credit is back (Rule 10)."""
    original = state.get(Transaction, refund.transaction_id)
    transaction = refund_transaction(state, refund)
    assert original is not None and transaction is not None, (  # noqa: PT018
        f"the money event of refund {refund.id} is known for a year"
    )
    wallet = wallet_of(state, context, venue_id=refund.venue_id, currency=refund.currency)
    wallet.give_back(refund.parts)
    source = f"refund_failed:{refund.id}"
    if original.kind is TransactionKind.TOPUP:
        draft = _top_up_draft(wallet, refund.parts, source, sign=-1)
    else:
        done = journals.refund(
            user_id=wallet.user_id,
            venue_id=wallet.venue_id,
            sales=_sales(state, original, refund),
            source=source,
        )
        draft = mirror(done, source=source)
    wallet.put(transaction.evolve(status=TransactionStatus.VOIDED, reason="refund_failed"))
    wallet.post(draft, transaction_id=transaction.id)
    corrected = transaction.evolve(
        business_day=wallet.business_day,
        amount_minor=-transaction.amount_minor,
        tax_minor=-transaction.tax_minor,
    )
    sold = original.kind is TransactionKind.PURCHASE
    more = Outcome(
        changes=_counted(state, original, refund, -1),
        sends=booked(corrected) if sold else (),
    )
    return together(wallet.outcome("refund_failed"), more)


def _moved_back(
    wallet: WalletDraft,
    state: AccountState,
    original: Transaction,
    refund: Refund,
    transaction_id: UUID,
) -> tuple[tuple[HoldSource, ...], JournalDraft]:
    """The parts that move in the wallet, which moves them, and the journal of it."""
    source = f"refund:{refund.id}"
    if original.kind is TransactionKind.TOPUP:
        parts = _take_top_up(wallet, state, original, refund.amount_minor)
        return parts, _top_up_draft(wallet, parts, source, sign=+1)
    parts = ()
    if refund.payment_id is None:
        parts = _give_credit(wallet, state, original, refund, transaction_id)
    draft = journals.refund(
        user_id=wallet.user_id,
        venue_id=wallet.venue_id,
        sales=_sales(state, original, refund),
        parts=parts,
        source=source,
    )
    return parts, draft


def _take_top_up(
    wallet: WalletDraft, state: AccountState, original: Transaction, amount_minor: int
) -> tuple[HoldSource, ...]:
    """All that is left of the bonus first, then so much of the paid credit."""
    parts: list[HoldSource] = []
    for source, most_minor in ((CreditSource.BONUS, None), (CreditSource.PAID, amount_minor)):
        left_minor = most_minor
        for lot in _lots_of(state, original, source):
            taken = lot.remaining_minor
            if left_minor is not None:
                taken = min(taken, left_minor)
                left_minor -= taken
            if taken:
                wallet.put(lot.evolve(remaining_minor=lot.remaining_minor - taken))
                parts.append(HoldSource(grant_id=lot.id, amount_minor=taken, source=source.value))
    return tuple(parts)


def _top_up_draft(
    wallet: WalletDraft, parts: tuple[HoldSource, ...], source: str, *, sign: int
) -> JournalDraft:
    draft = journals.top_up_back(
        user_id=wallet.user_id,
        venue_id=wallet.venue_id,
        paid=[part for part in parts if part.source == CreditSource.PAID.value],
        bonus=[part for part in parts if part.source == CreditSource.BONUS.value],
        source=source,
    )
    return draft if sign > 0 else mirror(draft, source=source)


def _give_credit(
    wallet: WalletDraft,
    state: AccountState,
    original: Transaction,
    refund: Refund,
    transaction_id: UUID,
) -> tuple[HoldSource, ...]:
    """Back to the lots that paid; what no credit paid becomes paid credit."""
    earlier = join(*(one.parts for one in refunds_of(state, original.id) if one.status not in DEAD))
    paid_minor = sum(part.amount_minor for part in original.sources)
    before_minor = sum(
        part.amount_minor for part in earlier if part.grant_id in _ids(original.sources)
    )
    to_lots_minor = min(refund.amount_minor, paid_minor - before_minor)
    parts = give_back(original.sources, to_lots_minor, wallet.lots, given_back=earlier)
    wallet.give_back(parts)
    rest_minor = refund.amount_minor - to_lots_minor
    if rest_minor == 0:
        return parts
    lot_id = wallet.fresh_id()
    wallet.add_lot(lot_id, CreditSource.PAID, rest_minor, transaction_id=transaction_id)
    new = HoldSource(grant_id=lot_id, amount_minor=rest_minor, source=CreditSource.PAID.value)
    return (*parts, new)


def _ids(parts: tuple[HoldSource, ...]) -> set[UUID]:
    return {part.grant_id for part in parts}


def _with_tax(
    state: AccountState, original: Transaction, refund: Refund, parts: tuple[RefundLine, ...]
) -> tuple[RefundLine, ...]:
    """The lines of a refund with the tax that goes back in each."""
    others = [one for one in refunds_of(state, original.id) if one.id != refund.id]
    lines = {line.id: line for line in lines_of(state, original.id)}
    return tuple(
        attrs.evolve(
            part,
            tax_minor=tax_in(
                lines[part.purchase_id],
                part.amount_minor,
                remainder_of(lines[part.purchase_id], others),
            ),
        )
        for part in parts
    )


def _sales(state: AccountState, original: Transaction, refund: Refund) -> list[Sale]:
    """What the venue had earned by what goes back, with the tax in it."""
    kinds = {line.id: line.revenue_kind for line in lines_of(state, original.id)}
    return [
        Sale(
            revenue_kind=kinds[part.purchase_id],
            gross_minor=part.amount_minor,
            tax_minor=part.tax_minor,
        )
        for part in refund.lines
    ]


def _counted(
    state: AccountState, original: Transaction, refund: Refund, sign: int
) -> tuple[Purchase, ...]:
    """The lines with what was refunded of them."""
    wanted = {part.purchase_id: part.qty for part in refund.lines}
    changed = []
    for line in lines_of(state, original.id):
        if line.id not in wanted:
            continue
        qty = line.refunded_qty + sign * wanted[line.id]
        had = PurchaseStatus.ORDERED if line.served_at is None else PurchaseStatus.SERVED
        status = PurchaseStatus.REFUNDED if qty == line.qty else had
        changed.append(line.revised(refunded_qty=qty, status=status))
    return tuple(changed)


def _lots_of(state: AccountState, top_up: Transaction, source: CreditSource) -> list[CreditGrant]:
    return [
        lot
        for lot in state.all(CreditGrant)
        if lot.transaction_id == top_up.id and lot.source is source
    ]
