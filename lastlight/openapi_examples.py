"""Examples in the OpenAPI document, with the ids of the demo venue. A test decodes all of them.

Those written here are of what people ask for first, and of what hangs together; `openapi_samples`
makes the rest.
"""

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
        "ended_at": "2026-01-10T12:37:20.000Z",
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
    "LogOut": {"all_devices": False},
    "ResetPassword": {"new_password": "a-longer-night-2", "token": "from-the-message"},
    "StepUp": {"pin": "271828"},
    "VerifyEmail": {"email": "patron1@lastlight.example", "code": "314159"},
    "CheckOut": {"carry_over": True},
    "PauseSession": {"reason": "a breath of air"},
    "ResumeSession": {"location": _HERE},
    "UpdateSession": {"party_size": 3, "zone": "by the stage"},
    "ExtendSession": {"minutes": 30},
    "ForceCheckOut": {"reason_code": "closing_time"},
    "UpdateOwnProfile": {"display_name": "Moth", "locale": "en", "clear": ["avatar"]},
    "RequestErasure": {"forfeit": False},
    "ReplacePreferences": {
        "channels": {"push": True, "offers": False},
        "quiet_hours": {"from": "04:00", "to": "11:00"},
        "marketing_consent": False,
        "accessibility": {"large_text": True},
    },
    "SetLimits": {"kind": "spend", "period": "day", "amount_minor": 5_000},
    "AssignRoles": {"venue_id": _VENUE, "roles": ["staff"]},
    "PostAdjustment": {
        "venue_id": _VENUE,
        "postings": [
            {"account": f"venue:{_VENUE}:promo_expense", "amount_minor": 1_200},
            {"account": "platform:transit", "amount_minor": -1_200},
        ],
        "reason": "a promotion was booked twice",
        "corrects_id": "01935d2a-7c00-7000-8000-0000000000e5",
    },
    "TransferCredits": {"amount_minor": 500, "to_user_id": _USER, "message": "For the next song"},
    "SettleHold": {"capture_minor": 300},
    "RequestRefund": {
        "reason_code": "game_fault",
        "amount_minor": 300,
        "note": "it took the play and stayed dark",
    },
    "AddPaymentMethod": {"setup_intent_id": "seti_1Qk3", "make_default": True},
    "ClockOut": {"declared_tips_minor": 1_500},
    "PublishSchedule": {
        "week": "2026-01-12",
        "shifts": [
            {
                "starts_at": "2026-01-16T09:00:00.000Z",
                "ends_at": "2026-01-16T17:00:00.000Z",
                "staff_id": _USER,
            }
        ],
        "publish": True,
    },
    "AssignTask": {"title": "Mop up at the bar", "zone": "bar", "priority": "high", "auto": True},
    "ReassignTask": {"assignee_id": _USER},
    "PostHandover": {
        "note": "Room 2 is loud, the till is right.",
        "faults_seen": ["A-17 eats cards"],
        "watch": [{"session_id": _SESSION, "note": "had a lot"}],
    },
    "UpdateGame": {"status": "out_of_order", "fault": "eats cards"},
    "CreateRoom": {"venue_id": _VENUE, "name": "Karaoke 1", "capacity": 8},
    "UpdateRoom": {"status": "cleaning"},
    "CreateMenuItem": {
        "venue_id": _VENUE,
        "sku": "BEER-500",
        "name": "Draught beer",
        "price_minor": 700,
        "category": "beer",
        "alcohol": True,
        "abv_bp": 500,
        "volume_ml": 500,
    },
    "UpdateMenuItem": {"available": False},
    "RequestHelp": {"kind": "walk_me_out", "zone": "by the lockers"},
    "RecordInterventionOutcome": {"outcome": "water_food", "notes": "sat down and had some water"},
    "LogSafetyObservation": {"session_id": _SESSION, "signs": ["unsteady", "slurred_speech"]},
    "StartExclusion": {"kind": "cool_off", "days": 7},
    "UpdateSettings": {"venue_id": _VENUE, "settings": {"paused_max_minutes": 30}},
    "CloseBusinessDay": {"venue_id": _VENUE, "carry_over": True},
    "CreateReservation": {
        "venue_id": _VENUE,
        "kind": "slot",
        "room_id": "01935d2a-7c00-7000-8000-0000000000f6",
        "starts_at": "2026-01-10T21:00:00.000Z",
        "minutes": 60,
        "party_size": 4,
    },
    "ChangeKaraokeQueue": {"action": "add", "song": "Last Light", "show_name": True},
    "ReplayOfflineCommands": {
        "device_id": "tablet-3",
        "commands": [
            {
                "seq": 1,
                "command_id": "01935d2a-7c00-7000-8000-0000000000d7",
                "occurred_at": "2026-01-10T11:58:00.000Z",
                "method": "POST",
                "path": f"/api/sessions/{_SESSION}/pause",
                "body": {"reason": "a breath of air"},
            }
        ],
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

BY_MEMBER: Final[dict[str, Any]] = {
    "venue_id": _VENUE,
    "user_id": _USER,
    "session_id": _SESSION,
    "currency": "JPY",
    "tz": "Asia/Tokyo",
    "locale": "en",
    "email": "patron1@lastlight.example",
    "phone": "+81312345678",
    "password": "last-light-demo",
    "token_type": "Bearer",
    "cutover": "05:00",
    "hours": {"always_open": True},
    "lat": 35.6595,
    "lon": 139.7005,
    "accuracy_m": 8.0,
    "radius_m": 150,
    "party_size": 2,
    "activity": "lounge",
    "tender": "credits",
    "birth_date": "1995-04-01",
    "expires_at": "2026-01-10T20:00:00.000Z",
    "starts_at": "2026-01-10T21:00:00.000Z",
    "ends_at": "2026-01-10T22:00:00.000Z",
    "due_at": "2026-01-10T12:30:00.000Z",
    "until": "2026-02-10T12:00:00.000Z",
    "week": "2026-01-12",
    "from": "2026-01-01",
    "to": "2026-01-31",
    "room": f"venue:{_VENUE}:patrons",
    "event_id": "evt_1Qk3",
    "version": 3,
    "qty": 2,
    "reason": "said so at the bar",
    "note": "by the window",
    "role": "staff",
    "relation": "friend",
    "name": "Karaoke 1",
    "display_name": "Moth",
    "document_type": "passport",
    "title": "Mop up at the bar",
    "device_id": "tablet-3",
    "message": "Leave by the front door.",
    "sku": "COLA-330",
    "asset_tag": "A-17",
}
"""What a member of this name is in every example, where it may be."""
