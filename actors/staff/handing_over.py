"""Handing over, and reading what was handed over (Rule 13): both by somebody on shift.

The venue keeps handovers, for it knows what is open and whom to watch; here is who may speak.
"""

from __future__ import annotations

from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from actors.staff.state import StaffState
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.internal.duty import HandoverKept, KeepHandover
from protocol.operations.staff_work import PostHandover


@decides(PostHandover)
def decide_post_handover(state: StaffState, command: PostHandover, context: Context) -> Decision:
    """Have the venue of the open shift keep it."""
    shift = state.open_shift
    if shift is None:
        return Refusal(Code.NO_OPEN_SHIFT, "a handover goes from shift to shift; clock in first")
    kept = KeepHandover(request=command, staff_id=state.staff_id, shift_id=shift.id)
    return Outcome(reply=LATER, sends=(Send(Address(ActorKind.VENUE, shift.venue_id), kept),))


@decides(HandoverKept)
def decide_handover_kept(state: StaffState, command: HandoverKept, context: Context) -> Decision:
    """Answer with the handover."""
    return Outcome(reply=command.handover)
