"""How a visit looks from outside: to the venue's floor, and to the rule that charges it."""

from __future__ import annotations

from actors.rules.geofence import FenceState
from actors.rules.metering import Tariff
from actors.rules.profile import VenueProfile
from actors.session.notes import MeterNotes
from protocol.internal.visits import FloorChanged
from protocol.records.visits import Session


def tariff_of(profile: VenueProfile, notes: MeterNotes) -> Tariff:
    """What the charge of a visit depends on besides its segments."""
    return Tariff(
        settings=profile.settings,
        tz=profile.tz,
        charged_elsewhere_minor=notes.elsewhere_minor,
        played=notes.plays > 0,
    )


def shows(session: Session) -> tuple[object, ...]:
    """What the floor shows of a visit: where it changes, the venue is told."""
    return (
        session.status,
        session.activity,
        session.station_id,
        session.charged_minor,
        session.zone,
        session.party_size,
        session.display_name,
        session.safety_level,
    )


def claims_less(before: MeterNotes, after: MeterNotes) -> bool:
    """Whether a change that is over kept seats, or a longer booking, on the floor until then."""
    seats = before.details is not None and after.details is None
    return seats or (before.lengthening is not None and after.lengthening is None)


def floor_of(session: Session, fence: FenceState, notes: MeterNotes) -> FloorChanged:
    """How the visit stands, for the venue's live view.

    Seats that more people are about to get are not given up meanwhile, nor is a longer booking.
    """
    longer = notes.lengthening
    wanted = notes.details.party_size if notes.details is not None else None
    return FloorChanged(
        session_id=session.id,
        status=session.status,
        activity=session.activity,
        station_id=session.station_id,
        zone=session.zone,
        party_size=max(session.party_size, wanted or 0),
        safety_level=session.safety_level,
        last_fix_at=fence.last_fix_at,
        charged_minor=session.charged_minor,
        display_name=session.display_name,
        booked_until=notes.booked_until if longer is None else longer.until,
    )
