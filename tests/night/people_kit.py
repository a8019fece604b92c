"""What the tests of people need: newcomers, versions, step-ups, and time that passes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import trio

from lastlight.demo.founding import DEMO_PASSWORD
from protocol.records.runtime import DeadLetter
from protocol.records.users import User
from tests.twins.nodes import World
from tests.twins.people import (
    Heard,
    Someone,
    ask,
)
from tests.twins.whole import LastLight, open_memory_last_light


async def change(someone: Someone, method: str, target: str, body: object, version: int) -> Heard:
    """Change what has a version."""
    headers = (("authorization", f"Bearer {someone.token}"), ("if-match", f'"v{version}"'))
    return await ask(someone.house, method, target, body, headers=headers)


async def elevated(someone: Someone) -> Someone:
    """The same person, who has just proved again who they are."""
    body = {"password": DEMO_PASSWORD}
    told = await someone.need(200, "POST", "/api/auth/step-up", body)
    someone.token = told["access_token"]
    return someone


async def a_newcomer(house: LastLight, name: str, **given: object) -> Someone:
    """Somebody who registers now."""
    body = {
        "email": f"{name}@lastlight.example",
        "password": DEMO_PASSWORD,
        "display_name": name.capitalize(),
        "birth_date": "1990-05-04",
    }
    heard = await ask(house, "POST", "/api/auth/register", {**body, **given})
    assert heard.status == 201, heard
    return Someone(
        house=house,
        name=name,
        user_id=heard.body["user"]["user_id"],
        token=heard.body["access_token"],
        refresh_token=heard.body["refresh_token"],
    )


def rows(house: LastLight, kind: Any) -> list[Any]:
    """The rows of a table, as the database has them."""
    return list(house.world.database.table(kind).values())


def row_of(house: LastLight, someone: Someone) -> User:
    """Somebody's own row."""
    user: User
    (user,) = (row for row in rows(house, User) if str(row.id) == someone.user_id)
    return user


async def settled(house: LastLight, seconds: float = 5) -> None:
    """Let what is under way come to its end, and into the database; nothing failed."""
    await trio.sleep(seconds)
    await house.wait_flushed()
    assert rows(house, DeadLetter) == []


@asynccontextmanager
async def days_later(world: World, days: int) -> AsyncIterator[LastLight]:
    """Another node in the same world, some days and a minute later."""
    world.clock.step += timedelta(days=days, minutes=1)
    async with open_memory_last_light(world) as house:
        yield house
