"""Steps of those who try what they may not: other people's work, other houses, old tokens.

Whatever else goes wrong at night, none of it may ever go well (Rules 15 and 16).
"""

from __future__ import annotations

from uuid import uuid5

import attrs

from lastlight.demo.ids import DEMO_VENUE
from protocol.addresses import Role
from protocol.operations.base import KeyRule
from protocol.records.inventory import Game
from protocol.records.money import Transaction
from protocol.records.money_states import TransactionKind, TransactionStatus
from protocol.records.users import Exclusion
from tests.simulation.asking import Sent, goes_over_sockets, over_a_socket, over_http
from tests.simulation.night import PATRONS, Night
from tests.simulation.workload.care import keep_out
from tests.simulation.workload.money import an_order
from tests.simulation.workload.steps import step
from tests.twins.people import VENUE, Someone, sign_in

ELSEWHERE_ONLY = "staff4"
OLD_TOKENS = 3


async def _try(night: Night, who: Someone, sent: Sent) -> None:
    """Ask for it as somebody who may not, by either way."""
    name = f"{night.seed} {night.moments} {who.name} {sent.key}"
    await _try_by(night, who, attrs.evolve(sent, key=str(uuid5(DEMO_VENUE, name))))


async def _try_by(night: Night, who: Someone, sent: Sent) -> None:
    """The same, by the key that is given."""
    night.moments += 1
    by_socket = goes_over_sockets(sent) and night.perhaps(0.6)
    heard = await (over_a_socket if by_socket else over_http)(who, sent)
    night.say(f"{who.name} tries {sent.method} {sent.path} -> {heard.status} {heard.code}")
    own = who.name == sent.name and isinstance(heard.body, dict)
    if own and heard.body.get("recorded") is False:
        return  # Their own alarm, said otherwise: its venue is not there, and only it knows keys.
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


@step(3)
async def look_behind_the_counter(night: Night) -> None:
    """Guests and staff ask for what is the owner's alone to see."""
    who = await night.patron() if night.perhaps(0.5) else await night.staff()
    path = night.one(("/api/admin/venues", "/api/admin/actors", f"/api/admin/actors/venue/{VENUE}"))
    await _try(night, who, _asked(who, "GET", path))


@step(3)
async def forget_to_prove_oneself(night: Night) -> None:
    """The owner has signed in, and has not typed the password again."""
    if night.faults.met["decision raised"] or "owner" in night.away:
        return
    owner, patron = await _signed_in(night, "owner"), await night.patron()
    if owner is None:
        return
    settings = {"venue_id": VENUE, "settings": {"pauses_max": 6}}
    roles = {"venue_id": VENUE, "roles": ["staff"]}
    sent = night.one(
        (
            attrs.evolve(_asked(owner, "PATCH", "/api/admin/settings", settings), version=1),
            _asked(owner, "PUT", f"/api/users/{patron.user_id}/roles", roles),
        )
    )
    await _try(night, owner, sent)


def _asked(who: Someone, method: str, path: str, body: object = None) -> Sent:
    return Sent(
        name=who.name, method=method, path=path, body=body, version=None, key="", kind="trespass"
    )


@step(4)
async def use_a_key_for_something_else(night: Night) -> None:
    """Rule 12: what was asked once is not the answer to another request."""
    sent, heard = night.one([*night.remembered])
    operation = sent.operation
    if operation is None or operation.by_gateway or operation.key is KeyRule.NONE:
        return
    if not isinstance(sent.body, dict) or sent.name in night.away:
        return
    other = {name: _another(value) for name, value in sent.body.items()}
    if other != sent.body and heard.body and heard.body.get("recorded") is not False:
        await _try_by(night, night.people[sent.name], attrs.evolve(sent, body=other))


def _another(value: object) -> object:
    """Something of the same kind, if that is a number or a yes or no."""
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else value


@step(3)
async def come_in_though_kept_out(night: Night) -> None:
    """Somebody is let in by staff who don't know that they keep themselves out (Rule 7)."""
    if night.perhaps(0.3):
        await keep_out(night)
        await night.house.wait_flushed()
    exclusion = night.row(Exclusion, lambda row: row.ended_at is None)
    staff = await night.worker()
    body = {"venue_id": VENUE, "user_id": str(exclusion.user_id), "activity": "lounge"}
    await night.ask(staff, "POST", "/api/sessions/checkin", body)


@step(3)
async def change_one_thing_twice(night: Night) -> None:
    """Two heads have seen one version, and both change it (Rule 12)."""
    game = night.one(night.rows_here(Game, lambda row: row.retired_at is None))
    for price_minor in night.random.sample((100, 200, 300, 400), 2):
        head, body = await night.head(), {"price_minor": price_minor}
        path = f"/api/inventory/games/{game.id}"
        await night.ask(head, "PATCH", path, body, version=game.version)


@step(3)
async def have_it_back_twice(night: Night) -> None:
    """Rule 10: what was given back, or is about to be, is not there to be asked for again."""
    if night.perhaps(0.4):
        body = an_order(night)
        await night.ask(await night.patron(), "POST", "/api/transactions/purchase", body)
        await night.house.wait_flushed()
    orders = night.rows(
        Transaction,
        lambda row: row.kind is TransactionKind.PURCHASE and row.status is TransactionStatus.POSTED,
    )
    order = night.one(orders[-4:])
    patron = await night.of_user(order.user_id)
    path = f"/api/transactions/{order.id}/refund"
    body = {"reason_code": "quality", "destination": "credits"}
    heard = await night.ask(patron, "POST", path, body)
    if heard.status == 202 and night.perhaps(0.8):
        head = await night.head()
        await night.prove(head)
        decision = f"/api/transactions/refunds/{heard.body['refund_id']}/decision"
        await night.ask(head, "POST", decision, {"decision": "approve"})
    await night.ask(patron, "POST", path, body)


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
