"""What the owners of a venue hear of actors that had to be loaded anew."""

from __future__ import annotations

from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.runtime.restarting import restarted
from actors.runtime.telling import tell
from actors.venue.state import VenueState
from protocol.internal.faults import ActorRestarted


@decides(ActorRestarted)
def decide_actor_restarted(
    state: VenueState, command: ActorRestarted, context: Context
) -> Decision:
    """Tell the owners."""
    return Outcome(events=(tell(restarted(command), venue_id=state.venue_id),))
