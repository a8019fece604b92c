"""What a visit asks the account to hold besides its ticks: to go on, to move, to stay (Rule 3).

Either all of it is held, or nothing changes and the answer is 402.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import attrs

from actors.account.state import AccountState
from actors.account.visit_limits import allowance_after, drawable_minor, refuse_over_limit
from actors.account.wallet import open_minor, wallet_of
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.internal.visit_holds import HoldForVisit, HoldReturned, ReturnHold, VisitHeld
from protocol.records.money import CreditHold

_OVER_LIMIT: Final = {"extend": Code.SPEND_LIMIT_REACHED}
"""How it is called that own limits allow no such hold, by purpose; else there are no funds."""


@decides(HoldForVisit)
def decide_hold_for_visit(state: AccountState, command: HoldForVisit, context: Context) -> Decision:
    """Hold this much in all for the visit, or nothing changes and the answer is 402."""
    hold = visit_hold(state, command.session_id, command.hold_id)
    if isinstance(hold, Refusal):
        return hold
    wallet = wallet_of(state, context, venue_id=command.venue_id, currency=hold.currency)
    before_minor = open_minor(hold)
    if command.hold_target_minor > before_minor:
        code = _OVER_LIMIT.get(command.purpose, Code.INSUFFICIENT_CREDITS)
        refusal = refuse_over_limit(state, wallet, command.hold_target_minor, code)
        if refusal is not None:
            return refusal
    missing_minor = command.hold_target_minor - before_minor - wallet.available_minor
    if command.hold_target_minor > before_minor and missing_minor > 0:
        return Refusal(
            Code.INSUFFICIENT_CREDITS,
            f"{command.purpose} needs a hold of {command.hold_target_minor} minor; {before_minor} "
            f"are held and {wallet.available_minor} available; top up {missing_minor} first",
            extra={"missing_minor": missing_minor},
        )
    held = wallet.hold_exactly(
        hold.evolve(expires_at=command.hold_until), command.hold_target_minor
    )
    answer = VisitHeld(
        session_id=command.session_id,
        purpose=command.purpose,
        held_minor=open_minor(held),
        available_minor=drawable_minor(state, wallet, open_minor(held)),
        time=allowance_after(state, wallet, 0),
    )
    undo = ReturnHold(
        session_id=command.session_id, hold_id=hold.id, hold_target_minor=before_minor
    )
    return attrs.evolve(
        wallet.outcome("hold"),
        sends=(
            Send(session_at(command.session_id), answer, undo=undo if context.in_saga else None),
        ),
    )


@decides(ReturnHold)
def decide_return_hold(state: AccountState, command: ReturnHold, context: Context) -> Decision:
    """Hold again what was held before, as far as the wallet still has it.

    A tick's answer may say otherwise and be on its way to the visit, so it is told what stands.
    """
    hold = visit_hold(state, command.session_id, command.hold_id)
    if isinstance(hold, Refusal):
        return Outcome()
    assert hold.venue_id is not None
    wallet = wallet_of(state, context, venue_id=hold.venue_id, currency=hold.currency)
    held = wallet.hold_exactly(hold, command.hold_target_minor)
    answer = HoldReturned(
        session_id=command.session_id,
        held_minor=open_minor(held),
        available_minor=drawable_minor(state, wallet, open_minor(held)),
        time=allowance_after(state, wallet, 0),
    )
    told = Send(session_at(command.session_id), answer, detached=True)
    return attrs.evolve(wallet.outcome("hold_returned"), sends=(told,))


def visit_hold(state: AccountState, session_id: UUID, hold_id: UUID) -> CreditHold | Refusal:
    """The open hold of an open visit."""
    hold = state.open_hold(hold_id)
    if hold is None or state.visit_of(session_id) is None:
        return Refusal(
            Code.SESSION_CLOSED, f"session {session_id} is settled; nothing is charged or held"
        )
    return hold


def session_at(session_id: UUID) -> Address:
    """Where a visit is decided."""
    return Address(ActorKind.SESSION, session_id)
