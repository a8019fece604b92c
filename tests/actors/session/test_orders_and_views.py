"""What a session says: to the account about a buyer, and to people about the visit."""

from __future__ import annotations

from uuid import UUID

from actors.session.behaviour import SESSION
from protocol.addresses import ActorKind, Address
from protocol.codec import to_json
from protocol.domain_limits import SESSION_DRINKS_MAX
from protocol.errors import Code, Refusal
from protocol.internal.orders import Buyer, OrderPosted, PriceOrder, VouchOrder
from protocol.internal.visits import DescribeVisit, VisitDescribed
from protocol.operations.sessions import CheckOut, GetSession, PauseSession, QuoteMeter
from protocol.operations.transactions import OrderLine, PurchaseItems
from protocol.records.states import Activity, SessionStatus
from protocol.replies.sessions import MeterQuote, SessionDetail
from tests.actors.deciding import accepted, refused_with
from tests.actors.session.visit_kit import (
    MINUTE,
    OTHER_VENUE,
    OWN,
    Visit,
    a_fix,
    a_visit,
)
from tests.actors.session.visit_opening import (
    START,
    USER,
    VENUE_ID,
)
from tests.actors.session.visit_wallet import (
    RECEIPT,
)

ITEM, TRANSACTION = UUID(int=41), UUID(int=42)


def a_vouch(visit: Visit, venue_id: UUID = VENUE_ID) -> VouchOrder:
    return VouchOrder(
        order=PurchaseItems(venue_id=venue_id, lines=(OrderLine(qty=1, item_id=ITEM),)),
        buyer=Buyer(user_id=USER, age_years_verified=30, session_id=visit.id),
        transaction_id=TRANSACTION,
    )


def an_order(milli: int = 1300, plays: int = 0) -> OrderPosted:
    return OrderPosted(
        transaction_id=TRANSACTION, total_minor=700, standard_drinks_milli=milli, plays=plays
    )


def vouched(visit: Visit) -> Buyer:
    (send,) = accepted(visit.decide(a_vouch(visit))).sends
    assert send.target == Address(ActorKind.VENUE, VENUE_ID)
    assert isinstance(send.command, PriceOrder)
    return send.command.buyer


def test_the_session_vouches_for_persons_level_and_pace() -> None:
    """Rule 7: the venue decides on drinks of the last 60 and 120 minutes and of the day."""
    visit = a_visit()
    visit.do(an_order(1000), in_saga=False)
    visit.go_to(START + 90 * MINUTE)
    visit.do(an_order(500), in_saga=False)
    visit.go_to(START + 130 * MINUTE)
    visit.do(an_order(0), in_saga=False)
    buyer = vouched(visit)
    assert (buyer.persons_present, buyer.safety_level) == (2, 0)
    assert buyer.drinks_milli_by_window == (500, 500, 1500)
    assert (visit.notes.orders, visit.notes.spent_minor) == (3, 2100)


def test_nobody_is_vouched_for_after_the_visit_or_elsewhere() -> None:
    """The visit is over, or it is not at the venue of the order."""
    visit = a_visit()
    assert refused_with(visit.decide(a_vouch(visit, OTHER_VENUE))) is Code.NOT_FOUND
    visit.held_back = True
    visit.do(CheckOut(session_id=visit.id), OWN)
    assert refused_with(visit.decide(a_vouch(visit))) is Code.SESSION_CLOSED
    visit.deliver()
    assert refused_with(visit.decide(a_vouch(visit))) is Code.SESSION_CLOSED
    visit.do(an_order(), in_saga=False)


def test_a_play_ends_the_grace_of_a_short_visit() -> None:
    """Rule 3: short visits are free with no room or play."""
    visit = a_visit()
    visit.do(an_order(0, plays=1), in_saga=False)
    visit.go_to(START + 3 * MINUTE)
    visit.do(CheckOut(session_id=visit.id), OWN)
    assert visit.wallet.charged == 60


def test_rounds_beyond_the_bound_are_added_up_and_never_forgotten() -> None:
    """Notes are bounded; a drink that was had stays counted for its day."""
    visit = a_visit()
    for _ in range(SESSION_DRINKS_MAX + 5):
        visit.do(an_order(10), in_saga=False)
    assert len(visit.notes.drinks) == SESSION_DRINKS_MAX
    assert vouched(visit).drinks_milli_by_window[2] == 10 * (SESSION_DRINKS_MAX + 5)


