"""What messages say. Apps may say it in their own words, by the data that goes with them.

A locked screen can be read by anybody: no name is in it, and no more of an alarm than whoever is
to come needs to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from protocol.internal.emergencies import AlertPeople
from protocol.internal.notifications import Loudness, NotifyPerson, Words
from protocol.internal.people import SendNotice
from protocol.notify_limits import ALERT_AGE_MAX_S
from protocol.records.states import Severity

BROADCAST: Final = "broadcast_"
CARE: Final = frozenset({"safety", "care_overdue"})
HELP: Final = frozenset({"harassment", "unwell", "walk_me_out", "other"})
_SOFT: Final = frozenset({"broadcast_info", "broadcast_all_clear"})

_BROADCASTS: Final[Mapping[str, str]] = {
    "broadcast_evacuate": "Leave the building now",
    "broadcast_shelter": "Stay inside and away from the windows",
    "broadcast_medical": "Medical emergency: make room",
    "broadcast_all_clear": "All clear",
    "broadcast_info": "A word from the house",
}
_REASONS: Final[Mapping[str, str]] = {
    "notifying": "Nobody has acknowledged it yet.",
    "exhausted": "Nobody has acknowledged it. Everyone is called.",
    "idle": "It was acknowledged, but nobody is there yet.",
    "backup": "Whoever is there asks for more people.",
    "unheard": "No device has shown it yet.",
}
_NOTICES: Final[Mapping[str, tuple[str, str]]] = {
    "export_ready": ("Your data is ready", "The copy can be fetched for a week."),
    "export_failed": ("Your data is not ready", "The copy could not be made. Please ask again."),
    "erasure_cancelled": ("Your account stays", "It will not be erased, as you signed in again."),
    "age_verified": ("Your age is verified", "You need not show a document here again."),
    "role_changed": ("Your role has changed", "Sign in again to see what you may do now."),
    "credit_low": ("Your credit is running low", "Top up to go on; the app shows until when."),
    "credit_used_up": (
        "Your visit is paused",
        "Your credit is used up. Top up within ten minutes to go on.",
    ),
    "visit_auto_paused": ("Your visit is paused", "You seem to have left. Come back to go on."),
    "visit_ended": ("Your visit has ended", "The receipt is in the app."),
    "break_reminder": ("Time for a break?", "You have been here for a while."),
    "safety_check": ("Are you all right?", "Please answer in the app."),
    "limit_near": ("You are near a limit of yours", "The app shows how much is left."),
    "limit_reached": ("You have reached a limit of yours", "The app shows which one."),
    "self_exclusion_term_over": (
        "The term of your exclusion is over",
        "It stays in force until you ask us in person to end it.",
    ),
    "room_ready": ("A room is ready for you", "It is kept for a while. The app shows which one."),
    "booking_confirmed": ("Your booking is confirmed", "Room and time are in the app."),
    "booking_cancelled": ("Your booking is cancelled", "The app shows more."),
    "booking_no_show": ("Your booking has lapsed", "Nobody came in time. The app shows more."),
    "waitlist_expired": ("Your place in line has lapsed", "Join again in the app."),
    "top_up_posted": ("Your credit is there", "The top-up has arrived."),
    "gift_received": ("You were given credit", "It is in your wallet."),
    "refund_rejected": ("Your refund was declined", "The app shows why."),
    "refund_succeeded": ("Your refund is done", "The app shows where it went."),
    "refund_failed": ("Your refund did not go through", "The credit is back in your wallet."),
    "signed_out": ("You were signed out", "Somebody used an old sign-in of yours. Sign in again."),
    "limit_raise_ready": (
        "Your limit has not changed",
        "You asked to raise it a day ago. If you still want to, confirm it in the app.",
    ),
}
_OF_NOW: Final = frozenset(
    {
        "break_reminder", "credit_low", "credit_used_up", "room_ready", "safety_check",
        "visit_auto_paused",
    }
)  # fmt: skip
_PASSING: Final = timedelta(minutes=15)
"""So long these are of use; later they would only mislead."""


def alert_words(alert: AlertPeople, *, venue: str, at: datetime) -> Words:
    """What an alert says, to whomever; `at` is when it was decided."""
    soft = is_soft(alert)
    where = venue if alert.zone is None else f"{venue}, {alert.zone}"
    if alert.reason.startswith(BROADCAST):
        title, body = _BROADCASTS.get(alert.reason, "An announcement"), f"{where}."
    elif alert.reason in CARE:
        late = " It is overdue." if alert.reason == "care_overdue" else ""
        title, body = "A guest needs care", f"{where}.{late}"
    elif alert.reason in HELP:
        title, body = "A guest asks for help", f"{where}."
    else:
        title = f"SOS, {alert.severity.value}"
        body = f"{where}. {_REASONS.get(alert.reason, '')}".rstrip()
    if alert.text is not None:
        body = f"{alert.text}\n{body}"
    return Words(
        title=title,
        body=body,
        data=_data_of(alert),
        collapse=str(alert.incident_id),
        loudness=Loudness.PLAIN if soft else Loudness.ALARM,
        good_until=at + timedelta(seconds=ALERT_AGE_MAX_S),
    )


def is_soft(alert: AlertPeople) -> bool:
    """Whether an alert is no alarm: it goes out behind those that are."""
    return alert.reason in _SOFT or (alert.reason in CARE and alert.severity is Severity.MEDIUM)


def is_of_incident(alert: AlertPeople) -> bool:
    """Whether `incident_id` names an incident, and not a broadcast or a case of care."""
    return not alert.reason.startswith(BROADCAST) and alert.reason not in CARE


def notice_words(notice: NotifyPerson, loudness: Loudness, at: datetime) -> Words:
    """What a notice says; `at` is when it was decided."""
    title, body = _NOTICES.get(notice.kind, ("Last Light", "There is news for you in the app."))
    data = {"kind": notice.kind, "title_key": f"notice.{notice.kind}"}
    return Words(
        title=title,
        body=body,
        data=data,
        collapse=f"notice:{notice.kind}",
        loudness=loudness,
        good_until=at + _PASSING if notice.kind in _OF_NOW else None,
    )


def mail_words(notice: SendNotice) -> Words:
    """What a mail or text to one address says."""
    return Words(title=notice.subject, body=notice.text, data={"kind": notice.kind})


def _data_of(alert: AlertPeople) -> dict[str, str]:
    data = {
        "kind": "alert",
        "incident_id": str(alert.incident_id),
        "venue_id": str(alert.venue_id),
        "severity": alert.severity.value,
        "tier": str(alert.tier),
        "reason": alert.reason,
    }
    return data if alert.zone is None else {**data, "zone": alert.zone}
