"""Money in: the first and the last word of a top-up (Rules 9 and 15).

In between, the venue prices a package, and the staff member's open till takes the cash; a card's
top-up waits for its payment (see `pending`). What was paid becomes paid credit, which never
expires; what a package gives beyond is bonus.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import attrs

from actors.account.patterns import patterns_seen
from actors.account.pending import CardTopUp, open_top_up
from actors.account.receipts import top_up_receipt
from actors.account.standing import (
    business_day_at,
    profile_at,
    refuse_exclusion,
    refuse_inactive,
    refuse_stranger,
    refuse_top_up,
)
from actors.account.state import AccountState
from actors.account.wallet import WalletDraft, wallet_of
from actors.rules import journals
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, FieldError, Refusal
from protocol.internal.orders import PostTopUp, PricePackage, TakeCash
from protocol.internal.payments import OpenCardTopUp
from protocol.operations.transactions import TopUpCredits
from protocol.records.money import Receipt, Transaction
from protocol.records.money_states import (
    CreditSource,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.replies.transactions import Balance, ToppedUp

TOP_UP_LEAST_MINOR: Final = 500
TOP_UP_MOST_MINOR: Final = 50_000
"""An amount that somebody names; the price of a package is the venue's to set."""


@decides(TopUpCredits)
def decide_top_up_credits(state: AccountState, command: TopUpCredits, context: Context) -> Decision:
    """Say at once what the account alone can refuse, then have the cash taken."""
    if profile_at(context, command.venue_id) is None:
        return Refusal(Code.NOT_FOUND, f"there is no venue {command.venue_id}")
    today = business_day_at(context, command.venue_id)
    refusal = (
        refuse_stranger(state, context, command.venue_id)
        or refuse_inactive(state, Code.ACCOUNT_SUSPENDED)
        or refuse_exclusion(state, command.venue_id, context.now)
        or _refuse_tender(command, context)
        or _refuse_amount(command)
        or refuse_top_up(state, command.amount_minor or 0, today, context.now)
    )
    if refusal is not None:
        return refusal
    assert context.principal is not None, "a command of the contract has a principal"
    transaction_id = context.fresh_id()
    if command.amount_minor is None:
        price = PricePackage(topup=command, user_id=state.user_id, transaction_id=transaction_id)
        step = Send(Address(ActorKind.VENUE, command.venue_id), price)
    elif command.tender is Tender.CARD:
        return open_top_up(
            state,
            context,
            CardTopUp(
                venue_id=command.venue_id,
                transaction_id=transaction_id,
                price_minor=command.amount_minor,
            ),
        )
    else:
        take = TakeCash(
            topup=command,
            user_id=state.user_id,
            transaction_id=transaction_id,
            price_minor=command.amount_minor,
            credits_minor=command.amount_minor,
            bonus_minor=0,
            bonus_days=None,
            package_id=None,
        )
        step = Send(Address(ActorKind.STAFF, context.principal.user_id), take)
    return Outcome(reply=LATER, sends=(step,))


@decides(OpenCardTopUp)
def decide_open_card_top_up(
    state: AccountState, command: OpenCardTopUp, context: Context
) -> Decision:
    """The package has its price: wait for its payment, if own limits allow so much."""
    today = business_day_at(context, command.topup.venue_id)
    refusal = _refuse_too_many(state, command, today) or refuse_top_up(
        state, command.price_minor, today, context.now
    )
    if refusal is not None:
        return refusal
    wanted = CardTopUp(
        venue_id=command.topup.venue_id,
        transaction_id=command.transaction_id,
        price_minor=command.price_minor,
        bonus_minor=bonus_of(
            price_minor=command.price_minor,
            credits_minor=command.credits_minor,
            bonus_minor=command.bonus_minor,
        ),
        bonus_days=command.bonus_days,
        package_id=command.package_id,
    )
    return open_top_up(state, context, wanted)


@decides(PostTopUp)
def decide_post_top_up(state: AccountState, command: PostTopUp, context: Context) -> Decision:
    """The cash is in the till: credit the wallet and answer. If refused, the cash goes back."""
    venue_id = command.topup.venue_id
    profile = profile_at(context, venue_id)
    assert profile is not None, f"venue {venue_id} took cash and has shared no profile"
    wallet = wallet_of(state, context, venue_id=venue_id, currency=profile.currency)
    refusal = (
        refuse_inactive(state, Code.ACCOUNT_SUSPENDED)
        or refuse_exclusion(state, venue_id, context.now)
        or _refuse_too_many(state, command, wallet.business_day)
        or refuse_top_up(state, command.price_minor, wallet.business_day, context.now)
    )
    if refusal is not None:
        return refusal
    transaction = _transaction(state, command, context, wallet.currency)
    receipt = credit_top_up(wallet, transaction)
    bonus_minor = transaction.bonus_minor
    answer = ToppedUp(
        transaction_id=transaction.id,
        status=transaction.status,
        tender=transaction.tender,
        amount_minor=transaction.amount_minor,
        bonus_minor=bonus_minor,
        balance=Balance(
            available_minor=wallet.available_minor, held_minor=wallet.balances.held_minor
        ),
    )
    outcome = wallet.outcome("topup")
    return attrs.evolve(
        outcome,
        reply=answer,
        appends=(*outcome.appends, receipt),
        sends=(*outcome.sends, *patterns_seen(state, context, transaction)),
    )


