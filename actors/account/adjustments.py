"""The books put right by hand: a balanced journal that an owner writes (Rule 9, L3).

The account decides it whose wallet it touches, else that of the owner who writes it. Lots follow
the wallet's lines; what is held follows holds, and can't be written by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final
from uuid import UUID

import attrs

from actors.account.standing import profile_at
from actors.account.state import AccountState
from actors.account.wallet import WalletDraft, wallet_of
from actors.rules.ledger import PostingDraft, credit_parts, journal, user_account
from actors.rules.permissions import not_found, refuse_at_venue
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Send
from protocol.addresses import ActorKind, Address, Role
from protocol.chart import kind_of, may_be_negative
from protocol.errors import Code, FieldError, Refusal
from protocol.internal.orders import RevenueBooked
from protocol.operations.wallet import PostAdjustment
from protocol.records.money import Transaction
from protocol.records.money_states import (
    AccountKind,
    CreditSource,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.values import HoldSource
from protocol.replies.wallet import Adjusted

SOURCE: Final = "adjustment"
_LOTS: Final = {AccountKind.PAID: CreditSource.PAID, AccountKind.BONUS: CreditSource.BONUS}


@decides(PostAdjustment)
def decide_post_adjustment(
    state: AccountState, command: PostAdjustment, context: Context
) -> Decision:
    """Post it, unless it is unbalanced, touches what it may not, or would overdraw an account."""
    assert context.principal is not None, "a command of the contract has a principal"
    venue_id, profile = command.venue_id, profile_at(context, command.venue_id)
    if profile is None:
        return not_found(f"venue {venue_id}")
    wallet = wallet_of(state, context, venue_id=venue_id, currency=profile.currency)
    sums = _sums(command)
    refusal = (
        refuse_at_venue(context.principal, Role.OWNER, venue_id)
        or _refuse_unbalanced(command)
        or _refuse_accounts(state, command)
        or _refuse_overdraft(wallet, command, sums)
    )
    if refusal is not None:
        return refusal
    transaction = _transaction(wallet, context, command, sums)
    lines = _lines(wallet, transaction, sums)
    if isinstance(lines, Refusal):
        return lines
    wallet.put(transaction)
    draft = journal(SOURCE, lines)
    journal_id = wallet.post_for(
        transaction, draft, amount_minor=transaction.amount_minor, memo=command.reason
    )
    assert journal_id is not None, "a journal of nothing was refused"
    line = audited(
        context,
        "ledger.adjusted",
        "transaction",
        transaction.id,
        venue_id=venue_id,
        after={"corrects_id": command.corrects_id, "postings": dict(sums)},
    )
    outcome = wallet.outcome(SOURCE)
    answer = Adjusted(
        transaction_id=transaction.id,
        journal_id=journal_id,
        status=transaction.status,
        amount_minor=transaction.amount_minor,
        currency=wallet.currency,
    )
    return attrs.evolve(
        outcome,
        reply=answer,
        appends=(*outcome.appends, line),
        sends=_telling(wallet, sums),
    )


def _sums(command: PostAdjustment) -> Counter[str]:
    sums: Counter[str] = Counter()
    for line in command.postings:
        sums[line.account] += line.amount_minor
    return Counter({code: amount for code, amount in sums.items() if amount})


def _refuse_unbalanced(command: PostAdjustment) -> Refusal | None:
    total_minor = sum(line.amount_minor for line in command.postings)
    if total_minor != 0:
        return Refusal(
            Code.JOURNAL_UNBALANCED,
            f"the lines sum to {total_minor} minor, not to 0; credits are +, debits −",
            extra={"sum_minor": total_minor},
        )
    if not _sums(command):
        detail = "the lines undo one another: nothing would be posted"
        return Refusal(
            Code.VALIDATION_FAILED, detail, errors=(FieldError("/postings", "required", detail),)
        )
    return None


def _refuse_accounts(state: AccountState, command: PostAdjustment) -> Refusal | None:
    """Accounts of this venue, of the platform, and of the one wallet named; nothing held."""
    errors = []
    for n, line in enumerate(command.postings):
        fault = _fault_of(line.account, command.venue_id, command.user_id)
        gives = line.amount_minor > 0 and fault is None and kind_of(line.account) in _LOTS
        if gives and state.is_erased:
            fault = f"{line.account} is of an account that has ended, and takes no credit"
        if fault is not None:
            errors.append(FieldError(f"/postings/{n}/account", "not_allowed", fault))
    if not errors:
        return None
    detail = "; ".join(error.detail for error in errors)
    return Refusal(Code.VALIDATION_FAILED, detail, errors=tuple(errors))


def _fault_of(code: str, venue_id: UUID, user_id: UUID | None) -> str | None:
    try:
        kind = kind_of(code)
    except ValueError:
        return f"{code} is no account"
    whose, id_, *_ = code.split(":")
    if kind is AccountKind.HELD:
        return f"{code} follows the holds; settle them instead"
    if whose == "venue" and id_ != str(venue_id):
        return f"{code} is of another venue"
    if whose == "user" and id_ != str(user_id):
        return f"{code} is not of the wallet in user_id"
    return None


def _refuse_overdraft(
    wallet: WalletDraft, command: PostAdjustment, sums: Mapping[str, int]
) -> Refusal | None:
    """L2: only receivable, clearing, tills and promo may be negative, and no debt is positive."""
    known: Mapping[str, int] = {
        user_account(wallet.user_id, AccountKind.PAID): wallet.balances.paid_minor,
        user_account(wallet.user_id, AccountKind.BONUS): wallet.balances.bonus_minor,
        user_account(wallet.user_id, AccountKind.RECEIVABLE): wallet.balances.receivable_minor,
    }
    shared = command.balances or {}
    for code, amount_minor in sums.items():
        before_minor = known.get(code, shared.get(code, 0))
        after_minor = before_minor + amount_minor
        owes_less_than_nothing = kind_of(code) is AccountKind.RECEIVABLE and after_minor > 0
        if owes_less_than_nothing or (
            amount_minor < 0 and after_minor < 0 and not may_be_negative(code)
        ):
            return _overdrawn(code, before_minor, amount_minor)
    return None


def _overdrawn(code: str, before_minor: int, amount_minor: int) -> Refusal:
    return Refusal(
        Code.BALANCE_WOULD_BE_NEGATIVE,
        f"{code} stands at {before_minor} minor; {amount_minor:+} is not possible",
        extra={"account": code, "balance_minor": before_minor},
    )


def _lines(
    wallet: WalletDraft, transaction: Transaction, sums: Mapping[str, int]
) -> list[PostingDraft] | Refusal:
    """The postings; those on paid and bonus credit with the lots that they change."""
    lines: list[PostingDraft] = []
    for code, amount_minor in sums.items():
        source = _LOTS.get(kind_of(code))
        if source is None:
            lines.append(PostingDraft(account_code=code, amount_minor=amount_minor))
            continue
        parts = _parts(wallet, transaction, source, amount_minor)
        if isinstance(parts, Refusal):
            # Bonus whose time is over, and which its timer has not written off yet.
            return _overdrawn(code, wallet.available_minor, amount_minor)
        lines += credit_parts(wallet.user_id, parts, sign=1 if amount_minor > 0 else -1)
    return lines


def _parts(
    wallet: WalletDraft, transaction: Transaction, source: CreditSource, amount_minor: int
) -> tuple[HoldSource, ...] | Refusal:
    if amount_minor < 0:
        return wallet.take_of(source, -amount_minor)
    lot_id = wallet.fresh_id()
    wallet.add_lot(
        lot_id, source, amount_minor, transaction_id=transaction.id, reason=transaction.reason
    )
    return (HoldSource(grant_id=lot_id, amount_minor=amount_minor, source=source.value),)


def _transaction(
    wallet: WalletDraft, context: Context, command: PostAdjustment, sums: Mapping[str, int]
) -> Transaction:
    own = [amount for code, amount in sums.items() if code.startswith(f"user:{wallet.user_id}:")]
    moved = sum(amount for amount in sums.values() if amount > 0)
    assert context.principal is not None
    return Transaction(
        id=wallet.fresh_id(),
        venue_id=wallet.venue_id,
        user_id=wallet.user_id,
        kind=TransactionKind.ADJUSTMENT,
        status=TransactionStatus.POSTED,
        tender=Tender.CREDITS,
        amount_minor=sum(own) if own else moved,
        currency=wallet.currency,
        business_day=wallet.business_day,
        about_id=command.corrects_id,
        reason=command.reason,
        created_by=context.principal.user_id,
        occurred_at=wallet.now,
        posted_at=wallet.now,
    )


def _telling(wallet: WalletDraft, sums: Mapping[str, int]) -> tuple[Send, ...]:
    """The venue's live figures, where the lines touch what it earned."""
    tax_minor = sum(n for code, n in sums.items() if kind_of(code) is AccountKind.TAX)
    net_minor = sum(n for code, n in sums.items() if kind_of(code) is AccountKind.REVENUE)
    if tax_minor == net_minor == 0:
        return ()
    booked = RevenueBooked(
        business_day=wallet.business_day, gross_minor=net_minor + tax_minor, tax_minor=tax_minor
    )
    return (Send(Address(ActorKind.VENUE, wallet.venue_id), booked, detached=True),)
