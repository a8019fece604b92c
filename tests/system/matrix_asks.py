"""What is sent for each operation of the matrix: a request that is in order but for who sends it.

Ids in the path are those of the venue's things of that name; `venue_id` is added wherever a command
has it. So a line stands here only where there is more to say. What a caller may do with it comes
out by their role alone: a refusal for what is wrong with the request would hide a missing check.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import attrs

from protocol.codec import reader_of
from protocol.operations.base import Operation
from tests.system.guests import here, now
from tests.system.matrix_world import HOUR, House, instant

TOKYO: Final = timedelta(hours=9 - 5)
"""From UTC to the business day of both venues, whose cutover is at 05:00."""
Body = dict[str, Any]


def today() -> str:
    """The business day of both venues."""
    return (datetime.now(UTC) + TOKYO).date().isoformat()


@attrs.frozen(kw_only=True)
class Ask:
    """One request, as HTTP has it."""

    operation: Operation
    path: Mapping[str, str]
    given: Mapping[str, Any]
    """The fields that are not in the path."""

    @property
    def target(self) -> str:
        """Path and query."""
        path = self.operation.path.format(**self.path)
        if self.operation.changes or not self.given:
            return path
        return f"{path}?{urlencode(self.given)}"

    @property
    def body(self) -> Mapping[str, Any] | None:
        """What a changing request carries."""
        return self.given if self.operation.changes else None


def _days(_: House) -> Body:
    return {"from": today(), "to": today()}


def _guest(house: House) -> Body:
    return {"user_id": house.people["patron"].user_id}


def _line(house: House) -> Body:
    return {"lines": [{"item_id": house.ids["item_id"], "qty": 1}], **_guest(house)}


def _to(name: str, id_: str) -> Callable[[House], Body]:
    return lambda house: {name: house.ids[id_]}


def _just(**given: Any) -> Callable[[House], Body]:
    return lambda _: given


def _venue(_: House) -> Body:
    return {
        "name": "Last Light", "tz": "Asia/Tokyo", "currency": "JPY", "lat": 35.6595,
        "lon": 139.7005, "capacity": 600, "hours": {"always_open": True}, "status": "open",
    }  # fmt: skip


def _adjusting(house: House) -> Body:
    venue = f"venue:{house.venue_id}"
    lines = [(f"{venue}:revenue:purchase", 100), (f"{venue}:promo_expense", -100)]
    return {
        "postings": [{"account": account, "amount_minor": n} for account, n in lines],
        "reason": "wrong shelf",
        "corrects_id": house.ids["transaction_id"],
    }


def _in_an_hour(**given: Any) -> Callable[[House], Body]:
    return lambda _: {**given, "expires_at": instant(datetime.now(UTC) + HOUR)}


def _booking(house: House) -> Body:
    starts_at = instant(datetime.now(UTC) + 12 * HOUR)
    return {"kind": "slot", "starts_at": starts_at, "minutes": 60, **_guest(house)}


def _arrival(house: House) -> Body:
    return {"qr_token": house.ids["qr_token"], "location": here(), **_guest(house)}


GIVEN: Final[Mapping[str, Callable[[House], Body]]] = {
    "RefreshToken": _just(refresh_token="a.1.b"),
    "RequestPasswordReset": _just(email="nobody@lastlight.example"),
    "ResetPassword": _just(new_password="quite-long-enough", token="a.b"),
    "StepUp": _just(pin="000000"),
    "VerifyEmail": _just(email="nobody@lastlight.example", code="000000"),
    "CheckIn": _arrival,
    "ResumeSession": lambda _: {"location": here()},
    "SwitchActivity": _just(activity="arcade_time"),
    "ExtendSession": _just(minutes=15),
    "ReportLocation": lambda _: {"fixes": [here()]},
    "UpdateSession": _just(note="asked for water"),
    "VoidSession": _just(reason="wrong person"),
    "ForceCheckOut": _just(reason_code="no_contact"),
    "UpdateOwnProfile": _just(locale="en"),
    "ReplacePreferences": _just(locale="en"),
    "SetLimits": _just(kind="topup", period="month", amount_minor=1_000_000),
    "RegisterDevice": _just(device_id="phone", platform="fcm", token="t"),
    "ListUsers": _just(q="patron"),
    "AssignRoles": _just(roles=[]),
    "SetUserStatus": _just(status="active", reason="back again"),
    "VerifyAge": _just(document_type="passport", birth_date="1995-04-01"),
    "PurchaseItems": _line,
    "GetCreditBalance": _guest,
    "TopUpCredits": lambda house: {"tender": "cash", "amount_minor": 1_000, **_guest(house)},
    "GrantCredits": lambda house: {
        "user_id": house.ids["newcomer_id"], "amount_minor": 100, "reason_code": "goodwill"
    },
    "PostAdjustment": _adjusting,
    "TransferCredits": lambda house: {
        "to_user_id": house.ids["newcomer_id"], "amount_minor": 100
    },
    "PlaceHold": _in_an_hour(purpose="tab", amount_minor=100),
    "SettleHold": _just(capture_minor=100),
    "RequestRefund": _just(reason_code="other"),
    "DecideRefund": _just(decision="reject"),
    "VoidTransaction": _just(reason="wrong order"),
    "AddTip": _just(amount_minor=100),
    "CreatePaymentIntent": _to("transaction_id", "pending_id"),
    "ClockIn": lambda _: {"location": here()},
    "ClockOut": lambda house: {"user_id": house.people["staff"].user_id},
    "OpenTill": _just(drawer="matrix-2", opening_float_minor=0),
    "CloseTill": _just(kind="drop", amount_minor=0, note="none"),
    "RecordBreak": _just(action="end"),
    "PublishSchedule": _just(week="2026-01-05", shifts=[]),
    "AssignTask": _just(title="Clear table 4", auto=True),
    "UpdateTaskStatus": _just(status="accepted"),
    "ReassignTask": _just(auto=True),
    "PostHandover": _just(note="all calm"),
    "CreateGame": _just(name="Again", pricing="play", price_minor=100, asset_tag="MATRIX-1"),
    "UpdateGame": _just(status="available"),
    "CreateRoom": _just(name="Matrix room", capacity=2),
    "UpdateRoom": _just(status="ready"),
    "CreateMenuItem": _just(sku="MATRIX-1", name="Again", price_minor=100),
    "UpdateMenuItem": _just(available=True),
    "MoveStock": lambda house: {
        "lines": [{"item_id": house.ids["item_id"], "kind": "receive", "qty_milli": 1_000}]
    },
    "GetRevenue": _days,
    "GetOccupancy": _days,
    "GetPatronAnalytics": _days,
    "GetStaffAnalytics": _days,
    "GetSafetyAnalytics": _days,
    "RespondSos": _just(action="on_scene"),
    "OpenIntervention": lambda house: {
        "session_id": house.ids["session_id"], "level": 1, "reason": "tired"
    },
    "RecordInterventionOutcome": _just(acknowledged=True),
    "LogSafetyObservation": lambda house: {
        "session_id": house.ids["session_id"], "first_aid": True
    },
    "StartExclusion": lambda house: {
        "kind": "venue_ban", "user_id": house.ids["newcomer_id"], "reason": "fighting",
        "until": instant(datetime.now(UTC) + HOUR),
    },
    "AnswerVerification": lambda house: {"check_id": house.ids["check_id"], "response": "ok"},
    "GetReconciliation": lambda _: {"business_day": today()},
    "UpdateSettings": _just(settings={"lounge_minor_per_h": 600}),
    "PutVenue": _venue,
    "CreateReservation": _booking,
    "UpdateReservation": _just(action="cancel"),
    "ChangeKaraokeQueue": lambda house: {"action": "remove", "entry_id": house.ids["entry_id"]},
    "ReplayOfflineCommands": lambda _: {
        "device_id": "nothing-done",
        "commands": [{"seq": 1, "command_id": "0190a000-0000-7000-8000-0000000000c1",
                      "occurred_at": now(), "method": "POST", "path": "/nowhere"}],
    },
    "BroadcastEmergency": _just(kind="info", message="the bar closes"),
    "ReadEvents": lambda house: {"room": f"venue:{house.venue_id}:staff", "wait_s": 0},
}  # fmt: skip
"""What is given besides the path and the venue."""
OF_PATRONS: Final[Mapping[str, Callable[[House], Body]]] = {
    "TopUpCredits": lambda house: {"tender": "card", "amount_minor": 1_000, **_guest(house)},
    "ReadEvents": lambda house: {"room": f"user:{house.people['patron'].user_id}", "wait_s": 0},
}
"""The same, where a patron asks for something else than who works there."""


def ask_for(operation: Operation, house: House, role: str) -> Ask:
    """The request of a caller with a role for a thing of the house."""
    known = {
        **house.ids,
        "venue_id": house.venue_id,
        "user_id": house.people["patron"].user_id,
        "staff_id": house.people["staff"].user_id,
        "device_id": "tablet",
        "business_day": today(),
        "actor_type": "venue",
        "actor_id": house.venue_id,
    }
    if operation.name == "AssignRoles":
        known["user_id"] = house.ids["newcomer_id"]
    given: Body = {}
    if "venue_id" in reader_of(operation.command).members:
        given["venue_id"] = house.venue_id
    if role in ("patron", "other", "none") and operation.name in OF_PATRONS:
        given |= OF_PATRONS[operation.name](house)
    elif operation.name in GIVEN:
        given |= GIVEN[operation.name](house)
    if operation.name == "StartExclusion" and role == "patron":
        given = {"kind": "cool_off", "days": 1}
    if operation.name == "StartExclusion" and role == "other":
        given["user_id"] = house.people["patron"].user_id
    path = {name: known[name] for name in operation.parameters}
    return Ask(
        operation=operation,
        path=path,
        given={name: value for name, value in given.items() if name not in path},
    )
