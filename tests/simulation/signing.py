"""How people of a random night get their tokens, and whatever else is asked without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from lastlight.demo.founding import DEMO_PASSWORD
from lastlight.web.http import Headers
from tests.simulation.asking import operation_of
from tests.twins.people import Heard, Someone, ask

if TYPE_CHECKING:
    from tests.simulation.night import Night

TRIES_MAX: Final = 400
"""A second each. An effect that hangs is given up after 60 s, and may hang some times in a row."""
UNDECIDED: Final = {503, 504}


def is_undecided(night: Night, heard: Heard) -> bool:
    """Whether to ask again: nothing is known, or it failed as was planted."""
    planted = night.faults.explain(heard)
    return heard.status in UNDECIDED or planted or heard.code == "idempotency_in_progress"


async def ask_without_token(
    night: Night, path: str, body: dict[str, object], *, key: str | None = None
) -> Heard:
    """Post it until there is an answer that decides; it is counted if that is a good one."""
    headers: Headers = () if key is None else (("idempotency-key", key),)
    for _ in range(TRIES_MAX):
        heard = await ask(night.house, "POST", path, body, headers=headers)
        if not is_undecided(night, heard):
            break
        await trio.sleep(1)
    found = operation_of("POST", path)
    assert found is not None, path
    night.operations[found[0].name] += heard.status < 300
    return heard


async def sign_in(night: Night, name: str) -> bool:
    """Log in; False, and not asked again, if they may not."""
    body: dict[str, object] = {"email": f"{name}@lastlight.example", "password": DEMO_PASSWORD}
    heard = await ask_without_token(night, "/api/auth/login", body)
    if heard.status != 200:
        assert heard.status in {401, 403, 429}, f"{name} signs in: {heard}"
        night.say(f"{name} can't sign in: {heard.code}")
        night.away.add(name)
        return False
    night.away.discard(name)
    user_id = heard.body["user"]["user_id"]
    tokens = (heard.body["access_token"], heard.body["refresh_token"])
    if name in night.people:
        person = night.people[name]
        person.token, person.refresh_token = tokens
    else:
        night.people[name] = Someone(
            house=night.house, name=name, user_id=user_id, token=tokens[0],
            refresh_token=tokens[1],
        )  # fmt: skip
    return True


async def renew(night: Night, name: str) -> bool:
    """A token has ended: take a new one, or sign in again; whether that went well."""
    person = night.people[name]
    sent: dict[str, object] = {"refresh_token": person.refresh_token}
    heard = await ask_without_token(night, "/api/auth/refresh", sent)
    if heard.status == 200:
        person.token = heard.body["access_token"]
        person.refresh_token = heard.body["refresh_token"]
        return True
    assert heard.status in {401, 403}, f"{name} takes a new token: {heard}"
    return await sign_in(night, name)
