"""How a visit of the tests begins: who, where, when, and the last step of the check-in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from actors.rules.metering import mode_of, rate_of
from actors.rules.profile import VenueProfile
from actors.rules.settings import DEFAULT, VenueSettings
from protocol.addresses import ActorKind, Address
from protocol.entries import Entry, decode_entry, encode_entry
from protocol.internal.visits import AdmitPatron, OpenSession
from protocol.records.base import Record
from protocol.records.states import Activity, VenueStatus
from tests.actors.account import wallets

START = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)  # 18:00 in Tokyo
USER, VENUE_ID = wallets.USER, wallets.VENUE
LAT, LON = 35.6595, 139.7005
HOLD, ROOM = UUID(int=14), UUID(int=21)


def an_opening(
    session_id: UUID,
    activity: Activity = Activity.ARCADE_TIME,
    *,
    held: int,
    available: int,
    elsewhere: int = 0,
    assisted: bool = False,
) -> OpenSession:
    """The last step of a check-in."""
    admission = AdmitPatron(
        session_id=session_id,
        venue_id=VENUE_ID,
        venue_refusal=None,
        party_size=2,
        activity=activity,
        mode=mode_of(activity),
        rate_minor_per_h=rate_of(activity, party_size=1, settings=DEFAULT),
        station_id=ROOM if activity is Activity.KARAOKE_ROOM else None,
        zone="floor 1",
        reservation_id=None,
        assisted=assisted,
        age_required=None,
        hold_minor=held,
        hold_until=START + timedelta(hours=24),
        funds_least_minor=500,
        currency="JPY",
    )
    return OpenSession(
        admission=admission,
        user_id=USER,
        display_name="Guest",
        age_ok=True,
        hold_id=HOLD,
        available_minor=available,
        paid_up_today_minor=elsewhere,
    )


def a_profile(settings: VenueSettings, *, tz: str, currency: str) -> VenueProfile:
    """What the venue says of itself."""
    return VenueProfile(
        venue_id=VENUE_ID,
        name="Here",
        status=VenueStatus.OPEN,
        tz=ZoneInfo(tz),
        currency=currency,
        lat=LAT,
        lon=LON,
        capacity=600,
        hours={},
        settings=settings,
        version=1,
    )


def through_journal(changes: tuple[Record, ...]) -> tuple[Record, ...]:
    """Rows as they come back from an entry."""
    entry = Entry(actor=Address(ActorKind.SESSION, USER), at=START, cause=None, changes=changes)
    return decode_entry(encode_entry(entry)).changes
