"""Steps of those who read their mail: codes that confirm an address, secrets for a new password."""

from __future__ import annotations

from typing import Final

import trio

from lastlight.demo.founding import DEMO_PASSWORD
from protocol.internal.people import SendNotice
from tests.simulation.night import Night
from tests.simulation.signing import ask_without_token
from tests.simulation.workload.people import register
from tests.simulation.workload.steps import step

FORGETFUL: Final = "patron9@lastlight.example"
"""Whose password is asked for again: the others need theirs."""
BROUGHT_S: Final = 3
"""About how long a letter takes."""


def _letters(night: Night, kind: str) -> list[SendNotice]:
    """All that were sent, oldest first."""
    sent = (message.command for message in night.world.effects.done)
    return [one for one in sent if isinstance(one, SendNotice) and one.kind == kind]


@step(2)
async def confirm_an_address(night: Night) -> None:
    """By the code of the last letter or an earlier one; perhaps another is asked for first."""
    path = "/api/auth/verify-email"
    if not _letters(night, "email_verification"):
        await register(night)
        await trio.sleep(BROUGHT_S)
    letter = night.one(_letters(night, "email_verification")[-3:])
    if night.perhaps(0.3):
        body: dict[str, object] = {"email": letter.email, "resend": True}
        await ask_without_token(night, path, body, key=night.fresh_key())
        await trio.sleep(BROUGHT_S)
    letter = _letters(night, "email_verification")[-1]
    body = {"email": letter.email, "code": letter.secret}
    heard = await ask_without_token(night, path, body, key=night.fresh_key())
    night.say(f"{letter.email} is confirmed by {letter.secret}: {heard.status} {heard.code}")
    assert heard.status < 500, heard
    assert heard.status != 200 or heard.body == {"verified": True}, heard


@step(2)
async def forget_a_password(night: Night) -> None:
    """Have a letter sent and use what it says, which is good once; or try what it doesn't say."""
    asked: dict[str, object] = {"email": FORGETFUL}
    heard = await ask_without_token(
        night, "/api/auth/password/forgot", asked, key=night.fresh_key()
    )
    assert heard.status in {202, 429}, heard
    assert await _reset(night, "0" * 32 + ".nothing") >= 400
    await trio.sleep(BROUGHT_S)
    letter = night.one(_letters(night, "password_reset")[-2:])
    assert letter.secret is not None
    if await _reset(night, letter.secret) < 300:
        assert await _reset(night, letter.secret) >= 400, "a secret was good twice"


async def _reset(night: Night, secret: str) -> int:
    body: dict[str, object] = {"token": secret, "new_password": DEMO_PASSWORD}
    path = "/api/auth/password/reset"
    heard = await ask_without_token(night, path, body, key=night.fresh_key())
    night.say(f"somebody sets a new password: {heard.status} {heard.code}")
    assert heard.status < 500, heard
    return heard.status
