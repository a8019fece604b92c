"""How much each decider has approved on a business day (Rules 9 and 10).

Refunds and grants are decided by accounts, each of which sees only its own; the sum over all of
them for one decider and day is the venue's. Counts of days long past are dropped as new ones come.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final
from uuid import UUID

from actors.rules.approvals import refuse_approval
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from actors.venue.state import VenueState
from protocol.addresses import ActorKind, Address
from protocol.internal.approvals import ApprovalKind, ReleaseApproval, ReserveApproval
from protocol.messages import command_from_wire
from protocol.reads import Read
from protocol.records.runtime import ApprovalUse

APPROVALS_READ: Final = Read(ApprovalUse, by="venue_id")
DAYS_KEPT: Final = 7


@decides(ReserveApproval)
def decide_reserve_approval(
    state: VenueState, command: ReserveApproval, context: Context
) -> Decision:
    """Count the amount for its decider and day, and have the account go on; 403 over a limit."""
    known = _use(state, command.decider_id, command.business_day, command.kind)
    used_minor = 0 if known is None else known.used_minor
    refusal = refuse_approval(
        amount_minor=command.amount_minor,
        used_minor=used_minor,
        single_max_minor=command.single_max_minor,
        day_max_minor=command.day_max_minor,
    )
    if refusal is not None:
        return refusal
    then = command_from_wire(command.then["command"], command.then["data"])
    undo = ReleaseApproval(
        decider_id=command.decider_id,
        business_day=command.business_day,
        kind=command.kind,
        amount_minor=command.amount_minor,
    )
    if known is None:
        row = ApprovalUse(
            venue_id=state.venue_id,
            decider_id=command.decider_id,
            business_day=command.business_day,
            kind=command.kind.value,
            used_minor=command.amount_minor,
        )
    else:
        row = known.revised(used_minor=used_minor + command.amount_minor)
    oldest = command.business_day - timedelta(days=DAYS_KEPT)
    account = Address(ActorKind.ACCOUNT, command.account_id)
    return Outcome(
        changes=(row,),
        removes=tuple(use for use in state.all(ApprovalUse) if use.business_day < oldest),
        sends=(Send(account, then, undo=undo if context.in_saga else None),),
    )


@decides(ReleaseApproval)
def decide_release_approval(
    state: VenueState, command: ReleaseApproval, context: Context
) -> Decision:
    """What was counted for a step that was refused is free again."""
    known = _use(state, command.decider_id, command.business_day, command.kind)
    if known is None:
        return Outcome()
    left_minor = max(0, known.used_minor - command.amount_minor)
    return Outcome(changes=(known.revised(used_minor=left_minor),))


def _use(state: VenueState, decider_id: UUID, day: date, kind: ApprovalKind) -> ApprovalUse | None:
    return state.get(ApprovalUse, state.venue_id, decider_id, day, kind.value)
