"""Buying: what the account refuses at once, and whom it asks next."""

from __future__ import annotations

from uuid import UUID

import attrs
import pytest

from actors.account.orders import decide_purchase_items
from actors.account.state import AccountState
from actors.runtime.outcome import LATER, Outcome
from protocol.addresses import ActorKind, Address, Principal, Role
from protocol.errors import Code
from protocol.internal.orders import PriceOrder, VouchOrder
from protocol.messages import Provenance
from protocol.records.money_states import Tender
from protocol.records.states import ExclusionKind, UserStatus
from tests.actors.account.asking import (
    a_purchase,
    a_visitor,
)
from tests.actors.account.wallets import (
    AT_COUNTER,
    OTHER_VENUE,
    PATRON,
    SESSION,
    USER,
    VENUE,
    a_limit,
    a_lot,
    a_user,
    an_account,
    an_exclusion,
    here,
    owing,
)
from tests.actors.deciding import NOW, a_principal, accepted, after, refused, refused_with


def test_an_order_in_a_visit_is_vouched_for_by_the_session_first() -> None:
    """Pace, level and persons present are the session's to know (Rule 7)."""
    outcome = accepted(decide_purchase_items(a_visitor(), a_purchase(), here()))
    assert outcome.reply is LATER
    assert (outcome.changes, outcome.appends, outcome.events) == ((), (), ()), (
        "nothing has moved yet"
    )
    (send,) = outcome.sends
    assert send.target == Address(ActorKind.SESSION, SESSION)
    assert isinstance(send.command, VouchOrder)
    buyer = send.command.buyer
    assert (buyer.user_id, buyer.session_id, buyer.age_years_verified) == (USER, SESSION, 26)
    assert send.undo is None, "the venue takes back what the venue took"


@pytest.mark.parametrize("elsewhere", [False, True])
def test_an_order_without_a_visit_here_goes_straight_to_the_venue(elsewhere: bool) -> None:
    """Someone without a session buys too; a session elsewhere says nothing about here."""
    state = a_visitor() if elsewhere else an_account(paid=1000)
    order = a_purchase(venue_id=OTHER_VENUE if elsewhere else VENUE)
    (send,) = accepted(decide_purchase_items(state, order, here())).sends
    assert send.target == Address(ActorKind.VENUE, order.venue_id)
    assert isinstance(send.command, PriceOrder)
    assert send.command.buyer.session_id is None


def test_an_unverified_age_is_no_age() -> None:
    """What the birth date says does not count until a document was seen. Rule 7 underage."""
    state = an_account(paid=1000, user=a_user(age_verified_at=None))
    (send,) = accepted(decide_purchase_items(state, a_purchase(), here())).sends
    assert isinstance(send.command, PriceOrder)
    assert send.command.buyer.age_years_verified is None


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (an_account(paid=1, user=a_user(status=UserStatus.SUSPENDED)), Code.FORBIDDEN),
        (an_account(an_exclusion(), paid=1), Code.EXCLUDED),
        (an_account(an_exclusion(ExclusionKind.VENUE_BAN), paid=1), Code.EXCLUDED),
        (an_account(owing(5), a_lot(900)), Code.INSUFFICIENT_CREDITS),
        (an_account(a_limit(0), paid=1), Code.SPEND_LIMIT_REACHED),
    ],
)
def test_what_the_account_knows_is_refused_before_anyone_is_asked(
    state: AccountState, code: Code
) -> None:
    """No stock is touched for an order that the wallet will not pay."""
    assert refused_with(decide_purchase_items(state, a_purchase(), here())) is code


def test_cash_is_taken_by_staff_of_the_venue_and_by_nobody_else() -> None:
    """A patron has no till; what staff take goes into theirs, without a tip."""
    cash = a_purchase(tender=Tender.CASH)
    assert refused_with(decide_purchase_items(a_visitor(), cash, here())) is Code.FORBIDDEN
    at_counter = here(principal=AT_COUNTER)
    accepted(decide_purchase_items(a_visitor(paid=500), cash, at_counter))
    tipped = a_purchase(tender=Tender.CASH, tip_minor=1)
    refusal = refused(decide_purchase_items(a_visitor(), tipped, at_counter))
    assert [error.pointer for error in refusal.errors] == ["/tip_minor"]


def test_a_frozen_wallet_does_not_keep_anybody_from_paying_cash() -> None:
    """Rule 9 freezes credit, not the purse."""
    state = after(a_visitor(), Outcome(changes=(owing(5),)))
    cash = a_purchase(tender=Tender.CASH)
    accepted(decide_purchase_items(state, cash, here(principal=AT_COUNTER)))


@pytest.mark.parametrize(
    ("tender", "code"), [(Tender.CREDITS, None), (Tender.CASH, Code.VALIDATION_FAILED)]
)
def test_offline_only_credits_buy(tender: Tender, code: Code | None) -> None:
    """Rule 12: a till that nobody saw took nothing."""
    context = attrs.evolve(here(principal=AT_COUNTER), provenance=Provenance(occurred_at=NOW))
    decision = decide_purchase_items(a_visitor(), a_purchase(tender=tender), context)
    assert refused_with(decision) is code if code else accepted(decision).reply is LATER


@pytest.mark.parametrize(
    ("principal", "code"),
    [
        (PATRON, None),
        (AT_COUNTER, None),
        (a_principal(UUID(int=1), Role.MANAGEMENT, VENUE), None),
        (a_principal(UUID(int=1), Role.OWNER), None),
        (a_principal(UUID(int=1)), Code.NOT_FOUND),
        (a_principal(UUID(int=1), Role.OWNER, OTHER_VENUE), Code.NOT_FOUND),
    ],
)
def test_only_the_own_patron_and_people_of_the_venue_may_buy(
    principal: Principal, code: Code | None
) -> None:
    """Rule 15: that the account exists is not told to a stranger."""
    decision = decide_purchase_items(a_visitor(), a_purchase(), here(principal=principal))
    assert refused_with(decision) is code if code else accepted(decision).reply is LATER


def test_staff_order_only_for_patrons_who_are_in() -> None:
    """Staff sell to guests, not from the wallet of somebody who is at home."""
    decision = decide_purchase_items(
        an_account(paid=1000), a_purchase(), here(principal=AT_COUNTER)
    )
    assert refused_with(decision) is Code.NOT_FOUND


def test_a_venue_that_does_not_exist_is_not_found() -> None:
    """The venue is named in the body, so nobody has looked for it before."""
    order = a_purchase(venue_id=UUID(int=0xBAD))
    assert refused_with(decide_purchase_items(an_account(), order, here())) is Code.NOT_FOUND
