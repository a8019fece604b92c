"""What is kept of a visit that is over, besides its figures; nothing of it names a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actors.rules.metering import Charge
from actors.session.draft import VisitDraft
from protocol.codec import encode


def time_lines(charge: Charge) -> tuple[dict[str, Any], ...]:
    """What the receipt says of time: each activity of each business day."""
    return tuple(
        {"business_day": day.isoformat(), "activity": activity.value, "charge_minor": minor}
        for (day, activity), minor in charge.lines.items()
    )


def kept_summary(
    draft: VisitDraft,
    *,
    purchases_minor: int,
    time: Sequence[Mapping[str, Any]],
    reason: str | None = None,
) -> dict[str, Any]:
    """How the visit was when it ended; `reason` if somebody ended it against its patron's will."""
    session, notes = draft.session, draft.notes
    return {
        "version": draft.version,
        "currency": draft.profile.currency,
        "activity": session.activity.value,
        "party_size": session.party_size,
        "zone": session.zone,
        "table": session.table_name,
        "station_id": None if session.station_id is None else str(session.station_id),
        "safety_level": session.safety_level,
        "purchases_minor": purchases_minor,
        "time": [dict(line) for line in time],
        # What it takes to work the charge out again, should the visit turn out to be shorter.
        "seen_at": None if notes.seen_at is None else encode(notes.seen_at),
        "elsewhere_minor": {day.isoformat(): n for day, n in notes.elsewhere_minor.items()},
        "played": notes.plays > 0,
        "tax_bp": notes.tax_bp,
        "elapsed_ms": {status.value: ms for status, ms in notes.elapsed_ms.items()},
        "reason": reason,
    }
