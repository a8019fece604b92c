"""What guests were told against what stands in the tables: all of it, once, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import trio

from storage.postgres.database import Connection
from tests.system.books import broken_laws, sessions_of, transactions_of
from tests.system.harness import wait_until
from tests.system.load import CHECK_IN, CHECK_OUT, PURCHASE, TOP_UP, Guest, done_by_all

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
        act.answer["session_id"]: "closed" if act.answer["session_id"] in closed else "active"
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
    assert await differences() == {}, "(answered, stored)"
    assert await broken_laws(connection) == {}
