"""Emergencies when the venue is not there: starting, hanging, or loading (Rule 8).

The alert goes out from the token alone, the command is journaled for when there is a venue again,
and the answer says that it is not recorded yet.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import attrs
import structlog

from actors.runtime.answers import Answer
from actors.runtime.node import Node
from actors.runtime.outcome import Event
from actors.runtime.ports import Ids, Publisher
from actors.runtime.telling import tell
from lastlight.gateway.calls import Call
from protocol.addresses import Address
from protocol.codec import to_json
from protocol.entries import RoomEvent
from protocol.errors import LastLightError
from protocol.events.emergency import EmergencySosRaised
from protocol.events.safety import SafetyHelpRequested
from protocol.operations.safety import RaiseSos, RequestHelp
from protocol.records.states import IncidentStatus
from protocol.replies.safety import HelpTaken, SosRaised

log = structlog.get_logger(__name__)
TAKEN_WITHIN_S = 1.0
"""How long a venue has to take an emergency."""


@attrs.frozen(kw_only=True)
class UrgentLane:
    """Raises an SOS with nothing but a token and the journal."""

    node: Node
    publisher: Publisher
    ids: Ids
    now: Callable[[], datetime]

    def take(self, call: Call, venues: list[Address]) -> Answer:
        """Alert everyone at these venues, leave the command for them, and answer."""
        first = call.command
        if isinstance(first, RequestHelp):
            return self._take_help(call, first, venues[0])
        assert isinstance(first, RaiseSos)
        assert first.incident_id is not None
        at = self.now()
        for number, venue in enumerate(venues):
            command = self._anew(first) if number else first
            self.publisher.publish_urgent(self._alert(call, command, venue.id, at))
            self._leave(call, command, venue)
        reply = SosRaised(
            incident_id=first.incident_id,
            status=IncidentStatus.RAISED,
            severity=first.severity,
            raised_at=at,
            recorded=False,
            dropped=call.dropped,
        )
        return Answer(status=201, body=to_json(reply))

    def _take_help(self, call: Call, command: RequestHelp, venue: Address) -> Answer:
        """A call for help, likewise: its venue does the rest when it is there."""
        assert command.incident_id is not None
        at = self.now()
        patron_id = call.signed_in.user_id
        help_requested = SafetyHelpRequested(
            incident_id=command.incident_id,
            session_id=None,
            user_id=patron_id,
            zone=command.zone,
            kind=command.kind.value,
            at=at,
        )
        event = tell(help_requested, venue_id=venue.id, hide_from=patron_id)
        self.publisher.publish_urgent(self._unnumbered(event, venue.id, at))
        self._leave(call, command, venue)
        reply = HelpTaken(
            incident_id=command.incident_id,
            requested_at=at,
            recorded=False,
            dropped=call.dropped,
        )
        return Answer(status=201, body=to_json(reply))

    def leave_others(self, call: Call, venues: list[Address]) -> None:
        """Where it can't be told at which venue somebody is, all of theirs hear of it.

        Each venue has an incident of its own, so each has an id of its own. Where the journal takes
        it, the venue alerts its people itself.
        """
        assert isinstance(call.command, RaiseSos)
        for venue in venues:
            command = self._anew(call.command)
            if not self._leave(call, command, venue):
                self.publisher.publish_urgent(self._alert(call, command, venue.id, self.now()))

    def _leave(self, call: Call, command: RaiseSos | RequestHelp, venue: Address) -> bool:
        """Leave a press for its venue; whether the journal takes it."""
        try:
            self.node.leave(venue, command, call.principal)
        except LastLightError as error:
            # Whoever answers the alert opens the incident again.
            log.error("sos_not_journaled", venue=str(venue.id), reason=str(error))
            return False
        return True

    def _anew(self, command: RaiseSos) -> RaiseSos:
        """The same press as an incident of another venue."""
        return command.evolve(incident_id=self.ids.fresh())

    def _alert(self, call: Call, command: RaiseSos, venue_id: UUID, at: datetime) -> RoomEvent:
        principal = call.signed_in
        place = command.location
        assert command.incident_id is not None
        event: Event = tell(
            EmergencySosRaised(
                incident_id=command.incident_id,
                raised_by=principal.user_id,
                display_name=principal.display_name,
                severity=command.severity,
                zone=command.zone,
                lat=None if place is None else place.lat,
                lon=None if place is None else place.lon,
                accuracy_m=None
                if place is None or place.accuracy_m is None
                else round(place.accuracy_m),
                silent=command.silent,
                at=at,
                late=False,
                repeat=0,
            ),
            venue_id=venue_id,
            hide_from=principal.user_id if command.silent else None,
        )
        return self._unnumbered(event, venue_id, at)

    def _unnumbered(self, event: Event, venue_id: UUID, at: datetime) -> RoomEvent:
        return RoomEvent(
            id=self.ids.fresh(),
            type=event.type,
            venue_id=venue_id,
            occurred_at=at,
            data=event.data,
            rooms=tuple((room, None) for room in event.rooms),
            hide_from=event.hide_from,
        )
