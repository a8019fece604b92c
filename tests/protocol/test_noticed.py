"""What is brought to people whose app is closed: every line of the table means something."""

from __future__ import annotations

import enum
import typing
from typing import Any
from uuid import UUID

import pytest

from lastlight.integrations.notifications.words import notice_words
from protocol.events.base import EVENTS, Audience
from protocol.internal.notifications import Loudness, NotifyPerson
from protocol.noticed import NOTICED, notices_of
from protocol.operations.users import Switch
from tests.actors.deciding import NOW

PERSON, OTHER, HERE = UUID(int=1), UUID(int=2), UUID(int=3)
ROOMS = (f"venue:{HERE}:staff", f"user:{PERSON}")
CASES: list[tuple[str, dict[str, Any], str | None, Switch | None]] = [
    ("session.low_credit", {}, "credit_low", Switch.VISITS),
    ("session.exhausted", {}, "credit_used_up", Switch.VISITS),
    ("session.status_changed", {"to": "auto_paused"}, "visit_auto_paused", Switch.VISITS),
    ("session.status_changed", {"to": "paused"}, None, None),
    ("session.checked_out", {"cause": "auto"}, "visit_ended", Switch.VISITS),
    ("session.checked_out", {"cause": "patron"}, None, None),
    ("session.limit_reached", {"action": "warn"}, "limit_near", Switch.SAFETY),
    ("session.limit_reached", {"action": "block"}, "limit_reached", Switch.SAFETY),
    ("safety.verification_requested", {"kind": "wellbeing"}, "safety_check", Switch.SAFETY),
    ("safety.verification_requested", {"kind": "break_reminder"}, "break_reminder", Switch.VISITS),
    (
        "reservation.status_changed",
        {"kind": "waitlist", "status": "confirmed"},
        "room_ready",
        Switch.RESERVATIONS,
    ),
    (
        "reservation.status_changed",
        {"kind": "slot", "status": "cancelled"},
        "booking_cancelled",
        Switch.RESERVATIONS,
    ),
    ("reservation.status_changed", {"kind": "waitlist", "status": "requested"}, None, None),
    (
        "transaction.posted",
        {"kind": "topup", "tender": "card", "amount_minor": 5},
        "top_up_posted",
        Switch.WALLET,
    ),
    ("transaction.posted", {"kind": "topup", "tender": "cash", "amount_minor": 5}, None, None),
    (
        "transaction.posted",
        {"kind": "transfer", "tender": "credits", "amount_minor": 5},
        "gift_received",
        Switch.WALLET,
    ),
    (
        "transaction.posted",
        {"kind": "transfer", "tender": "credits", "amount_minor": -5},
        None,
        None,
    ),
    ("refund.status_changed", {"to": "failed"}, "refund_failed", Switch.WALLET),
    ("refund.status_changed", {"to": "processing"}, None, None),
    ("system.notification", {"kind": "export_ready"}, None, None),
    ("auth.session_revoked", {"reason": "reuse_detected"}, "signed_out", Switch.SECURITY),
    ("auth.session_revoked", {"reason": "logout"}, None, None),
]


@pytest.mark.parametrize(("type_", "data", "kind", "topic"), CASES)
def test_an_event_becomes_the_notice_of_its_line(
    type_: str, data: dict[str, Any], kind: str | None, topic: Switch | None
) -> None:
    """What a person should know with the app closed, and no more: under the switch it is of."""
    said = notices_of(type_, data, ROOMS, venue_id=HERE, by=OTHER)
    if kind is None:
        assert said == ()
        return
    assert topic is not None
    assert said == (NotifyPerson(user_id=PERSON, kind=kind, topic=topic, venue_id=HERE),)


def test_nobody_is_told_of_what_they_did_themselves() -> None:
    """The app that did it shows it; a push a second later is a nuisance."""
    assert notices_of("session.exhausted", {}, ROOMS, venue_id=HERE, by=PERSON) == ()


def test_an_event_for_nobody_alone_is_no_notice() -> None:
    """What a room of the house hears is not brought to anybody's telephone by this."""
    assert notices_of("session.low_credit", {}, ROOMS[:1], venue_id=HERE, by=None) == ()
    assert notices_of("session.checked_in", {}, ROOMS, venue_id=HERE, by=None) == ()


@pytest.mark.parametrize("type_", NOTICED)
def test_every_line_is_of_an_event_that_goes_to_a_person(type_: str) -> None:
    """A line of a type that nobody tells would never be noticed missing."""
    assert Audience.USER in EVENTS[type_].audience


def test_every_value_that_is_looked_for_is_one_that_an_event_can_have() -> None:
    """A state that was renamed would silently be no notice any more."""
    for type_, data, _, _ in CASES:
        hints = typing.get_type_hints(EVENTS[type_])
        for name, value in data.items():
            hint = hints[name]
            if isinstance(hint, type) and issubclass(hint, enum.Enum):
                assert value in {one.value for one in hint}, (type_, name)
            elif typing.get_origin(hint) is typing.Literal:
                assert value in typing.get_args(hint), (type_, name)


@pytest.mark.parametrize("kind", sorted({case[2] for case in CASES if case[2] is not None}))
def test_every_notice_has_words_of_its_own(kind: str) -> None:
    """ "There is news for you" tells nobody whether to get up."""
    said = notice_words(
        NotifyPerson(user_id=PERSON, kind=kind, topic=Switch.VISITS), Loudness.PLAIN, NOW
    )
    assert said.title != "Last Light"
    assert (said.good_until is None) == (
        kind
        not in {
            "break_reminder", "credit_low", "credit_used_up", "room_ready", "safety_check",
            "visit_auto_paused",
        }
    )  # fmt: skip
