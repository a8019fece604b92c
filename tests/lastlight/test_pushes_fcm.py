"""FCM as its documentation has it: who we are there, and what its errors mean."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import trio

from lastlight.integrations.notifications.fcm import (
    Fcm,
)
from lastlight.integrations.notifications.port import (
    TargetGone,
    TryLater,
    Undeliverable,
)
from protocol.internal.notifications import Loudness
from tests.contracts.notification_servers import a_letter, open_fcm
from tests.lastlight.hands import Hands
from tests.twins.authority import Authority, make_authority
from tests.twins.push_servers import FcmBooks, fcm_error
from tests.twins.web_server import Said, WebServer


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
async def fcm(
    authority: Authority, tmp_path: Path, hands: Hands
) -> AsyncIterator[tuple[Fcm, FcmBooks, WebServer]]:
    async with open_fcm(authority, tmp_path, hands.now) as opened:
        yield opened


FcmStand = tuple[Fcm, FcmBooks, WebServer]


async def test_one_sign_in_is_enough_for_an_hour_of_pushes(fcm: FcmStand) -> None:
    """A sign-in for each push would be two calls, and is limited."""
    sender, books, server = fcm
    async with trio.open_nursery() as nursery:
        for n in range(8):
            nursery.start_soon(sender.deliver, "token", a_letter(n + 1))
    assert (books.given, len(books.sent)) == (1, 8)
    assert {asked.version for asked in server.asked} == {"2"}


async def test_a_sign_in_is_renewed_before_its_end(fcm: FcmStand) -> None:
    """A token that ends on the way to FCM costs an alarm a round trip."""
    sender, books, _ = fcm
    books.lasts_s = 300
    await sender.deliver("token", a_letter(1))
    await sender.deliver("token", a_letter(2))
    assert books.given == 2


async def test_a_sign_in_that_is_not_taken_any_more_is_renewed_once(fcm: FcmStand) -> None:
    """FCM may end a token before its time; the alarm goes out all the same."""
    sender, books, server = fcm
    await sender.deliver("token", a_letter(1))
    books.good.clear()
    await sender.deliver("token", a_letter(2))
    assert (books.given, len(books.sent)) == (2, 2)
    server.asked.clear()
    server.instead += [fcm_error(401, "UNAUTHENTICATED"), Said(200, await _grant(books)),
                       fcm_error(401, "UNAUTHENTICATED")]  # fmt: skip
    with pytest.raises(TryLater, match="401"):
        await sender.deliver("token", a_letter(3))
    assert len(server.asked) == 3


async def _grant(books: FcmBooks) -> dict[str, object]:
    return {"access_token": "another", "expires_in": 3600}


async def test_an_account_that_is_not_let_in_waits_for_somebody_to_see_to_it(
    fcm: FcmStand,
) -> None:
    """A key that was deleted must not make alarms be given up within a second."""
    sender, _, server = fcm
    server.instead.append(Said(400, {"error": "invalid_grant", "error_description": "no"}))
    with pytest.raises(TryLater, match="400 invalid_grant"):
        await sender.deliver("token", a_letter())


@pytest.mark.parametrize(
    ("answer", "error", "after_s", "everything"),
    [
        (fcm_error(404, "NOT_FOUND", "UNREGISTERED"), TargetGone, None, False),
        (fcm_error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), TargetGone, None, False),
        (fcm_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"), Undeliverable, None, False),
        (fcm_error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), TryLater, 60.0, True),
        (fcm_error(503, "UNAVAILABLE", "UNAVAILABLE", **{"retry-after": "11"}), TryLater, 11, True),
        (fcm_error(500, "INTERNAL", "INTERNAL"), TryLater, None, False),
        (fcm_error(403, "PERMISSION_DENIED"), TryLater, None, False),
        (Said(502, b"<html>Bad Gateway</html>"), TryLater, None, False),
        (Said(503, b"x" * 70_000), TryLater, None, False),
    ],
)
async def test_each_error_of_fcm_means_what_its_documentation_says(
    fcm: FcmStand,
    answer: Said,
    error: type[Exception],
    after_s: float | None,
    everything: bool,
) -> None:
    """By its code and not by its words, which may change."""
    sender, _, server = fcm
    await sender.deliver("token", a_letter(1))
    server.instead.append(answer)
    with pytest.raises(error) as raised:
        await sender.deliver("token", a_letter(2))
    if isinstance(raised.value, TryLater):
        assert (raised.value.after_s, raised.value.everything) == (after_s, everything)


async def test_a_token_that_fcm_calls_invalid_is_gone(fcm: FcmStand) -> None:
    """The argument that is invalid may be the token itself, or the message."""
    sender, _, server = fcm
    await sender.deliver("token", a_letter(1))
    violation = {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"field": "message.token", "description": "Invalid"}],
    }
    error = {"code": 400, "status": "INVALID_ARGUMENT", "details": [violation]}
    server.instead.append(Said(400, {"error": error}))
    with pytest.raises(TargetGone):
        await sender.deliver("token", a_letter(2))


@pytest.mark.parametrize(
    "body", [{"error": 1}, {"error": {"details": [1, {"fieldViolations": 2}]}}]
)
async def test_an_error_of_another_shape_is_no_trouble(
    fcm: FcmStand, body: dict[str, object]
) -> None:
    """What a proxy on the way answers must not end the node."""
    sender, _, server = fcm
    await sender.deliver("token", a_letter(1))
    server.instead.append(Said(500, body))
    with pytest.raises(TryLater):
        await sender.deliver("token", a_letter(2))


async def test_a_push_says_how_it_is_to_be_shown(fcm: FcmStand, hands: Hands) -> None:
    """An alarm breaks through; what came in quiet hours lies there."""
    sender, books, _ = fcm
    until = hands.at + timedelta(seconds=90)
    await sender.deliver("token", a_letter(1, good_until=until))
    await sender.deliver("token", a_letter(2, loudness=Loudness.SILENT, collapse=None))
    alarm, silent = (message["android"] for message in books.sent)
    assert (alarm["priority"], alarm["ttl"], alarm["collapse_key"]) == ("HIGH", "90s", "incident-1")
    assert alarm["notification"]["channel_id"] == "alarm"
    assert (silent["priority"], silent["notification"]["channel_id"]) == ("NORMAL", "silent")
    assert "collapse_key" not in silent
