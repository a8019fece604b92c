"""Who has received an alert, as their devices say, and what follows if nobody has (Rule 8).

A receipt is no answer: it puts off no tier and mutes none. That there is none makes the first tier
come sooner. The raiser's own devices don't count, and a receipt of what is not here, or over, is
let go: it was of a call that the venue never got, or that needs nobody any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from actors.rules import sos
from actors.rules.escalation import unheard_escalation
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.runtime.state import State
from actors.venue.incident_state import line, settings_of
from actors.venue.incidents import louder
from protocol.chains import rfc3339
from protocol.domain_limits import BROADCAST_RECEIVERS_MAX, INCIDENT_RECEIVERS_MAX
from protocol.internal.receipts import AlertsReceived, AlertUnheard, Receipt
from protocol.records.safety import Incident, IncidentEvent
from protocol.records.venues import Broadcast
from protocol.replies.base import Done


@decides(AlertsReceived)
def decide_alerts_received(state: State, command: AlertsReceived, context: Context) -> Decision:
    """Note who has what: one line for each incident, however many devices spoke."""
    by_alert: dict[UUID, list[Receipt]] = {}
    for receipt in command.receipts:
        by_alert.setdefault(receipt.alert_id, []).append(receipt)
    changes: list[Incident | Broadcast] = []
    lines: list[IncidentEvent] = []
    for alert_id, receipts in by_alert.items():
        incident, broadcast = state.get(Incident, alert_id), state.get(Broadcast, alert_id)
        if incident is not None and (heard := _heard(incident, receipts, context)) is not None:
            changes.append(heard[0])
            lines.append(heard[1])
        elif broadcast is not None and (seen := _seen(broadcast, receipts)) is not None:
            changes.append(seen)
    return Outcome(reply=Done(), changes=tuple(changes), appends=tuple(lines))


@decides(AlertUnheard)
def decide_alert_unheard(state: State, command: AlertUnheard, context: Context) -> Decision:
    """Alert by louder ways at once, unless somebody has it or answered meanwhile."""
    incident = state.get(Incident, command.incident_id)
    reached = None
    if incident is not None:
        reached = unheard_escalation(incident, context.now, settings_of(context))
    if incident is None or reached is None:
        return Outcome(reply=Done())
    return louder(state, incident, reached, "unheard", context, reply=Done())


def _heard(
    incident: Incident, receipts: Iterable[Receipt], context: Context
) -> tuple[Incident, IncidentEvent] | None:
    if not sos.is_open(incident):
        return None
    room = INCIDENT_RECEIVERS_MAX - len(incident.received_by)
    known = {incident.raised_by, *incident.received_by}
    new = _first_of_each(receipts, known, room)
    if not new:
        return None
    found = incident.revised(
        received_by=(*incident.received_by, *new),
        received_at=incident.received_at or min(new.values()),
    )
    by = {str(user_id): rfc3339(at) for user_id, at in new.items()}
    return found, line(context, found, "received", by=None, detail={"by": by})


def _seen(broadcast: Broadcast, receipts: Iterable[Receipt]) -> Broadcast | None:
    room = BROADCAST_RECEIVERS_MAX - len(broadcast.acked_by)
    new = _first_of_each(receipts, set(broadcast.acked_by), room)
    if not new:
        return None
    acked_by = (*broadcast.acked_by, *new)
    return broadcast.revised(acked_by=acked_by, acked=len(acked_by))


def _first_of_each(
    receipts: Iterable[Receipt], known: set[UUID], most: int
) -> dict[UUID, datetime]:
    """When each person first had it who is not known to; at most so many."""
    new: dict[UUID, datetime] = {}
    for receipt in receipts:
        if receipt.user_id not in known and (receipt.user_id in new or len(new) < most):
            new[receipt.user_id] = min(receipt.at, new.get(receipt.user_id, receipt.at))
    return new
