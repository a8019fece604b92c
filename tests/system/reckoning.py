"""What guests were told against what the node tells and has: all of it, once, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import trio

from storage.postgres.database import Connection
from tests.system.books import broken_laws, sessions_of, transactions_of
from tests.system.guests import Front
from tests.system.harness import wait_until
from tests.system.load import CHECK_IN, CHECK_OUT, PURCHASE, TOP_UP, Act, Guest, done_by_all

FLUSHED_S: Final = 15.0


async def check_tables(connection: Connection, guests: list[Guest]) -> None:
    """Everything answered is in the tables exactly once, and nothing else of these guests is."""
    people = [guest.person.user_id for guest in guests]
    wanted: dict[str, dict[str, Any]] = {
        PURCHASE: {
            act.answer["transaction_id"]: act.answer["total_minor"]
            for act in done_by_all(guests, PURCHASE)
        },
        TOP_UP: {
            act.answer["transaction_id"]: act.answer["amount_minor"]
            for act in done_by_all(guests, TOP_UP)
        },
    }
    closed = {act.answer["session_id"] for act in done_by_all(guests, CHECK_OUT)}
    visits = {
        act.answer["session_id"]: "closed" if act.answer["session_id"] in closed else "open"
        for act in done_by_all(guests, CHECK_IN)
    }
    wanted[CHECK_IN] = visits

    async def differences() -> dict[str, object]:
        found: dict[str, dict[str, Any]] = {
            kind: await transactions_of(connection, people, kind) for kind in (PURCHASE, TOP_UP)
        }
        found[CHECK_IN] = await sessions_of(connection, people)
        return {
            f"{kind} {id_}": (wanted[kind].get(id_), found[kind].get(id_))
            for kind in wanted
            for id_ in wanted[kind].keys() | found[kind].keys()
            if wanted[kind].get(id_) != found[kind].get(id_)
        }

    async def flushed() -> bool:
        return not await differences()

    with suppress(trio.TooSlowError):
        await wait_until(flushed, within_s=FLUSHED_S)
    left, broken = await differences(), await broken_laws(connection)
    assert left == {}, f"(answered, stored): {left}"
    assert broken == {}, broken


async def ask_again(front: Front, acts: list[Act]) -> None:
    """The same key has the same answer, to the letter."""
    limiter = trio.CapacityLimiter(20)

    async def ask(act: Act) -> None:
        async with limiter:
            response = await act.send(front)
        told = (response.status_code, response.json())
        assert told == (act.status, act.answer), (
            f"{act.by.name} {act.kind}: {act.answer}, now {told}"
        )

    async with trio.open_nursery() as nursery:
        for act in acts:
            nursery.start_soon(ask, act)


async def check_visits(front: Front, guests: list[Guest]) -> None:
    """The node itself says the same: who is in, and that nobody owes anything."""
    for guest in guests:
        answer = await front.need(200, guest.person, "GET", "/api/sessions/active")
        open_visits = [item["session_id"] for item in answer["items"]]
        wanted = [] if guest.visit is None else [guest.visit]
        assert open_visits == wanted, f"{guest.person.name} is in {open_visits}, told {wanted}"
        balance = await front.balance(guest.person)
        assert min(balance["available_minor"], balance["held_minor"]) >= 0, balance
