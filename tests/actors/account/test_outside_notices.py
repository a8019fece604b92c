"""What an account has told outside the apps, and what it hears of its devices from there."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from actors.account.notices import outside
from actors.account.pushes import decide_device_gone, decide_device_reached
from actors.account.state import AccountState
from actors.runtime.outcome import Outcome
from protocol.addresses import OUTSIDE
from protocol.internal.notifications import DeviceGone, DeviceReached, NotifyPerson
from protocol.operations.users import Switch
from protocol.records.states import PushPlatform
from protocol.records.users import PushDevice, UserPreferences
from tests.actors.account.wallets import USER, VENUE, a_user, an_account, here
from tests.actors.deciding import IDS, NOW, accepted

TOKEN = "0a" * 32


def a_device(**more: Any) -> PushDevice:
    given: dict[str, Any] = {
        "id": IDS.fresh(),
        "user_id": USER,
        "device_id": "phone",
        "platform": PushPlatform.APNS,
        "token": TOKEN,
        "app": "guest",
    }
    return PushDevice(**(given | more))


def digest(token: str = TOKEN) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def with_device(**more: Any) -> AccountState:
    return an_account(a_user(), a_device(**more))


def test_a_device_that_is_gone_is_removed() -> None:
    """The provider said so of this very token."""
    state = with_device()
    gone = DeviceGone(device_id="phone", token_digest=digest())
    outcome = accepted(decide_device_gone(state, gone, here()))
    assert outcome == Outcome(removes=tuple(state.all(PushDevice)))


@pytest.mark.parametrize(
    ("device_id", "token"), [("phone", "newer"), ("another", TOKEN), ("another", "newer")]
)
def test_what_is_said_of_another_token_or_device_changes_nothing(
    device_id: str, token: str
) -> None:
    """It was registered anew while the answer was under way."""
    state = with_device()
    gone = DeviceGone(device_id=device_id, token_digest=digest(token))
    assert accepted(decide_device_gone(state, gone, here())) == Outcome()
    reached = DeviceReached(device_id=device_id, token_digest=digest(token), at=NOW)
    assert accepted(decide_device_reached(state, reached, here())) == Outcome()


def test_a_device_that_was_reached_is_not_silent() -> None:
    """Those silent for 270 days are forgotten."""
    state = with_device(last_ok_at=NOW - timedelta(days=2))
    reached = DeviceReached(device_id="phone", token_digest=digest(), at=NOW)
    outcome = accepted(decide_device_reached(state, reached, here()))
    (device,) = outcome.changes
    assert isinstance(device, PushDevice)
    assert (device.last_ok_at, device.failed_at, device.version) == (NOW, None, 2)


def test_an_older_word_of_a_device_is_no_news() -> None:
    """Answers may overtake one another."""
    state = with_device(last_ok_at=NOW)
    reached = DeviceReached(device_id="phone", token_digest=digest(), at=NOW)
    assert accepted(decide_device_reached(state, reached, here())) == Outcome()


def test_who_has_only_the_app_is_told_by_the_app_only() -> None:
    """An effect that could reach nobody would only be written and read."""
    assert outside(an_account(a_user()), "age_verified", Switch.VISITS) == ()


@pytest.mark.parametrize(
    "more", [a_device(), UserPreferences(user_id=USER, channels={"email": True})]
)
def test_who_can_be_reached_otherwise_is_told_so_too(more: PushDevice | UserPreferences) -> None:
    """By which ways, and how loudly, is found out when it goes out."""
    state = an_account(a_user(), more)
    (send,) = outside(
        state, "role_changed", Switch.SECURITY, params={"role": "staff"}, venue_id=VENUE
    )
    assert (send.target, send.detached, send.urgent) == (OUTSIDE, True, False)
    assert send.command == NotifyPerson(
        user_id=USER,
        kind="role_changed",
        topic=Switch.SECURITY,
        params={"role": "staff"},
        venue_id=VENUE,
    )