def test_a_visit_reads_its_notes_once_and_anew_when_it_changes() -> None:
    """Who looks again and again costs little, and sees what the last order left."""
    visit = a_visit()
    seen = visit.state.notes_of(visit.session)
    assert visit.state.notes_of(visit.session)[0] is seen[0]
    visit.do(an_order(10), in_saga=False)
    assert visit.state.notes_of(visit.session)[0] == visit.notes != seen[0]


def test_a_visit_shows_its_segments_hold_and_charge() -> None:
    """GET /api/sessions/{id}: open, and over, from the same actor."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    detail = visit.do(GetSession(session_id=visit.id), OWN)
    assert isinstance(detail, SessionDetail)
    assert (detail.charge_minor, detail.charged_minor, detail.held_minor) == (200, 200, 300)
    assert detail.segments[0].active_ms == 600_000
    assert detail.holds[0].amount_minor == 300
    visit.do(CheckOut(session_id=visit.id), OWN)
    kept = visit.do(GetSession(session_id=visit.id), OWN)
    assert isinstance(kept, SessionDetail)
    assert (kept.status, kept.receipt_id, kept.charge_minor) == (
        SessionStatus.CLOSED,
        RECEIPT,
        200,
    )
    assert kept.version > detail.version


def test_the_meter_quotes_time_by_status_and_the_end_of_funds() -> None:
    """A pure function of the segments and now: nothing waits for the next tick."""
    visit = a_visit(1000)
    visit.go_to(START + 10 * MINUTE)
    visit.do(PauseSession(session_id=visit.id), OWN)
    visit.go_to(START + 15 * MINUTE)
    quote = visit.do(QuoteMeter(session_id=visit.id), OWN)
    assert isinstance(quote, MeterQuote)
    assert quote.elapsed_ms == {SessionStatus.ACTIVE: 600_000, SessionStatus.PAUSED: 300_000}
    assert quote.billable_ms == {Activity.ARCADE_TIME: 600_000}
    assert (quote.charge_minor, quote.cap_left_minor, quote.funds_end_at) == (200, 5800, None)
    assert quote.held_minor + quote.available_minor + quote.charge_minor == 1000
    visit.do(CheckOut(session_id=visit.id), OWN)
    last = visit.do(QuoteMeter(session_id=visit.id), OWN)
    assert isinstance(last, MeterQuote)
    assert (last.charge_minor, last.as_of) == (200, visit.history.ended_at)
    assert last.charge_by_activity == {Activity.ARCADE_TIME: 200}


def test_a_running_quote_says_when_funds_end() -> None:
    """1000 minor at 1200 an hour are fifty minutes and the rest of the last unit."""
    visit = a_visit(1000)
    quote = visit.do(QuoteMeter(session_id=visit.id), OWN)
    assert isinstance(quote, MeterQuote)
    assert quote.funds_end_at is not None
    assert (quote.funds_end_at - START) // MINUTE == 50


def test_a_visit_is_described_to_the_account_that_asks() -> None:
    """The patron's own live view; of a visit that is over there is nothing to show."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    (send,) = accepted(visit.decide(DescribeVisit(session_id=visit.id))).sends
    assert send.target == Address(ActorKind.ACCOUNT, USER)
    assert isinstance(send.command, VisitDescribed)
    assert send.command.summary is not None
    assert send.command.summary.charge_minor == 200
    visit.do(CheckOut(session_id=visit.id), OWN)
    (send,) = accepted(visit.decide(DescribeVisit(session_id=visit.id))).sends
    assert send.command == VisitDescribed(summary=None)


def test_an_operator_sees_how_a_visit_stands_and_not_whose_it_is() -> None:
    """A stuck visit is understood by its figures; who it is and where is nobody's business."""
    visit = a_visit()
    shown = SESSION.masked(visit.state)
    assert shown["status"] is SessionStatus.ACTIVE
    assert (shown["party_size"], shown["segments"], shown["safety_level"]) == (2, 1, 0)
    assert (shown["held_minor"], shown["charged_minor"]) == (300, 0)
    visit.do(CheckOut(session_id=visit.id), OWN)
    over = SESSION.masked(visit.state)
    for told in (to_json(shown).decode(), to_json(over).decode()):
        assert "Guest" not in told
        assert str(USER) not in told
        assert '"lat"' not in told


def test_a_fix_of_the_kit_is_where_it_says() -> None:
    """Or the tests of the fence would show nothing."""
    assert a_fix(START, 0).lat < a_fix(START, 100).lat
    assert not isinstance(a_fix(START), Refusal)
