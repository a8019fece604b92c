"""What accounts and the gateway ask of a venue's books: is a day open, and what does not meet.

Only the venue knows when a day was closed; a closed one is frozen (Rule 5).
"""

from __future__ import annotations

from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from actors.runtime.telling import tell
from actors.venue.days import today_at
from actors.venue.state import VenueState
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.events.money import PaymentReconciliationMismatch
from protocol.internal.payments import CheckOpenDay, TellMismatch
from protocol.messages import command_from_wire
from protocol.replies.base import Done


@decides(CheckOpenDay)
def decide_check_open_day(state: VenueState, command: CheckOpenDay, context: Context) -> Decision:
    """Let the account go on with what it does to a day that is open."""
    through = state.profile.closed_through
    if through is not None and command.business_day <= through:
        return Refusal(
            Code.BUSINESS_DAY_CLOSED,
            f"business day {command.business_day.isoformat()} is closed; refund it instead",
        )
    then = command_from_wire(command.then["command"], command.then["data"])
    return Outcome(sends=(Send(Address(ActorKind.ACCOUNT, command.account_id), then),))


@decides(TellMismatch)
def decide_tell_mismatch(state: VenueState, command: TellMismatch, context: Context) -> Decision:
    """Tell the owners that something must be looked at."""
    today = today_at(state.profile, context.now)
    told = PaymentReconciliationMismatch(
        business_day=command.business_day or today,
        kind=command.kind,
        reference=command.reference,
        delta_minor=command.delta_minor,
    )
    return Outcome(reply=Done(), events=(tell(told, venue_id=state.venue_id),))
