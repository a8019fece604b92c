"""Steps of those who try what they may not: other people's work, other houses, old tokens.

Whatever else goes wrong at night, none of it may ever go well (Rules 15 and 16).
"""

from __future__ import annotations

from uuid import uuid5

import attrs

from lastlight.demo.ids import DEMO_VENUE
from protocol.addresses import Role
from tests.simulation.asking import Sent, goes_over_sockets, over_a_socket, over_http
from tests.simulation.night import PATRONS, Night
from tests.simulation.workload.steps import step
from tests.twins.people import VENUE, Someone, sign_in

ELSEWHERE_ONLY = "staff4"
OLD_TOKENS = 3


async def _try(night: Night, who: Someone, sent: Sent) -> None:
    """Ask for it as somebody who may not, by either way."""
    name = f"{night.seed} {night.moments} {who.name} {sent.key}"
    tried = attrs.evolve(sent, key=str(uuid5(DEMO_VENUE, name)))
    night.moments += 1
    by_socket = goes_over_sockets(sent) and night.perhaps(0.6)
    heard = await (over_a_socket if by_socket else over_http)(who, tried)
    night.say(f"{who.name} tries {sent.method} {sent.path} -> {heard.status} {heard.code}")
    assert heard.status >= 400, f"{who.name} may not do this: {sent} -> {heard}"


def _work_done(night: Night) -> list[Sent]:
    """What staff and heads of the first house asked for lately, and got."""
    found = []
    for sent, _ in night.remembered:
        operation = sent.operation
        known = operation is not None and operation.least >= Role.STAFF
        if known and operation is not None and not operation.emergency:
            found.append(sent)
    return found


@step(5)
async def do_the_work_of_staff(night: Night) -> None:
    """A guest asks for what staff asked for."""
    patron = await night.who(PATRONS)
    await _try(night, patron, night.one(_work_done(night)))


@step(5)
async def work_in_the_wrong_house(night: Night) -> None:
    """Somebody who works in the second house asks for what was done in the first."""
    stranger = await night.named(ELSEWHERE_ONLY)
    here = [one for one in _work_done(night) if VENUE in f"{one.path} {one.body}"]
    await _try(night, stranger, night.one(here))


@step(2)
async def forget_to_prove_oneself(night: Night) -> None:
    """The owner has signed in, and has not typed the password again."""
    if night.faults.met["decision raised"] or "owner" in night.away:
        return
    owner = await _signed_in(night, "owner")
    if owner is None:
        return
    body = {"venue_id": VENUE, "settings": {"pauses_max": 6}}
    sent = Sent(
        name="owner", method="PATCH", path="/api/admin/settings", body=body, version=1,
        key="elevated", kind="trespass",
    )  # fmt: skip
    await _try(night, owner, sent)


@step(3)
async def go_on_after_signing_out(night: Night) -> None:
    """A token ends with its login, at once."""
    patron = await _signed_in(night, night.one(PATRONS))
    if patron is None:
        return
    out = Sent(
        name=patron.name, method="POST", path="/api/auth/logout", body={}, version=None,
        key=f"out {night.seed} {night.moments}", kind="trespass",
    )  # fmt: skip
    night.moments += 1
    heard = await over_http(patron, out)
    if heard.status == 204:
        night.ended.append(patron)
        await _come_with_an_old_token(night, patron)


async def come_with_old_tokens(night: Night) -> None:
    """They ended with their logins, perhaps at another node."""
    for who in night.ended[-OLD_TOKENS:]:
        await _come_with_an_old_token(night, who)


async def _come_with_an_old_token(night: Night, who: Someone) -> None:
    who.house = night.house
    body = Sent(
        name=who.name, method="GET", path="/api/transactions/credits", body=None, version=None,
        key=f"old {night.seed} {night.moments}", kind="trespass",
    )  # fmt: skip
    await _try(night, who, body)


async def _signed_in(night: Night, name: str) -> Someone | None:
    """A login of its own, beside the one of the night; None if that can't be had now."""
    try:
        return await sign_in(night.house, name)
    except AssertionError:
        return None
