"""What the owners of a venue hear of actors that had to be loaded anew."""

from __future__ import annotations

from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.runtime.telling import tell
from actors.venue.state import VenueState
from protocol.events.system import SystemActorRestarted
from protocol.internal.faults import ActorRestarted


@decides(ActorRestarted)
def decide_actor_restarted(
    state: VenueState, command: ActorRestarted, context: Context
) -> Decision:
    """Tell the owners; no command was lost by it."""
    told = SystemActorRestarted(
        actor_type=command.actor_type,
        actor_id=command.actor_id,
        reason=command.reason,
        restarts=command.restarts,
        recovered_ms=command.recovered_ms,
        lost_commands=0,
    )
    return Outcome(events=(tell(told, venue_id=state.venue_id),))
