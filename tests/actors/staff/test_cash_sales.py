"""What staff sell for cash passes through their till, and tips are told to who served."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from protocol.addresses import ActorKind, Address
from protocol.errors import Code
from protocol.internal.orders import PostOrder, ReturnCash
from protocol.internal.wallet import AllotTip
from tests.actors.deciding import refused_with
from tests.actors.staff.shift_kit import ELSEWHERE, ME, PATRON, Work, count, with_till
from tests.actors.venue.emergencies import VENUE_ID


def test_cash_for_an_order_goes_into_the_open_till_and_on_to_the_account() -> None:
    """The account posts it with the till; until then the cash can be given back."""
    work = with_till()
    till = work.till()
    outcome = work.sell_for_cash(700)
    assert work.till().expected_minor == 1700
    (send,) = outcome.sends
    assert send.target == Address(ActorKind.ACCOUNT, PATRON)
    assert isinstance(send.command, PostOrder)
    assert (send.command.buyer.till_id, send.command.shift_id) == (till.id, till.shift_id)
    assert send.undo == ReturnCash(till_id=till.id, transaction_id=UUID(int=9), amount_minor=700)
    work.do(send.undo, in_saga=False)
    assert work.till().expected_minor == 1000


def test_nothing_is_sold_for_cash_without_an_open_till_here() -> None:
    """Cash that no till expects would be nobody's."""
    assert refused_with(Work().sell_for_cash()) is Code.TILL_NOT_OPEN
    work = with_till()
    assert refused_with(work.sell_for_cash(venue_id=ELSEWHERE)) is Code.TILL_NOT_OPEN
    count(work, 1000)
    assert refused_with(work.sell_for_cash()) is Code.TILL_NOT_OPEN


def test_a_tip_is_told_to_who_served_and_to_nobody_else() -> None:
    """It is a liability of the venue to them; whom others tipped is not for the room."""
    allotted = AllotTip(
        transaction_id=UUID(int=9),
        amount_minor=50,
        currency="JPY",
        business_day=date(2026, 11, 20),
        venue_id=VENUE_ID,
    )
    (event,) = Work().do(allotted, in_saga=False).events
    assert (event.type, event.rooms) == ("staff.tip_received", (f"user:{ME}",))
    assert event.data["amount_minor"] == 50
