"""Which events are also brought to a person whose app is closed: a table from an event to a notice.

The runtime adds these notices to the outcome that an event is part of, so they are as durable as
it. By which ways, how loudly and whether at all is the person's wish, seen when one goes out
(`actors/rules/notices.py`). Nobody is told of what they did themselves just now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import attrs

from protocol.internal.notifications import NotifyPerson
from protocol.operations.users import Switch

Data = Mapping[str, Any]
_USER: Final = "user:"


@attrs.frozen
class Noticed:
    """Of one type of event: the switch that it is under, and the kind of notice, if it is one."""

    topic: Switch
    kind_of: Callable[[Data], str | None]


def _always(kind: str) -> Callable[[Data], str | None]:
    return lambda _: kind


def _by(name: str, kinds: Mapping[str, str]) -> Callable[[Data], str | None]:
    """The kind by one value of the event's data."""
    return lambda data: kinds.get(data[name])


def _reservation(data: Data) -> str | None:
    if data["status"] == "confirmed" and data["kind"] == "waitlist":
        return "room_ready"
    return {
        "confirmed": "booking_confirmed",
        "cancelled": "booking_cancelled",
        "no_show": "booking_no_show",
        "expired": "waitlist_expired",
    }.get(data["status"])


def _posted(data: Data) -> str | None:
    if data["kind"] == "topup" and data["tender"] == "card":
        return "top_up_posted"
    return "gift_received" if data["kind"] == "transfer" and data["amount_minor"] > 0 else None


NOTICED: Final[Mapping[str, tuple[Noticed, ...]]] = {
    "session.low_credit": (Noticed(Switch.VISITS, _always("credit_low")),),
    "session.exhausted": (Noticed(Switch.VISITS, _always("credit_used_up")),),
    "session.status_changed": (
        Noticed(Switch.VISITS, _by("to", {"auto_paused": "visit_auto_paused"})),
    ),
    "session.checked_out": (
        Noticed(
            Switch.VISITS,
            _by("cause", dict.fromkeys(("auto", "forced", "cutover", "exclusion"), "visit_ended")),
        ),
    ),
    "session.limit_reached": (
        Noticed(Switch.SAFETY, _by("action", {"warn": "limit_near", "block": "limit_reached"})),
    ),
    "safety.verification_requested": (
        Noticed(
            Switch.SAFETY,
            _by("kind", dict.fromkeys(("wellbeing", "reaction"), "safety_check")),
        ),
        Noticed(Switch.VISITS, _by("kind", {"break_reminder": "break_reminder"})),
    ),
    "reservation.status_changed": (Noticed(Switch.RESERVATIONS, _reservation),),
    "transaction.posted": (Noticed(Switch.WALLET, _posted),),
    "refund.status_changed": (
        Noticed(
            Switch.WALLET,
            _by("to", {to: f"refund_{to}" for to in ("rejected", "succeeded", "failed")}),
        ),
    ),
    "system.notification": (
        Noticed(
            Switch.SAFETY,
            _by("kind", {one: one for one in ("limit_reached", "self_exclusion_term_over")}),
        ),
    ),
    "auth.session_revoked": (
        Noticed(Switch.SECURITY, _by("reason", {"reuse_detected": "signed_out"})),
    ),
}


def notices_of(
    type_: str, data: Data, rooms: tuple[str, ...], *, venue_id: UUID | None, by: UUID | None
) -> tuple[NotifyPerson, ...]:
    """What follows from an event for the people whose own rooms it goes to, but for `by`."""
    found = NOTICED.get(type_)
    if found is None:
        return ()
    people = [UUID(room.removeprefix(_USER)) for room in rooms if room.startswith(_USER)]
    kinds = [(one.topic, kind) for one in found if (kind := one.kind_of(data)) is not None]
    return tuple(
        NotifyPerson(user_id=person, kind=kind, topic=topic, venue_id=venue_id)
        for person in people
        if person != by
        for topic, kind in kinds
    )
