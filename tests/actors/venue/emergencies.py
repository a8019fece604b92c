"""A venue where somebody may press SOS, and a hand on its clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from actors.rules.profile import VenueProfile
from actors.rules.settings import DEFAULT
from actors.runtime.outcome import CancelTimer, Context, Decision, Outcome, SetTimer
from actors.runtime.state import State
from actors.venue.incidents import decide_escalate_sos, decide_raise_sos
from actors.venue.receiving import decide_alert_unheard, decide_alerts_received
from actors.venue.responding import decide_respond_sos
from protocol.addresses import ActorKind, Address, Principal, Role
from protocol.errors import Refusal
from protocol.internal.emergencies import AlertPeople, EscalateSos
from protocol.internal.receipts import AlertsReceived, AlertUnheard, Receipt
from protocol.operations.safety import RaiseSos, RespondSos, SosAction
from protocol.records.platform import AuditEntry
from protocol.records.runtime import DutyPlace
from protocol.records.safety import Incident, IncidentEvent
from protocol.records.states import RoleName, VenueStatus
from protocol.records.users import UserRole
from tests.actors.deciding import IDS, NOW, a_context, a_principal, after, filled

VENUE_ID = UUID(int=0xB1)
VENUE = Address(ActorKind.VENUE, VENUE_ID)
RAISER, RESPONDER, OTHER, MANAGER, OFF_DUTY, OWNER = (UUID(int=0xA0 + n) for n in range(6))
ROLES = {MANAGER: Role.MANAGEMENT, OFF_DUTY: Role.MANAGEMENT, OWNER: Role.OWNER}
PROFILE = VenueProfile(
    venue_id=VENUE_ID,
    name="Last Light Shibuya",
    status=VenueStatus.OPEN,
    tz=ZoneInfo("Asia/Tokyo"),
    currency="JPY",
    lat=35.6595,
    lon=139.7005,
    capacity=600,
    hours={},
    settings=DEFAULT,
    version=1,
)
SECOND = timedelta(seconds=1)


def id_at(at: datetime, number: int = 1) -> UUID:
    """A UUIDv7 as a gateway makes one at this moment."""
    ms = (at - datetime(1970, 1, 1, tzinfo=at.tzinfo)) // timedelta(milliseconds=1)
    return UUID(int=(ms << 80) | (0x7 << 76) | (0x2 << 62) | number)


def someone(user_id: UUID) -> Principal:
    """A person of this venue, staff unless ROLES says more."""
    return a_principal(user_id, ROLES.get(user_id, Role.STAFF), VENUE_ID)


class Night:
    """One venue's incidents as they go: what was decided is applied, timers are kept."""

    def __init__(self) -> None:
        self.state = State(VENUE)
        self.now = NOW
        self.timers: dict[str, SetTimer] = {}
        self.lines: list[IncidentEvent] = []
        self.trail: list[AuditEntry] = []
        self.last = Outcome()
        filled(
            self.state,
            [
                DutyPlace(
                    staff_id=user,
                    venue_id=VENUE_ID,
                    shift_id=IDS.fresh(),
                    display_name="Somebody",
                    since=NOW,
                )
                for user in (RAISER, RESPONDER, OTHER, MANAGER)
            ],
        )
        filled(
            self.state,
            [
                UserRole(
                    id=IDS.fresh(),
                    user_id=user,
                    venue_id=VENUE_ID,
                    role=RoleName(role.label),
                    granted_by=None,
                    granted_at=NOW,
                )
                for user, role in ROLES.items()
            ],
        )

    def context(self, user_id: UUID | None, **changes: Any) -> Context:
        principal = None if user_id is None else someone(user_id)
        given = {"now": self.now, "principal": principal, "shared": {VENUE: PROFILE}, **changes}
        return a_context(VENUE, **given)

    def take(self, decision: Decision) -> Outcome:
        """Apply what was decided; a refusal changes nothing."""
        if isinstance(decision, Refusal):
            return Outcome(reply=decision)
        after(self.state, decision)
        for timer in decision.timers:
            match timer:
                case SetTimer():
                    self.timers[timer.name] = timer
                case CancelTimer():
                    self.timers.pop(timer.name, None)
        for row in decision.appends:
            if isinstance(row, AuditEntry):
                self.trail.append(row)
                continue
            assert isinstance(row, IncidentEvent)
            self.lines.append(row)
        self.last = decision
        return decision

    def press(self, user_id: UUID = RAISER, *, in_saga: bool = True, **fields: Any) -> Outcome:
        """Press SOS. Without a name given, the incident is named now."""
        named = {"incident_id": id_at(self.now, len(self.lines) + 1), **fields}
        context = self.context(user_id, in_saga=in_saga)
        return self.take(decide_raise_sos(self.state, RaiseSos(**named), context))

    def respond(
        self, user_id: UUID, action: SosAction, incident_id: UUID, note: str | None = None
    ) -> Outcome:
        """Say something about an incident."""
        command = RespondSos(incident_id=incident_id, action=action, note=note)
        return self.take(decide_respond_sos(self.state, command, self.context(user_id)))

    def wait(self, seconds: float) -> list[tuple[datetime, Outcome]]:
        """Let time pass, firing each timer at its moment; what they led to, and when."""
        until, fired = self.now + SECOND * seconds, []
        while due := [timer for timer in self.timers.values() if timer.due_at <= until]:
            timer = min(due, key=lambda timer: timer.due_at)
            self.now = max(self.now, timer.due_at)
            del self.timers[timer.name]
            assert isinstance(timer.command, EscalateSos)
            decision = decide_escalate_sos(
                self.state, timer.command, self.context(None, in_saga=False)
            )
            fired.append((self.now, self.take(decision)))
        self.now = until
        return fired

    def incident(self, incident_id: UUID) -> Incident:
        """An incident as it stands."""
        found = self.state.get(Incident, incident_id)
        assert found is not None
        return found

    def the_incident(self) -> Incident:
        """The only incident there is."""
        return self.state.one(Incident)


