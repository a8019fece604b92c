"""Refunds, decided: who may, how much, and what it does to the books."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.account.refunds import (
    decide_decide_refund,
    decide_give_refund,
    decide_request_refund,
)
from actors.account.state import AccountState
from actors.runtime.outcome import LATER
from protocol.addresses import Role
from protocol.errors import Code
from protocol.internal.approvals import ReserveApproval
from protocol.internal.payments import (
    GiveRefund,
    RefundAtProvider,
)
from protocol.operations.refunds import (
    DecideRefund,
    RefundReason,
    RefundVerdict,
    RefundWanted,
    RequestRefund,
)
from protocol.records.money import Purchase, Refund, Transaction
from protocol.records.money_states import (
    CreditSource,
    PaymentStatus,
    PurchaseStatus,
    RefundDestination,
    RefundStatus,
    Tender,
    TransactionStatus,
)
from protocol.records.platform import AuditEntry
from protocol.records.states import ExclusionKind
from protocol.records.users import Exclusion
from tests.actors.account.card_kit import (
    AT_OFFICE,
    MANAGER,
    OF_THE_PLACE,
    SALE,
    TOP_UP,
    a_payment,
    a_refund_row,
    a_sale_from_credits,
    a_topped_up_lot,
    a_transaction,
    wallet,
)
from tests.actors.account.wallets import (
    AT_COUNTER,
    OTHER_VENUE,
    USER,
    VENUE,
    an_account,
    assert_books,
    here,
    rows_of,
    sums_of,
    types_of,
)
from tests.actors.deciding import NOW, a_principal, accepted, after, refused_with

APPROVE = RefundVerdict.APPROVE
UNDER_WAY = (RefundStatus.APPROVED, RefundStatus.PROCESSING)
ASK = RequestRefund(transaction_id=TOP_UP, reason_code=RefundReason.OTHER)
PENDING: dict[str, Any] = {
    "status": TransactionStatus.PENDING,
    "posted_at": None,
    "business_day": None,
}


def a_card_top_up(*rows: Any, left: int = 5_000, bonus: int = 0) -> AccountState:
    """A top-up of 5000 by card, of which so much is left."""
    lots = [a_topped_up_lot(left)] if left else []
    lots += [a_topped_up_lot(bonus, CreditSource.BONUS)] if bonus else []
    return an_account(a_transaction(), a_payment(), *lots, *rows)


def decided(state: AccountState, principal: Any = OF_THE_PLACE, **more: Any) -> Any:
    refund = next(iter(state.all(Refund)))
    command = DecideRefund(refund_id=refund.id, **({"decision": APPROVE} | more))
    return decide_decide_refund(state, command, here(principal=principal))


@pytest.mark.parametrize(
    ("principal", "code"),
    [
        (None, None),
        (AT_COUNTER, None),
        (a_principal(UUID(int=1)), Code.NOT_FOUND),
        (a_principal(UUID(int=1), Role.OWNER, OTHER_VENUE), Code.NOT_FOUND),
    ],
)
def test_a_patron_asks_for_their_own_and_staff_for_them(principal: Any, code: Code | None) -> None:
    """Rule 15; asking moves no money."""
    context = here() if principal is None else here(principal=principal)
    decision = decide_request_refund(a_card_top_up(), ASK, context)
    if code:
        assert refused_with(decision) is code
        return
    outcome = accepted(decision)
    assert (outcome.appends, outcome.sends) == ((), ())
    assert types_of(outcome) == ["refund.status_changed"]
    (refund,) = rows_of(outcome, Refund)
    assert (refund.amount_minor, refund.status) == (5_000, RefundStatus.REQUESTED)


def test_what_is_asked_for_is_refused_in_order() -> None:
    """What can't go back at all, then the remainder, the window, and what waits already."""
    posted = NOW - timedelta(days=20)
    old = a_transaction(posted_at=posted)
    waiting = a_refund_row(amount_minor=1_000)
    lot = a_topped_up_lot(5_000)
    to_credits = ASK.evolve(destination=RefundDestination.CREDITS)
    more = ASK.evolve(amount_minor=5_001)
    disputed = a_payment(PaymentStatus.DISPUTED)
    not_refundable, exceeds = Code.TRANSACTION_NOT_REFUNDABLE, Code.REFUND_EXCEEDS_REMAINDER
    cases: list[tuple[AccountState, RequestRefund, Code]] = [
        (an_account(), ASK, Code.NOT_FOUND),
        (an_account(a_transaction(**PENDING), lot), more, not_refundable),
        (a_card_top_up(), to_credits, not_refundable),
        (an_account(a_transaction(), disputed, lot), ASK, not_refundable),
        (an_account(a_transaction(tender=Tender.CASH), lot), ASK, not_refundable),
        (an_account(old, a_payment(), lot), more, exceeds),
        (a_card_top_up(left=0), ASK, exceeds),
        (an_account(old, a_payment(), lot, waiting), ASK, Code.REFUND_WINDOW_CLOSED),
        (a_card_top_up(waiting), ASK.evolve(amount_minor=100), Code.REFUND_PENDING),
        (a_card_top_up(waiting), ASK.evolve(amount_minor=4_001), exceeds),
    ]
    for state, command, code in cases:
        assert refused_with(decide_request_refund(state, command, here())) is code


