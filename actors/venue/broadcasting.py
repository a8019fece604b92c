"""Telling everyone in the house what to do, and counting who has seen it (Rule 8).

Nobody proves again who they are to have a house evacuated; for everything else they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from actors.rules.permissions import refuse_at_venue, refuse_unelevated
from actors.rules.sos import Audience as People
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from actors.runtime.telling import tell
from actors.venue.incident_state import people_of
from actors.venue.state import VenueState
from protocol.addresses import OUTSIDE, Role
from protocol.domain_limits import ALERT_PEOPLE_MAX
from protocol.events.base import Audience
from protocol.events.emergency import EmergencyBroadcast
from protocol.internal.emergencies import AlertGroup, AlertPeople
from protocol.operations.safety import BroadcastEmergency
from protocol.reads import Read, Since
from protocol.records.states import BroadcastAudience, BroadcastKind, Severity
from protocol.records.venues import Broadcast
from protocol.replies.safety import BroadcastSent

BROADCAST_READ: Final = Read(Broadcast, by="venue_id", where=(Since("at", 72 * 3600),))
"""As long as events are kept, a device may still say that it has shown one."""
_QUIET: Final = frozenset({BroadcastKind.INFO, BroadcastKind.ALL_CLEAR})
_ALL: Final = ("push", "sms", "socket", "voice")
_SOFT: Final = ("push", "socket")


@decides(BroadcastEmergency)
def decide_broadcast_emergency(
    state: VenueState, command: BroadcastEmergency, context: Context
) -> Decision:
    """Tell everyone at once, on all channels."""
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    refusal = refuse_at_venue(principal, Role.MANAGEMENT, state.venue_id)
    if refusal is None and command.kind is not BroadcastKind.EVACUATE:
        refusal = refuse_unelevated(principal, context.now)
    if refusal is not None:
        return refusal
    everyone = command.audience is BroadcastAudience.EVERYONE
    audiences = _people(state, everyone=everyone)
    told = {user_id for _, people in audiences for user_id in people}
    sent = Broadcast(
        id=context.fresh_id(),
        venue_id=state.venue_id,
        kind=command.kind,
        message=command.message,
        audience=command.audience,
        by_user=principal.user_id,
        at=context.now,
        sent=len(told),
    )
    event = EmergencyBroadcast(
        broadcast_id=sent.id,
        kind=sent.kind,
        message=sent.message,
        by=sent.by_user,
        at=sent.at,
        needs_ack=command.needs_ack,
    )
    line = audited(
        context,
        "emergency.broadcast",
        "broadcast",
        sent.id,
        venue_id=state.venue_id,
        after={"kind": sent.kind, "audience": sent.audience, "message": sent.message},
    )
    return Outcome(
        reply=_standing(sent),
        changes=(sent,),
        appends=(line,),
        events=(
            tell(event, venue_id=state.venue_id, without=() if everyone else (Audience.PATRONS,)),
        ),
        sends=tuple(
            Send(OUTSIDE, alert, detached=True, urgent=True) for alert in _alerts(sent, audiences)
        ),
    )


def _people(state: VenueState, *, everyone: bool) -> list[tuple[str, Sequence[UUID]]]:
    """Who is to be told, group by group."""
    groups: list[tuple[str, Sequence[UUID]]] = [
        (audience.value, sorted(people_of(state, audience)))
        for audience in (
            People.ON_DUTY_STAFF,
            People.OFF_DUTY_MANAGEMENT,
            People.OWNER,
        )
    ]
    if everyone:
        groups.append(("patrons", sorted({place.user_id for place in state.open_places()})))
    return [(audience, people) for audience, people in groups if people]


def _alerts(sent: Broadcast, groups: list[tuple[str, Sequence[UUID]]]) -> list[AlertPeople]:
    """What goes out besides the sockets; a full house takes more than one message."""
    quiet = sent.kind in _QUIET
    return [
        AlertPeople(
            incident_id=sent.id,
            venue_id=sent.venue_id,
            severity=Severity.MEDIUM if quiet else Severity.CRITICAL,
            tier=0,
            reason=f"broadcast_{sent.kind.value}",
            groups=(
                AlertGroup(
                    audience=audience,
                    channels=_SOFT if quiet else _ALL,
                    user_ids=tuple(people[start : start + ALERT_PEOPLE_MAX]),
                ),
            ),
            text=sent.message,
        )
        for audience, people in groups
        for start in range(0, len(people), ALERT_PEOPLE_MAX)
    ]


def _standing(sent: Broadcast) -> BroadcastSent:
    return BroadcastSent(
        broadcast_id=sent.id,
        venue_id=sent.venue_id,
        kind=sent.kind,
        audience=sent.audience,
        at=sent.at,
        sent=sent.sent,
        acked=sent.acked,
        version=sent.version,
    )
