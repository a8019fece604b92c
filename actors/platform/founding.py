"""Venues are founded by the owners of everything; the venue itself knows whether it is there."""

from __future__ import annotations

from actors.platform.state import PlatformState
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, Refusal
from protocol.internal.administration import FoundVenue, VenueFounded
from protocol.operations.admin_venues import PutVenue


@decides(PutVenue)
def decide_put_venue(state: PlatformState, command: PutVenue, context: Context) -> Decision:
    """Have the venue founded; it refuses if it is there."""
    assert context.principal is not None, "somebody founds a venue"
    if context.principal.everywhere < Role.OWNER:
        return Refusal(Code.FORBIDDEN, "only owners of every venue found another one")
    venue = Address(ActorKind.VENUE, command.venue_id)
    return Outcome(reply=LATER, sends=(Send(venue, FoundVenue(request=command)),))


@decides(VenueFounded)
def decide_venue_founded(state: PlatformState, command: VenueFounded, context: Context) -> Decision:
    """Answer with the new venue."""
    return Outcome(reply=command.detail, status=201)