@pytest.mark.parametrize(
    ("days", "where", "code"),
    [
        (300, None, None),
        (300, VENUE, None),
        (300, OTHER_VENUE, Code.REFUND_WINDOW_CLOSED),
        (366, None, Code.REFUND_WINDOW_CLOSED),
    ],
)
def test_who_is_kept_out_gets_unused_credit_back_however_old(
    days: int, where: UUID | None, code: Code | None
) -> None:
    """Rule 7: paid credit that can't be spent here is refundable; only the provider's year ends."""
    keeps_out = Exclusion(
        id=UUID(int=0xEC),
        user_id=USER,
        venue_id=where,
        kind=ExclusionKind.SELF_EXCLUSION if where is None else ExclusionKind.VENUE_BAN,
        starts_at=NOW - timedelta(minutes=1),
        ends_at=None,
        reason=None,
        created_by=USER,
    )
    old = a_transaction(posted_at=NOW - timedelta(days=days))
    state = an_account(old, a_payment(), a_topped_up_lot(5_000), keeps_out)
    decision = decide_request_refund(state, ASK, here())
    if code is None:
        (refund,) = rows_of(accepted(decision), Refund)
        assert refund.amount_minor == 5_000
    else:
        assert refused_with(decision) is code


def test_lines_are_of_the_purchase_and_within_what_is_left() -> None:
    """Per line: sold − already refunded − pending."""
    state = a_sale_from_credits()
    (line,) = state.all(Purchase)
    ask = RequestRefund(
        transaction_id=SALE,
        reason_code=RefundReason.QUALITY,
        lines=(RefundWanted(purchase_id=line.id, qty=2),),
    )
    outcome = accepted(decide_request_refund(state, ask, here()))
    (refund,) = rows_of(outcome, Refund)
    assert (refund.amount_minor, refund.payment_id) == (600, None)
    many = ask.evolve(lines=(RefundWanted(purchase_id=line.id, qty=4),))
    assert refused_with(decide_request_refund(state, many, here())) is Code.REFUND_EXCEEDS_REMAINDER
    other = ask.evolve(lines=(RefundWanted(purchase_id=UUID(int=9), qty=1),))
    assert refused_with(decide_request_refund(state, other, here())) is Code.VALIDATION_FAILED


def test_credit_goes_back_to_the_lots_it_came_from_the_newest_first() -> None:
    """Rule 9: bonus that paid comes back as bonus; the venue's revenue and tax go with it."""
    state = a_sale_from_credits()
    ask = RequestRefund(transaction_id=SALE, reason_code=RefundReason.QUALITY)
    after(state, accepted(decide_request_refund(state, ask, here())))
    outcome = accepted(decided(state, amount_minor=500))
    after(state, outcome)
    assert_books(state, outcome)
    assert (wallet(state).bonus_minor, wallet(state).paid_minor) == (500, 400 + 200)
    sums = sums_of([outcome])
    assert sums[f"venue:{VENUE}:tax"] == -45
    assert sums[f"venue:{VENUE}:revenue:food"] == -455
    (line,) = state.all(Purchase)
    assert (line.refunded_qty, line.status) == (3, PurchaseStatus.REFUNDED)
    steps = [e.data["to"] for e in outcome.events if e.type == "refund.status_changed"]
    assert steps == ["approved", "processing", "succeeded"]
    (entry,) = rows_of(outcome, AuditEntry)
    assert entry.action == "refund.approved"
    (transaction,) = rows_of(outcome, Transaction)
    assert (transaction.amount_minor, transaction.tax_minor) == (-500, -45)