class Devices(Night):
    """A night in which devices tell what they have, and the gateway what none of them has."""

    def receive(
        self, *user_ids: UUID, of: UUID | None = None, at: datetime | None = None
    ) -> Outcome:
        """Receipts of these people, in one batch."""
        alert_id = self.the_incident().id if of is None else of
        receipts = tuple(
            Receipt(alert_id=alert_id, user_id=user_id, at=at or self.now) for user_id in user_ids
        )
        command = AlertsReceived(receipts=receipts)
        return self.take(decide_alerts_received(self.state, command, self.context(None)))

    def unheard(self, of: UUID | None = None, **context: Any) -> Outcome:
        """The gateway says that nobody has it."""
        command = AlertUnheard(incident_id=self.the_incident().id if of is None else of)
        return self.take(decide_alert_unheard(self.state, command, self.context(None, **context)))


def alert_in(outcome: Outcome) -> AlertPeople:
    """The one alert that an outcome sends."""
    (send,) = outcome.sends
    assert isinstance(send.command, AlertPeople)
    return send.command


def told(outcome: Outcome) -> dict[str, Any]:
    """The data of the one event of an outcome, with its type."""
    (event,) = outcome.events
    return {"type": event.type, **event.data}


def pressed(**fields: Any) -> tuple[Night, UUID]:
    """A night in which somebody pressed ten seconds ago."""
    night = Night()
    night.press(**fields)
    night.wait(10)
    return night, night.the_incident().id


def rooms(outcome: Outcome) -> set[str]:
    """Where the event of an outcome goes, besides the venue's own three rooms."""
    (event,) = outcome.events
    of_venue = {f"venue:{VENUE_ID}:{part}" for part in ("staff", "management", "owner")}
    assert of_venue <= set(event.rooms)
    return set(event.rooms) - of_venue
