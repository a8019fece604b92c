"""Saved cards, decided: five at most, one the default, and none in use removed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from actors.account.cards import decide_add_payment_method, decide_remove_payment_method
from protocol.errors import Code
from protocol.internal.payments import (
    ForgetCard,
)
from protocol.operations.payments import AddPaymentMethod, ConfirmedCard, RemovePaymentMethod
from protocol.records.money import CreditGrant
from protocol.records.money_states import (
    PaymentStatus,
)
from protocol.records.payments import PaymentMethod
from tests.actors.account.card_kit import (
    a_payment,
)
from tests.actors.account.wallets import (
    USER,
    an_account,
    here,
)
from tests.actors.deciding import NOW, a_principal, accepted, after, refused_with


def a_saved_card(n: int, **changes: Any) -> PaymentMethod:
    known: dict[str, Any] = {
        "id": UUID(int=0x900 + n), "user_id": USER, "provider_id": f"pm_{n}", "brand": "visa",
        "last4": "4242", "exp_month": 1, "exp_year": 2030, "is_default": n == 1,
        "created_at": NOW + timedelta(minutes=n),
    }  # fmt: skip
    return PaymentMethod(**(known | changes))


def confirmed(n: int, **more: Any) -> AddPaymentMethod:
    card = ConfirmedCard(provider_id=f"pm_{n}", brand="visa", last4="1", exp_month=1, exp_year=30)
    return AddPaymentMethod(setup_intent_id="seti_1", begun_id="seti_1", card=card, **more)


def test_five_cards_at_most_and_one_of_them_the_default() -> None:
    """The same card again is the same card; the sixth is refused, whether begun or confirmed."""
    state = an_account(*(a_saved_card(n) for n in range(1, 5)))
    after(
        state, accepted(decide_add_payment_method(state, confirmed(5, make_default=True), here()))
    )
    assert [c.provider_id for c in state.all(PaymentMethod) if c.is_default] == ["pm_5"]
    again = accepted(decide_add_payment_method(state, confirmed(5), here()))
    assert not again.writes
    assert refused_with(decide_add_payment_method(state, confirmed(6), here())) is Code.METHOD_LIMIT
    begin = AddPaymentMethod(begun_id="seti_2")
    assert refused_with(decide_add_payment_method(state, begin, here())) is Code.METHOD_LIMIT


def test_a_removed_default_leaves_it_to_the_newest_other() -> None:
    """Gone here and at the provider; in use, it stays."""
    state = an_account(*(a_saved_card(n) for n in range(1, 4)))
    command = RemovePaymentMethod(method_id=UUID(int=0x901))
    outcome = accepted(decide_remove_payment_method(state, command, here()))
    after(state, outcome)
    assert [c.provider_id for c in state.all(PaymentMethod) if c.is_default] == ["pm_3"]
    assert [type(send.command) for send in outcome.sends] == [ForgetCard]
    assert refused_with(decide_remove_payment_method(state, command, here())) is Code.NOT_FOUND
    state.put(a_payment(PaymentStatus.PROCESSING, method_id=UUID(int=0x902)))
    used = RemovePaymentMethod(method_id=UUID(int=0x902))
    assert refused_with(decide_remove_payment_method(state, used, here())) is Code.METHOD_IN_USE
    stranger = here(principal=a_principal(UUID(int=0xBAD)))
    assert refused_with(decide_remove_payment_method(state, used, stranger)) is Code.NOT_FOUND
    assert not list(state.all(CreditGrant))