@pytest.mark.parametrize("status", list(RefundStatus))
@pytest.mark.parametrize("verdict", list(RefundVerdict))
def test_a_decision_in_every_state(status: RefundStatus, verdict: RefundVerdict) -> None:
    """Only what waits is decided, and once."""
    state = a_card_top_up(a_refund_row(status=status))
    refund = next(iter(state.all(Refund)))
    command = DecideRefund(refund_id=refund.id, decision=verdict)
    decision = decide_decide_refund(state, command, here(principal=OF_THE_PLACE))
    if status is RefundStatus.REQUESTED:
        accepted(decision)
    else:
        assert refused_with(decision) is Code.REFUND_DECIDED


def test_who_decides_and_how_much_in_the_contract_s_order() -> None:
    """Rule 10 two_people: the limit, then whose request it is, whether it is decided, the rest."""
    big = a_card_top_up(a_refund_row(amount_minor=5_001))
    own = a_principal(USER, Role.MANAGEMENT, VENUE)
    filed = a_card_top_up(a_refund_row(requested_by=MANAGER))
    done = a_card_top_up(a_refund_row(status=RefundStatus.REJECTED, requested_by=MANAGER))
    spent = a_card_top_up(a_refund_row(), left=1_000)
    assert refused_with(decided(big, AT_OFFICE)) is Code.APPROVAL_LIMIT_EXCEEDED
    assert refused_with(decided(big, own)) is Code.APPROVAL_LIMIT_EXCEEDED
    assert refused_with(decided(a_card_top_up(a_refund_row()), own)) is Code.SELF_APPROVAL
    assert refused_with(decided(filed, AT_OFFICE)) is Code.SELF_APPROVAL
    assert refused_with(decided(done, AT_OFFICE)) is Code.SELF_APPROVAL
    assert refused_with(decided(spent, AT_OFFICE)) is Code.REFUND_EXCEEDS_REMAINDER
    ok = a_card_top_up(a_refund_row())
    more = decided(ok, AT_OFFICE, amount_minor=2_001)
    assert refused_with(more) is Code.REFUND_EXCEEDS_REMAINDER
    assert refused_with(decided(ok, AT_COUNTER)) is Code.FORBIDDEN
    elsewhere = a_principal(MANAGER, Role.MANAGEMENT, OTHER_VENUE)
    assert refused_with(decided(ok, elsewhere)) is Code.NOT_FOUND


def test_what_can_not_be_given_any_more_can_be_rejected() -> None:
    """Rule 10: rejecting gives nothing, so it asks for nothing that is left."""
    spent = a_card_top_up(a_refund_row(), left=0)
    more = {"decision": RefundVerdict.REJECT, "amount_minor": 5_001}
    outcome = accepted(decided(spent, AT_OFFICE, **more))
    (refund,) = rows_of(outcome, Refund)
    assert refund.status is RefundStatus.REJECTED
    own = a_card_top_up(a_refund_row(requested_by=MANAGER), left=0)
    assert refused_with(decided(own, AT_OFFICE, **more)) is Code.SELF_APPROVAL


def test_management_s_approval_goes_over_the_venue_and_an_owner_s_does_not() -> None:
    """Only the venue sees the day's sum; nothing moves before it has counted."""
    state = a_card_top_up(a_refund_row())
    outcome = accepted(decided(state, AT_OFFICE))
    assert outcome.reply is LATER
    (send,) = outcome.sends
    assert isinstance(send.command, ReserveApproval)
    assert (send.command.decider_id, send.command.amount_minor) == (MANAGER, 2_000)
    assert outcome.changes == ()
    refund = next(iter(state.all(Refund)))
    step = GiveRefund(refund_id=refund.id, amount_minor=2_000, note=None)
    given = accepted(decide_give_refund(state, step, here(principal=AT_OFFICE)))
    assert any(isinstance(send.command, RefundAtProvider) for send in given.sends)


def test_bonus_of_a_top_up_is_taken_back_first_and_only_unspent_credit_goes_to_the_card() -> None:
    """Rule 10 bonus_first; the clearing account gives what the card gets."""
    state = a_card_top_up(a_refund_row(amount_minor=3_000), left=4_000, bonus=200)
    outcome = accepted(decided(state))
    after(state, outcome)
    assert_books(state, outcome)
    assert (wallet(state).paid_minor, wallet(state).bonus_minor) == (1_000, 0)
    sums = sums_of([outcome])
    assert sums["platform:stripe_clearing"] == 3_000
    assert sums[f"venue:{VENUE}:promo_expense"] == 200
    (refund,) = state.all(Refund)
    assert refund.status is RefundStatus.PROCESSING
