"""Cash for what is sold at the bar, and tips: what comes to somebody through whom they serve."""

from __future__ import annotations

import attrs

from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from actors.runtime.telling import tell
from actors.staff.figures import till_changed
from actors.staff.state import StaffState
from actors.staff.tills import expecting
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.events.staff import StaffTipReceived
from protocol.internal.orders import ReturnCash, TakeOrderCash
from protocol.internal.payments import GiveCashBack, KeepCash
from protocol.internal.wallet import AllotTip
from protocol.records.ledger import Till
from protocol.records.money_states import TillStatus


@decides(TakeOrderCash)
def decide_take_order_cash(state: StaffState, command: TakeOrderCash, context: Context) -> Decision:
    """Put the cash of an order into the till; it goes back if the account says no."""
    order, till = command.order, state.open_till
    if till is None or till.venue_id != order.order.venue_id:
        return Refusal(
            Code.TILL_NOT_OPEN, "cash goes into an open till at this venue; open yours first"
        )
    filled = till.revised(expected_minor=till.expected_minor + order.total_minor)
    post = order.evolve(buyer=attrs.evolve(order.buyer, till_id=till.id), shift_id=till.shift_id)
    back = ReturnCash(
        till_id=till.id, transaction_id=order.transaction_id, amount_minor=order.total_minor
    )
    account = Address(ActorKind.ACCOUNT, order.buyer.user_id)
    return Outcome(
        changes=(filled,),
        events=(till_changed(filled),),
        sends=(Send(account, post, undo=back if context.in_saga else None),),
    )


@decides(GiveCashBack)
def decide_give_cash_back(state: StaffState, command: GiveCashBack, context: Context) -> Decision:
    """Take the cash of a voided sale out of its till; what was counted is not opened again."""
    till = state.get(Till, command.till_id)
    if till is None or till.status is not TillStatus.OPEN:
        return Refusal(
            Code.TRANSACTION_NOT_VOIDABLE,
            f"its cash was counted with till {command.till_id}; give it back as credit by a refund",
        )
    keep = KeepCash(till_id=till.id, amount_minor=command.amount_minor)
    void = command.void.evolve(cash_given_back=True)
    account = Address(ActorKind.ACCOUNT, command.account_id)
    return attrs.evolve(
        expecting(till, -command.amount_minor),
        sends=(Send(account, void, undo=keep if context.in_saga else None),),
    )


@decides(KeepCash)
def decide_keep_cash(state: StaffState, command: KeepCash, context: Context) -> Decision:
    """The account said no: the till expects what it did. A count meanwhile is set right."""
    return expecting(state.get(Till, command.till_id), command.amount_minor)


@decides(AllotTip)
def decide_allot_tip(state: StaffState, command: AllotTip, context: Context) -> Decision:
    """Tell who served; the money is with the venue, as a liability to them."""
    received = StaffTipReceived(
        transaction_id=command.transaction_id,
        amount_minor=command.amount_minor,
        currency=command.currency,
        business_day=command.business_day,
    )
    return Outcome(events=(tell(received, user_id=state.staff_id),))
