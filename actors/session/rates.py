"""What the room that a visit is in costs at a moment, and when that changes (Rule 3).

The visit keeps the room's bands as they were when it came in: who changes prices changes them for
those who come later. Everything else has one rate for as long as it lasts.
"""

from __future__ import annotations

from datetime import datetime

from actors.rules import rate_bands
from actors.rules.profile import VenueProfile
from actors.session.notes import MeterNotes
from protocol.events.sessions import SessionActivityChanged
from protocol.records.visits import Session, SessionSegment


def rate_at(notes: MeterNotes, profile: VenueProfile, at: datetime, segment: SessionSegment) -> int:
    """The rate to freeze in what goes on at `at` as `segment` did."""
    if not notes.rate_bands:
        return segment.rate_minor_per_h
    return rate_bands.rate_at(
        notes.rate_bands,
        at,
        profile.tz,
        otherwise_minor_per_h=profile.settings.karaoke_room_minor_per_h,
    )


def activity_changed(began: SessionSegment, before: Session) -> SessionActivityChanged:
    """What is told where a segment began at another rate, station or activity."""
    return SessionActivityChanged(
        session_id=before.id,
        from_=before.activity,
        to=began.activity,
        station_id=began.station_id,
        rate_minor_per_h=began.rate_minor_per_h,
        effective_at=began.started_at,
    )


def rate_changes_at(notes: MeterNotes, profile: VenueProfile, at: datetime) -> datetime | None:
    """The first moment after `at` from which another rate holds; None if none ever does."""
    return rate_bands.next_change(
        notes.rate_bands,
        at,
        profile.tz,
        otherwise_minor_per_h=profile.settings.karaoke_room_minor_per_h,
    )
