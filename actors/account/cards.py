"""Saved cards by reference: five at most, one of them the default. No number is ever seen."""

from __future__ import annotations

from typing import Final

from actors.account.pending import LIVE
from actors.account.state import AccountState
from actors.rules.permissions import not_found
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from protocol.addresses import OUTSIDE
from protocol.errors import Code, Refusal
from protocol.internal.payments import CustomerKnown, ForgetCard, ReadCustomer
from protocol.operations.payments import AddPaymentMethod, RemovePaymentMethod
from protocol.records.payments import Payment, PaymentMethod
from protocol.records.users import User
from protocol.replies.base import Done
from protocol.replies.payments import CardSetup, SavedCard

CARDS_MAX: Final = 5
NOT_SAVED_YET: Final = "requires_confirmation"
SAVED: Final = "saved"


@decides(AddPaymentMethod)
def decide_add_payment_method(
    state: AccountState, command: AddPaymentMethod, context: Context
) -> Decision:
    """Begin to save a card, or save the one that the provider has confirmed."""
    cards = saved_cards(state)
    card = command.card
    if card is not None:
        known = next((one for one in cards if one.provider_id == card.provider_id), None)
        if known is not None:
            return Outcome(reply=_saved(command, known))
    if len(cards) >= CARDS_MAX:
        return Refusal(
            Code.METHOD_LIMIT, f"{CARDS_MAX} cards are saved, the most there may be; remove one"
        )
    if card is None and command.setup_intent_id is None and command.begun_id is not None:
        return Outcome(
            reply=CardSetup(setup_intent_id=command.begun_id, status=NOT_SAVED_YET),
            changes=named_at_provider(state, command.customer_id),
        )
    if card is None and command.setup_intent_id is not None and command.begun_id is not None:
        return Outcome(
            reply=CardSetup(setup_intent_id=command.setup_intent_id, status=NOT_SAVED_YET)
        )
    if card is None:
        return Refusal(Code.PROVIDER_UNAVAILABLE, "cards are not taken now; try again later")
    default = command.make_default or not cards
    saved = PaymentMethod(
        id=context.fresh_id(),
        user_id=state.user_id,
        provider_id=card.provider_id,
        brand=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        is_default=default,
        created_at=context.now,
    )
    others = [one.revised(is_default=False) for one in cards if default and one.is_default]
    return Outcome(reply=_saved(command, saved), changes=(saved, *others))


@decides(RemovePaymentMethod)
def decide_remove_payment_method(
    state: AccountState, command: RemovePaymentMethod, context: Context
) -> Decision:
    """Forget a card here and at the provider; the newest other becomes the default."""
    card = state.get(PaymentMethod, command.method_id)
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    if card is None or card.removed_at is not None or principal.user_id != state.user_id:
        return not_found(f"payment method {command.method_id}")
    if any(one.method_id == card.id and one.status in LIVE for one in state.all(Payment)):
        return Refusal(
            Code.METHOD_IN_USE, f"a payment with card {card.id} is still under way; wait for it"
        )
    removed = card.revised(removed_at=context.now, is_default=False)
    others = [one for one in saved_cards(state) if one.id != card.id]
    newest = max(others, key=lambda one: (one.created_at, one.id), default=None)
    heir = (newest.revised(is_default=True),) if card.is_default and newest is not None else ()
    forget = ForgetCard(method_id=card.id, provider_id=card.provider_id)
    return Outcome(
        reply=Done(),
        changes=(removed, *heir),
        sends=(Send(OUTSIDE, forget, detached=True),),
    )


@decides(ReadCustomer)
def decide_read_customer(state: AccountState, command: ReadCustomer, context: Context) -> Decision:
    """Tell the gateway under which name the provider keeps this person's cards."""
    return Outcome(reply=CustomerKnown(customer_id=state.user.provider_customer_id))


def named_at_provider(state: AccountState, customer_id: str | None) -> tuple[User, ...]:
    """The person's row with the provider's name for them, if it is news; the first one stays."""
    if customer_id is None or state.user.provider_customer_id is not None:
        return ()
    return (state.user.revised(provider_customer_id=customer_id),)


def saved_cards(state: AccountState) -> list[PaymentMethod]:
    """The cards that are saved now."""
    return [card for card in state.all(PaymentMethod) if card.removed_at is None]


def _saved(command: AddPaymentMethod, card: PaymentMethod) -> CardSetup:
    view = SavedCard(
        method_id=card.id,
        brand=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        is_default=card.is_default,
        created_at=card.created_at,
    )
    return CardSetup(setup_intent_id=command.setup_intent_id or "", status=SAVED, method=view)
