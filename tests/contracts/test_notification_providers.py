"""What every way to people promises, in memory and over real HTTP, HTTP/2 and SMTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
import trio

from lastlight.integrations.notifications.port import (
    Provider,
    TargetGone,
    TryLater,
    Undeliverable,
)
from protocol.errors import LastLightError
from tests.contracts.notification_places import Stand, open_stand
from tests.contracts.notification_servers import WAIT_S, a_letter
from tests.twins.authority import Authority, make_authority

KINDS = ("memory", "fcm", "apns", "mail", "sms", "voice", "contact")
CODE = "493021"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(params=KINDS)
async def stand(
    request: pytest.FixtureRequest, authority: Authority, tmp_path: Path
) -> AsyncIterator[Stand]:
    async with open_stand(request.param, authority, tmp_path) as stand:
        yield stand


async def test_a_letter_is_brought_whole(stand: Stand) -> None:
    """Half an alarm is none, and a code without its digits opens nothing."""
    assert await stand.provider.deliver(stand.target, a_letter())
    (said,) = stand.shown()
    assert "Upstairs 1, by the bar" in said
    assert (CODE in said) == stand.tells_secrets


async def test_many_letters_go_side_by_side(stand: Stand) -> None:
    """Everybody on duty is told at once, not one after the other."""
    async with trio.open_nursery() as nursery:
        for n in range(1, 9):
            nursery.start_soon(stand.provider.deliver, stand.target, a_letter(n))
    assert len(stand.shown()) == 8


async def test_a_letter_that_is_sent_twice_is_seen_once(stand: Stand) -> None:
    """After a crash nobody knows whether it went; where there is a key, it is seen once."""
    for _ in range(2):
        await stand.provider.deliver(stand.target, a_letter())
    assert len(stand.shown()) == (1 if stand.takes_key else 2)


async def test_who_is_busy_says_for_how_long(stand: Stand) -> None:
    """A provider that was asked to slow down and is not, shuts its door for longer."""
    stand.is_busy_once()
    with pytest.raises(TryLater) as raised:
        await stand.provider.deliver(stand.target, a_letter())
    assert raised.value.after_s == (WAIT_S if stand.asks_to_wait else None)
    await stand.provider.deliver(stand.target, a_letter())
    assert len(stand.shown()) == 1


async def test_trouble_of_theirs_is_passing(stand: Stand) -> None:
    """What failed on their side may work in a minute: nothing is given up for it."""
    stand.fails_once()
    with pytest.raises(TryLater):
        await stand.provider.deliver(stand.target, a_letter())
    await stand.provider.deliver(stand.target, a_letter())
    assert len(stand.shown()) == 1


async def test_a_letter_that_is_refused_is_never_taken(stand: Stand) -> None:
    """To try again what is wrong in itself would go on for ever."""
    stand.refuses_once()
    with pytest.raises(Undeliverable):
        await stand.provider.deliver(stand.target, a_letter())
    assert stand.shown() == []


async def test_who_does_not_answer_is_not_waited_for(stand: Stand) -> None:
    """A provider that hangs is given up after its time, and used again when it is back."""
    async with stand.hanging():
        with pytest.raises(TryLater), trio.fail_after(5):
            await stand.provider.deliver(stand.target, a_letter())
    with trio.fail_after(5):
        await stand.provider.deliver(stand.target, a_letter(2))
    assert any("Upstairs 2" in said for said in stand.shown())


async def test_a_target_that_is_gone_is_told_as_such(stand: Stand) -> None:
    """The token is forgotten then, and the device costs nothing any more."""
    if stand.nobody is None:
        return
    with pytest.raises(TargetGone):
        await stand.provider.deliver(stand.nobody, a_letter())
    assert stand.shown() == []


async def test_no_error_and_no_log_names_whom_it_was_for(stand: Stand) -> None:
    """Reasons are kept and shown to operators; numbers and codes are nobody's business."""
    said: list[str] = []
    with structlog.testing.capture_logs() as logs:
        for spoil in (stand.is_busy_once, stand.fails_once, stand.refuses_once):
            spoil()
            said.append(await _complaint(stand.provider, stand.target))
        async with stand.hanging():
            said.append(await _complaint(stand.provider, stand.target))
        if stand.nobody is not None:
            said.append(await _complaint(stand.provider, stand.nobody))
    for secret in (stand.target, stand.nobody, CODE, "by the bar"):
        assert not secret or secret not in f"{said} {logs}"


async def _complaint(provider: Provider, target: str) -> str:
    with pytest.raises(LastLightError) as raised:
        await provider.deliver(target, a_letter())
    return f"{raised.value} {raised.value!r}"
