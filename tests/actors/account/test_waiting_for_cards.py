"""What waits for a card, decided: it counts against caps and stands on no receipt of a visit."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from actors.account.admission import decide_admit_patron
from actors.account.shortening import decide_shorten_visit
from actors.account.topups import decide_open_card_top_up
from actors.account.visit import decide_settle_visit
from actors.runtime.outcome import Outcome
from protocol.errors import Code
from protocol.internal.payments import OpenCardTopUp
from protocol.internal.shortening import ShortenVisit
from protocol.operations.transactions import TopUpCredits
from protocol.records.money import Receipt, Transaction
from protocol.records.money_states import PaymentStatus, Tender, TransactionKind, TransactionStatus
from tests.actors.account.asking import a_settlement, an_admission
from tests.actors.account.card_kit import SALE, a_sold_line, a_transaction, begun, told
from tests.actors.account.wallets import SESSION, TODAY, VENUE, an_account, here, hold_of, rows_of
from tests.actors.deciding import NOW, accepted, after, refused_with

PACKAGE = UUID(int=5)


def the_offer(n: int) -> OpenCardTopUp:
    """The offer of the day, of which each person may have two."""
    topup = TopUpCredits(venue_id=VENUE, tender=Tender.CARD, package_id=PACKAGE)
    return OpenCardTopUp(
        topup=topup,
        transaction_id=UUID(int=0x7100 + n),
        price_minor=1_000,
        credits_minor=1_000,
        bonus_minor=500,
        bonus_days=30,
        package_id=PACKAGE,
        per_day_cap=2,
    )


def test_packages_that_wait_for_a_card_do_not_pass_the_cap_together() -> None:
    """The offer of the day comes with bonus; what is begun can be paid whenever it suits."""
    state = an_account()
    for n in range(2):
        after(state, accepted(decide_open_card_top_up(state, the_offer(n), here())))
    refused = decide_open_card_top_up(state, the_offer(2), here())
    assert refused_with(refused) is Code.TOPUP_LIMIT_REACHED
    told(state, begun(state, the_offer(0).transaction_id).id, PaymentStatus.SUCCEEDED)
    still = decide_open_card_top_up(state, the_offer(2), here())
    assert refused_with(still) is Code.TOPUP_LIMIT_REACHED, "one is paid, and one waits"


def test_the_corrected_receipt_of_a_visit_is_of_what_was_paid_by_then() -> None:
    """Rule 12: an order that waits is on neither receipt; paid meanwhile, it is on the second."""
    state = an_account(paid=1_000)
    after(state, accepted(decide_admit_patron(state, an_admission(), here())))
    sale = a_waiting_sale()
    for row in (sale, a_sold_line(session_id=SESSION)):
        state.put(row)
    settled = accepted(decide_settle_visit(state, a_settlement(hold_of(state).id), here()))
    after(state, settled)
    assert bought(settled) == 0
    assert bought(accepted(decide_shorten_visit(state, shortened(), here()))) == 0
    posted = sale.evolve(status=TransactionStatus.POSTED, business_day=TODAY, posted_at=NOW)
    state.put(posted)
    assert bought(accepted(decide_shorten_visit(state, shortened(), here()))) == 900


def a_waiting_sale() -> Transaction:
    return a_transaction(
        TransactionKind.PURCHASE,
        id=SALE,
        amount_minor=900,
        session_id=SESSION,
        status=TransactionStatus.PENDING,
        business_day=None,
        posted_at=None,
    )


def shortened() -> ShortenVisit:
    """The visit ended half an hour earlier than was known."""
    return ShortenVisit(
        session_id=SESSION,
        venue_id=VENUE,
        currency="JPY",
        corrects=UUID(int=1),
        started_at=NOW - timedelta(hours=1),
        ended_at=NOW - timedelta(minutes=30),
        duration_ms=1_800_000,
        business_day=TODAY,
        summary=(),
        owed_minor={},
        less_ms={},
        tax_bp=1_000,
    )


def bought(outcome: Outcome) -> int:
    (receipt,) = rows_of(outcome, Receipt)
    total: int = receipt.body["purchases_minor"]
    return total
