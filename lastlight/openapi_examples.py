"""Examples in the OpenAPI document, with the ids of the demo venue. A test decodes all of them."""

from __future__ import annotations

from typing import Any, Final

_VENUE: Final = "00000000-0000-7000-8000-000000000001"
_USER: Final = "01935d2a-7c00-7000-8000-0000000000a1"
_SESSION: Final = "01935d2a-7c00-7000-8000-0000000000b2"
_HERE: Final = {
    "lat": 35.6595,
    "lon": 139.7005,
    "accuracy_m": 8.0,
    "fix_at": "2026-01-10T12:00:00.000Z",
}

EXAMPLES: Final[dict[str, Any]] = {
    "LogIn": {"email": "patron1@lastlight.example", "password": "last-light-demo"},
    "CheckIn": {
        "venue_id": _VENUE,
        "qr_token": "AAAA.BBBB",
        "location": _HERE,
        "party_size": 1,
        "activity": "lounge",
    },
    "CheckedIn": {
        "session_id": _SESSION,
        "user_id": _USER,
        "venue_id": _VENUE,
        "status": "active",
        "activity": "lounge",
        "party_size": 1,
        "checked_in_at": "2026-01-10T12:00:00.000Z",
        "held_minor": 150,
        "assisted": False,
        "version": 1,
    },
    "CheckedOut": {
        "session_id": _SESSION,
        "status": "closed",
        "duration_ms": 2_240_000,
        "charge_minor": 746,
        "receipt_id": "01935d2a-7c00-7000-8000-0000000000c3",
        "version": 4,
    },
    "PurchaseItems": {
        "venue_id": _VENUE,
        "lines": [{"item_id": "01935d2a-7c00-7000-8000-0000000000d4", "qty": 2}],
        "tender": "credits",
    },
    "TopUpCredits": {
        "venue_id": _VENUE,
        "user_id": _USER,
        "amount_minor": 2000,
        "tender": "cash",
    },
    "ClockIn": {"venue_id": _VENUE, "location": _HERE},
    "RaiseSos": {"severity": "critical", "zone": "karaoke corridor"},
    "RespondSos": {"action": "acknowledge"},
    "OpenTill": {"drawer": "bar", "opening_float_minor": 20_000},
    "CloseTill": {
        "kind": "count",
        "counted": [
            {"denomination_minor": 1000, "count": 18},
            {"denomination_minor": 500, "count": 9},
        ],
    },
}
