"""APNs as its documentation has it: who we are there, and what its errors mean; and keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
import trio

from lastlight.integrations.notifications.apns import Apns, read_signing_key
from lastlight.integrations.notifications.fcm import (
    CredentialsUnusable,
    read_service_account,
)
from lastlight.integrations.notifications.port import (
    TargetGone,
    TryLater,
    Undeliverable,
)
from protocol.internal.notifications import Loudness
from tests.contracts.notification_servers import a_letter, open_apns
from tests.lastlight.hands import Hands
from tests.twins.authority import Authority, make_authority
from tests.twins.push_servers import ApnsBooks, FcmBooks, apns_error
from tests.twins.web_server import Said, WebServer

TOKEN: Final = "0a" * 32


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
async def apns(
    authority: Authority, tmp_path: Path, hands: Hands
) -> AsyncIterator[tuple[Apns, ApnsBooks, WebServer]]:
    async with open_apns(authority, tmp_path, hands.now) as opened:
        yield opened


ApnsStand = tuple[Apns, ApnsBooks, WebServer]


async def test_one_provider_token_serves_until_it_is_forty_minutes_old(
    apns: ApnsStand,
) -> None:
    """Renewed more often than every 20 minutes, or less than hourly, APNs refuses it."""
    sender, books, _ = apns
    for n, age_s in enumerate((0, 1_199, 2_399, 2_401)):
        sender._made_at = trio.current_time() - age_s if n else sender._made_at
        await sender.deliver(TOKEN, a_letter(n + 1))
    assert len(books.tokens) == 2
    assert len(books.sent) == 4


async def test_an_expired_provider_token_is_renewed_once(apns: ApnsStand, hands: Hands) -> None:
    """A machine that slept for two hours sends its next alarm all the same."""
    sender, books, server = apns
    await sender.deliver(TOKEN, a_letter(1))
    hands.at += timedelta(hours=2)
    books.now_s = hands.at.timestamp()
    await sender.deliver(TOKEN, a_letter(2))
    assert (len(books.tokens), len(books.sent)) == (2, 2)
    server.asked.clear()
    server.instead += [apns_error(403, "ExpiredProviderToken")] * 2
    with pytest.raises(TryLater):
        await sender.deliver(TOKEN, a_letter(3))
    assert len(server.asked) == 1, "tokens that are made again and again are refused for it"


@pytest.mark.parametrize(
    ("answer", "error", "after_s", "everything"),
    [
        (apns_error(410, "Unregistered", timestamp=1_700_000_000_000), TargetGone, None, False),
        (apns_error(400, "BadDeviceToken"), TargetGone, None, False),
        (apns_error(400, "DeviceTokenNotForTopic"), TargetGone, None, False),
        (apns_error(400, "PayloadEmpty"), Undeliverable, None, False),
        (apns_error(413, "PayloadTooLarge"), Undeliverable, None, False),
        (apns_error(429, "TooManyRequests"), TryLater, None, False),
        (apns_error(429, "TooManyProviderTokenUpdates"), TryLater, 1_200.0, True),
        (apns_error(403, "Forbidden"), TryLater, None, False),
        (apns_error(500, "InternalServerError"), TryLater, None, False),
        (apns_error(503, "Shutdown"), TryLater, None, False),
    ],
)
async def test_each_error_of_apns_means_what_its_documentation_says(
    apns: ApnsStand,
    answer: Said,
    error: type[Exception],
    after_s: float | None,
    everything: bool,
) -> None:
    """One device that is told too much is no reason to leave the others without their alarm."""
    sender, _, server = apns
    server.instead.append(answer)
    with pytest.raises(error) as raised:
        await sender.deliver(TOKEN, a_letter())
    if isinstance(raised.value, TryLater):
        assert (raised.value.after_s, raised.value.everything) == (after_s, everything)


@pytest.mark.parametrize("token", ["", "no/hex", "../../secret", "0a" * 300])
async def test_what_is_no_token_never_becomes_part_of_an_address(
    apns: ApnsStand, token: str
) -> None:
    """Apps register what they like; it goes into the path of a request."""
    sender, _, server = apns
    with pytest.raises(TargetGone):
        await sender.deliver(token, a_letter())
    assert server.asked == []


async def test_a_notification_says_how_it_is_to_be_shown(apns: ApnsStand, hands: Hands) -> None:
    """With the letter's own id, and an end after which it would only mislead."""
    sender, books, _ = apns
    until = hands.at.replace(microsecond=0) + timedelta(seconds=90)
    await sender.deliver(TOKEN, a_letter(1, good_until=until))
    await sender.deliver(TOKEN, a_letter(2, loudness=Loudness.SILENT, collapse=None))
    (alarm, loud), (quiet, silent) = books.sent
    assert alarm["apns-id"] == str(a_letter(1).id)
    assert alarm["apns-collapse-id"] == "incident-1"
    assert int(alarm["apns-expiration"]) == until.timestamp()
    assert (alarm["apns-priority"], quiet["apns-priority"]) == ("10", "5")
    assert loud["aps"]["interruption-level"] == "time-sensitive"
    assert silent["aps"]["interruption-level"] == "passive"
    assert "sound" not in silent["aps"]
    assert "apns-collapse-id" not in quiet


@pytest.mark.parametrize("text", [None, "", "{}", '{"private_key": 1}', '{"private_key": "x"}'])
def test_a_service_account_that_is_none_is_refused_at_the_start(
    tmp_path: Path, text: str | None
) -> None:
    """Better at the start, by an operator who looks, than in the night of the alarm."""
    path = tmp_path / "fcm.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CredentialsUnusable, match=r"fcm\.json"):
        read_service_account(path)


def test_a_signing_key_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    """Likewise; and a key of another kind would be refused by APNs each time."""
    path = tmp_path / "apns.p8"
    with pytest.raises(CredentialsUnusable, match="can't be read"):
        read_signing_key(path)
    path.write_text("x")
    with pytest.raises(CredentialsUnusable, match="not a key"):
        read_signing_key(path)
    rsa_key = FcmBooks().credentials()
    path.write_text(rsa_key.decode().split('"private_key":"')[1].split('"')[0].replace("\\n", "\n"))
    with pytest.raises(CredentialsUnusable, match="P-256"):
        read_signing_key(path)
