"""What staff sell for cash passes through their till, and tips are told to who served."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from protocol.addresses import ActorKind, Address
from protocol.errors import Code
from protocol.internal.orders import PostOrder, ReturnCash
from protocol.internal.payments import GiveCashBack, GiveVoid, KeepCash
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


def test_cash_of_a_voided_sale_leaves_an_open_till_and_no_other() -> None:
    """What was counted is not opened again; if the account says no, the cash stays."""
    work = with_till()
    till = work.till()
    work.sell_for_cash(700)
    void = GiveVoid(transaction_id=UUID(int=9), reason="wrong table")
    ask = GiveCashBack(void=void, account_id=PATRON, till_id=till.id, amount_minor=700)
    outcome = work.do(ask)
    assert work.till().expected_minor == 1000
    assert [event.type for event in outcome.events] == ["till.changed"]
    (send,) = outcome.sends
    assert send.target == Address(ActorKind.ACCOUNT, PATRON)
    assert send.command == void.evolve(cash_given_back=True)
    assert send.undo == KeepCash(till_id=till.id, amount_minor=700)
    count(work, 1000)
    work.do(send.undo, in_saga=False)
    assert (work.till().expected_minor, work.till().variance_minor) == (1700, -700)
    assert refused_with(work.do(ask)) is Code.TRANSACTION_NOT_VOIDABLE
    assert refused_with(Work().do(ask)) is Code.TRANSACTION_NOT_VOIDABLE


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
