"""Rule 9: what each event posts, and what no journal may be."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import attrs
import pytest

from actors.rules import journals
from actors.rules.journals import Sale
from actors.rules.ledger import (
    Balances,
    JournalDraft,
    PostingDraft,
    fold,
    revenue_account,
    till_account,
    usage_source,
    user_account,
    venue_account,
)
from protocol.chart import STRIPE_CLEARING, TRANSIT, kind_of, may_be_negative
from protocol.records.money_states import AccountKind
from protocol.records.values import HoldSource
from tests.actors.rules.books import ALICE, TILL, VENUE

LOT, OTHER_LOT = UUID(int=11), UUID(int=12)


def parts(*amounts_of: tuple[UUID, int, str]) -> list[HoldSource]:
    return [HoldSource(grant_id=g, amount_minor=a, source=s) for g, a, s in amounts_of]


PAID_ACCOUNT = user_account(ALICE, AccountKind.PAID)
BONUS_ACCOUNT = user_account(ALICE, AccountKind.BONUS)
HELD_ACCOUNT = user_account(ALICE, AccountKind.HELD)
OWED_ACCOUNT = user_account(ALICE, AccountKind.RECEIVABLE)
TAX_ACCOUNT = venue_account(VENUE, AccountKind.TAX)
PROMO_ACCOUNT = venue_account(VENUE, AccountKind.PROMO_EXPENSE)
FOOD = Sale(revenue_kind="food", gross_minor=110, tax_minor=10)
BOTH = parts((LOT, 30, "bonus"), (OTHER_LOT, 80, "paid"))
A_TOP_UP: dict[str, Any] = {"user_id": ALICE, "venue_id": VENUE, "paid_grant_id": LOT}
A_SALE: dict[str, Any] = {"user_id": ALICE, "venue_id": VENUE, "sales": [FOOD]}


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        (
            journals.top_up(**A_TOP_UP, amount_minor=500, bonus_minor=50, bonus_grant_id=OTHER_LOT),
            {STRIPE_CLEARING: -500, PAID_ACCOUNT: 500, PROMO_ACCOUNT: -50, BONUS_ACCOUNT: 50},
        ),
        (
            journals.top_up(**A_TOP_UP, amount_minor=500, till_id=TILL),
            {till_account(VENUE, TILL): -500, PAID_ACCOUNT: 500},
        ),
        (
            journals.top_up(**A_TOP_UP, amount_minor=500, owed_minor=200),
            {STRIPE_CLEARING: -500, OWED_ACCOUNT: 200, PAID_ACCOUNT: 300},
        ),
        (
            journals.grant_bonus(user_id=ALICE, venue_id=VENUE, amount_minor=5, grant_id=LOT),
            {PROMO_ACCOUNT: -5, BONUS_ACCOUNT: 5},
        ),
        (
            journals.hold(user_id=ALICE, parts=BOTH, source="h"),
            {PAID_ACCOUNT: -80, BONUS_ACCOUNT: -30, HELD_ACCOUNT: 110},
        ),
        (
            journals.release(user_id=ALICE, parts=BOTH, source="r"),
            {PAID_ACCOUNT: 80, BONUS_ACCOUNT: 30, HELD_ACCOUNT: -110},
        ),
        (
            journals.usage(**A_SALE, parts=BOTH, source=usage_source(LOT, 1)),
            {HELD_ACCOUNT: -110, revenue_account(VENUE, "food"): 100, TAX_ACCOUNT: 10},
        ),
        (
            journals.purchase(**A_SALE, parts=BOTH),
            {
                BONUS_ACCOUNT: -30,
                PAID_ACCOUNT: -80,
                revenue_account(VENUE, "food"): 100,
                TAX_ACCOUNT: 10,
            },
        ),
        (
            journals.purchase(**A_SALE),
            {STRIPE_CLEARING: -110, revenue_account(VENUE, "food"): 100, TAX_ACCOUNT: 10},
        ),
        (
            journals.purchase(**A_SALE, till_id=TILL),
            {
                till_account(VENUE, TILL): -110,
                revenue_account(VENUE, "food"): 100,
                TAX_ACCOUNT: 10,
            },
        ),
        (
            journals.tip(user_id=ALICE, venue_id=VENUE, parts=parts((LOT, 7, "paid"))),
            {PAID_ACCOUNT: -7, venue_account(VENUE, AccountKind.TIPS): 7},
        ),
        (
            journals.gift_out(user_id=ALICE, parts=parts((LOT, 7, "paid")), source="g"),
            {PAID_ACCOUNT: -7, TRANSIT: 7},
        ),
        (
            journals.gift_in(user_id=ALICE, amount_minor=7, grant_id=LOT, source="g"),
            {TRANSIT: -7, PAID_ACCOUNT: 7},
        ),
        (
            journals.refund(**A_SALE, parts=BOTH, source="r"),
            {
                revenue_account(VENUE, "food"): -100,
                TAX_ACCOUNT: -10,
                PAID_ACCOUNT: 80,
                BONUS_ACCOUNT: 30,
            },
        ),
        (
            journals.refund(**A_SALE, source="r"),
            {revenue_account(VENUE, "food"): -100, TAX_ACCOUNT: -10, STRIPE_CLEARING: 110},
        ),
        (
            journals.dispute(
                user_id=ALICE, amount_minor=500, parts=parts((LOT, 80, "paid")), source="d"
            ),
            {PAID_ACCOUNT: -80, OWED_ACCOUNT: -420, STRIPE_CLEARING: 500},
        ),
        (
            journals.expire_bonus(
                user_id=ALICE, venue_id=VENUE, parts=parts((LOT, 30, "bonus")), source="e"
            ),
            {BONUS_ACCOUNT: -30, PROMO_ACCOUNT: 30},
        ),
    ],
    ids=lambda value: value.source if isinstance(value, JournalDraft) else "",
)
def test_each_event_posts_as_its_row_says(draft: JournalDraft, expected: dict[str, int]) -> None:
    """The table of Rule 9, row by row; nothing else is posted. Rule 9 postings."""
    assert draft.by_account() == expected


def test_l1_a_journal_that_does_not_balance_cannot_be_made() -> None:
    """A bug must stop before anything is written, not be found by an accountant."""
    with pytest.raises(AssertionError, match="sums to 5, not 0"):
        JournalDraft(source="x", postings=(PostingDraft(account_code=TRANSIT, amount_minor=5),))


def test_l3_a_journal_cannot_be_changed() -> None:
    """Not even in memory, before it is written."""
    draft = journals.hold(user_id=ALICE, parts=BOTH, source="h")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        draft.source = "z"  # type: ignore[misc]


def test_what_would_overdraw_a_wallet_is_a_bug() -> None:
    """L2 is an invariant behind the decision, never the decision itself."""
    draft = journals.tip(user_id=ALICE, venue_id=VENUE, parts=parts((LOT, 7, "paid")))
    with pytest.raises(AssertionError):
        fold(Balances(paid_minor=6), ALICE, [draft])


@pytest.mark.parametrize(
    ("code", "kind", "negative"),
    [
        (PAID_ACCOUNT, AccountKind.PAID, False),
        (BONUS_ACCOUNT, AccountKind.BONUS, False),
        (HELD_ACCOUNT, AccountKind.HELD, False),
        (OWED_ACCOUNT, AccountKind.RECEIVABLE, True),
        (TAX_ACCOUNT, AccountKind.TAX, False),
        (PROMO_ACCOUNT, AccountKind.PROMO_EXPENSE, True),
        (revenue_account(VENUE, "food"), AccountKind.REVENUE, False),
        (till_account(VENUE, TILL), AccountKind.TILL, True),
        (venue_account(VENUE, AccountKind.TIPS), AccountKind.TIPS, False),
        (venue_account(VENUE, AccountKind.REFUND_CLEARING), AccountKind.REFUND_CLEARING, True),
        (venue_account(VENUE, AccountKind.DISPUTE_LOSS), AccountKind.DISPUTE_LOSS, False),
        (STRIPE_CLEARING, AccountKind.STRIPE_CLEARING, True),
        (TRANSIT, AccountKind.TRANSIT, False),
    ],
)
def test_a_code_says_what_its_account_is(code: str, kind: AccountKind, negative: bool) -> None:
    """L2 by code, for all thirteen kinds of account."""
    assert kind_of(code) is kind
    assert may_be_negative(code) is negative


@pytest.mark.parametrize("code", ["", "user:1:tips", "venue:1:revenue", "platform:paid", "x:y:z"])
def test_a_code_of_no_account_is_an_error(code: str) -> None:
    """A typo must not open a new account."""
    with pytest.raises(ValueError, match=r"code of no account|is not a valid"):
        kind_of(code)
