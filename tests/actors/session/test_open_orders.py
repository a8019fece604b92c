"""A check-out with orders by card that were not served (POST /api/sessions/{id}/checkout)."""

from __future__ import annotations

from protocol.errors import Code, Refusal
from protocol.internal.managing import FindOpenOrders, NoOpenOrders
from protocol.internal.metering import CloseVisit
from protocol.internal.orders import Buyer, VouchOrder
from protocol.operations.sessions import CheckOut, SwitchActivity
from protocol.operations.transactions import OrderLine, PurchaseItems
from protocol.records.money_states import Tender
from protocol.records.states import Activity, CheckOutCause, SessionStatus
from protocol.replies.sessions import CheckedOut
from tests.actors.deciding import IDS, accepted
from tests.actors.session.visit_kit import MINUTE, OWN, STAFF, Visit, a_visit
from tests.actors.session.visit_opening import START, USER, VENUE_ID


def order(visit: Visit, tender: Tender = Tender.CARD) -> None:
    """Have the visit vouch for an order."""
    item = OrderLine(qty=1, item_id=IDS.fresh())
    visit.do(
        VouchOrder(
            order=PurchaseItems(venue_id=VENUE_ID, lines=(item,), tender=tender),
            buyer=Buyer(user_id=USER, age_years_verified=30, session_id=visit.id),
            transaction_id=IDS.fresh(),
        ),
        OWN,
    )


def a_visit_with_an_order(open_orders: int) -> Visit:
    visit = a_visit()
    visit.wallet.open_orders = open_orders
    order(visit)
    visit.go_to(START + 10 * MINUTE)
    return visit


def test_what_was_not_served_keeps_the_visit_open() -> None:
    """409, and the meter goes on: nobody is thrown out for a drink that is late."""
    visit = a_visit_with_an_order(1)
    answer = visit.do(CheckOut(session_id=visit.id), OWN)
    assert isinstance(answer, Refusal)
    assert answer.code is Code.OPEN_ORDERS_EXIST
    assert visit.status is SessionStatus.ACTIVE
    visit.go_to(START + 20 * MINUTE)
    assert visit.wallet.charged == 400


def test_a_move_that_is_under_way_is_not_given_up_for_it() -> None:
    """The refusal is the check-out's; the venue's answer to the move still counts."""
    visit = a_visit_with_an_order(1)
    visit.do(SwitchActivity(session_id=visit.id, activity=Activity.LOUNGE), OWN)
    visit.do(CheckOut(session_id=visit.id), OWN)
    visit.reserve(Activity.LOUNGE)
    assert visit.session.activity is Activity.LOUNGE


def test_it_may_be_carried_over() -> None:
    """Who can't wait says so, and gets it another time."""
    visit = a_visit_with_an_order(1)
    answer = visit.do(CheckOut(session_id=visit.id, carry_over=True), OWN)
    assert isinstance(answer, CheckedOut)


def test_when_everything_was_served_the_check_out_goes_on_in_its_askers_name() -> None:
    """Staff assisted is staff assisted, also after the account was asked."""
    visit = a_visit_with_an_order(0)
    assert isinstance(visit.do(CheckOut(session_id=visit.id), STAFF), CheckedOut)
    assert visit.history.cause is CheckOutCause.STAFF


def test_only_orders_by_card_are_asked_for() -> None:
    """What credits paid is theirs to fetch; a check-out need not wait for an answer about it."""
    visit = a_visit()
    order(visit, Tender.CREDITS)
    visit.held_back = True
    visit.do(CheckOut(session_id=visit.id), OWN)
    assert visit.status is SessionStatus.CLOSING
    assert not any(isinstance(sent, FindOpenOrders) for sent, _ in visit.to_account)


def test_the_end_by_the_system_asks_nobody() -> None:
    """An exclusion ends the visit whatever was ordered."""
    visit = a_visit_with_an_order(1)
    visit.do(CloseVisit(cause=CheckOutCause.EXCLUSION), in_saga=False)
    assert visit.status is SessionStatus.CLOSED


def test_an_answer_that_finds_the_visit_over_gives_the_receipt() -> None:
    """Two check-outs at once have one receipt; one of a voided visit has none."""
    visit = a_visit_with_an_order(0)
    first = visit.do(CheckOut(session_id=visit.id), OWN)
    late = accepted(visit.decide(NoOpenOrders(session_id=visit.id), OWN))
    assert late.reply == first