def credit_top_up(wallet: WalletDraft, transaction: Transaction) -> Receipt:
    """Put what was paid in into the wallet: what it owes is repaid first, bonus comes on top."""
    amount_minor, bonus_minor = transaction.amount_minor, transaction.bonus_minor
    owed_minor = -wallet.balances.receivable_minor
    paid_id, bonus_id = wallet.fresh_id(), wallet.fresh_id()
    days = transaction.bonus_days
    wallet.put(transaction)
    wallet.add_lot(
        paid_id,
        CreditSource.PAID,
        amount_minor - min(amount_minor, owed_minor),
        transaction_id=transaction.id,
    )
    wallet.add_lot(
        bonus_id,
        CreditSource.BONUS,
        bonus_minor,
        transaction_id=transaction.id,
        expires_at=None if days is None else wallet.now + timedelta(days=days),
    )
    draft = journals.top_up(
        user_id=wallet.user_id,
        venue_id=wallet.venue_id,
        amount_minor=amount_minor,
        paid_grant_id=paid_id,
        owed_minor=owed_minor,
        bonus_minor=bonus_minor,
        bonus_grant_id=bonus_id,
        till_id=transaction.till_id,
    )
    journal_id = wallet.post_for(transaction, draft, amount_minor=amount_minor)
    return top_up_receipt(wallet, transaction, bonus_minor, journal_id)


def bonus_of(*, price_minor: int, credits_minor: int, bonus_minor: int) -> int:
    """What a package gives beyond its price: all of it is bonus."""
    return bonus_minor + max(0, credits_minor - price_minor)


def _refuse_tender(command: TopUpCredits, context: Context) -> Refusal | None:
    assert context.principal is not None, "a command of the contract has a principal"
    if command.tender is Tender.CARD:
        return None
    if context.principal.role_at(command.venue_id) < Role.STAFF:
        return Refusal(
            Code.FORBIDDEN, "cash is taken by staff, through their open till; ask at the counter"
        )
    return None


def _refuse_amount(command: TopUpCredits) -> Refusal | None:
    amount_minor = command.amount_minor
    if amount_minor is None or TOP_UP_LEAST_MINOR <= amount_minor <= TOP_UP_MOST_MINOR:
        return None
    detail = (
        f"must be from {TOP_UP_LEAST_MINOR} to {TOP_UP_MOST_MINOR} minor units; is {amount_minor}"
    )
    return Refusal(
        Code.AMOUNT_OUT_OF_RANGE,
        detail,
        errors=(FieldError("/amount_minor", "out_of_range", detail),),
    )


def _refuse_too_many(
    state: AccountState, command: PostTopUp | OpenCardTopUp, today: date
) -> Refusal | None:
    """A package may be sold to one person so many times on a business day."""
    if command.per_day_cap is None:
        return None
    kind = TransactionKind.TOPUP
    known = (row for row in state.posted(kind) if row.business_day == today)
    bought = sum(topup.package_id == command.package_id for topup in (*known, *state.pending(kind)))
    if bought < command.per_day_cap:
        return None
    return Refusal(
        Code.TOPUP_LIMIT_REACHED,
        f"package {command.package_id} was bought {bought} times today; {command.per_day_cap} "
        "are sold to one person on a business day",
        extra={"per_day_cap": command.per_day_cap},
    )


def _transaction(
    state: AccountState, command: PostTopUp, context: Context, currency: str
) -> Transaction:
    return Transaction(
        id=command.transaction_id,
        venue_id=command.topup.venue_id,
        user_id=state.user_id,
        kind=TransactionKind.TOPUP,
        status=TransactionStatus.POSTED,
        tender=Tender.CASH,
        amount_minor=command.price_minor,
        currency=currency,
        business_day=business_day_at(context, command.topup.venue_id),
        shift_id=command.shift_id,
        till_id=command.till_id,
        package_id=command.package_id,
        bonus_minor=bonus_of(
            price_minor=command.price_minor,
            credits_minor=command.credits_minor,
            bonus_minor=command.bonus_minor,
        ),
        bonus_days=command.bonus_days,
        created_by=command.staff_id,
        occurred_at=context.now,
        posted_at=context.now,
    )
