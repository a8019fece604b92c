"""The gateway answers from the tables with its caller's rights, and knows every query."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest

from lastlight.gateway.calls import Call, Caller
from lastlight.gateway.queries import NAMED_QUERIES, Queries
from protocol.addresses import Position, Principal, Role
from protocol.commands import Command
from protocol.errors import LastLightError
from protocol.operations.inventory import ListGames, ListMenuItems
from protocol.operations.table import BY_NAME, OPERATIONS
from protocol.operations.users import GetOwnProfile
from protocol.operations.venues import ListPublicVenues
from protocol.records.inventory import Game, MenuItem
from protocol.records.users import User
from protocol.records.venues import Venue
from storage.postgres.database import Database
from storage.postgres.reading import Reader
from tests.storage.query_world import JOURNAL, Flushed, a_principal, store
from tests.storage.samples import NOON, a, an_id

HERE = an_id()


def test_every_query_of_the_table_has_an_answer() -> None:
    """An operation without one would be 500 for whoever asks first."""
    wanted = {one.query for one in OPERATIONS if one.query is not None}
    # Rooms are read from memory first, and forecasts are made by a process beside the node.
    assert {*NAMED_QUERIES, "room_events", "projections"} == wanted


def a_call(command: Command, principal: Principal) -> Call:
    return Call(
        operation=BY_NAME[type(command).__name__],
        command=command,
        principal=principal,
        caller=Caller(client="192.0.2.1", user_agent=None, request_id="r"),
    )


async def ask(database: Database, command: Command, principal: Principal) -> Any:
    queries = Queries(
        reader=Reader(database, Flushed()),
        durable=lambda: Position(JOURNAL, 0),
        now=lambda: NOON,
    )
    call = a_call(command, principal)
    assert call.operation.query is not None
    answer = await queries.answers()[call.operation.query](call)
    assert (answer.status, answer.refusal) == (200, None)
    return answer.version, msgspec.json.decode(answer.body)


def a_venue(id_: UUID) -> Any:
    return a(Venue, id=id_, status="open", radius_m=150, tz="Asia/Tokyo")


async def test_a_profile_has_its_version(database: Database) -> None:
    """Whoever changes their profile next names the version they saw."""
    user = a(User, email="ann@lastlight.example", display_name="Ann", version=4)
    user = user.evolve(birth_date=NOON.date(), locale="en")
    await store(database, user)
    version, body = await ask(database, GetOwnProfile(), a_principal(user.id))
    assert (version, body["user_id"], body["version"]) == (4, str(user.id), 4)


async def test_staff_of_the_venue_are_shown_what_patrons_are_not(database: Database) -> None:
    """A role counts where it is held; elsewhere staff are patrons."""
    there = an_id()
    games = [a(Game, venue_id=at, asset_tag="A-1") for at in (HERE, there)]
    await store(database, a_venue(HERE), a_venue(there), *games)
    staff = a_principal(roles={HERE: Role.STAFF})
    tags = [
        (await ask(database, ListGames(venue_id=at), staff))[1]["items"][0]["asset_tag"]
        for at in (HERE, there)
    ]
    assert tags == ["A-1", None]


async def test_hours_are_read_in_the_time_zone_of_the_venue(database: Database) -> None:
    """Noon in UTC is nine in the evening in Tokyo, on a Saturday."""
    served = a(MenuItem, venue_id=HERE, hours={"sat": [["20:00", "02:00"]]})
    later = a(MenuItem, venue_id=HERE, hours={"sat": [["22:00", "02:00"]]})
    await store(database, a_venue(HERE), served, later)
    _, body = await ask(database, ListMenuItems(venue_id=HERE), a_principal())
    shown = [(one["available"], one["available_from"]) for one in body["items"]]
    assert shown == [(True, None), (False, "2026-03-28T13:00:00.000Z")]


async def test_what_can_not_be_read_is_told_as_a_problem(database: Database) -> None:
    """No venue, or a cursor of somebody else's: an answer, not a failure."""
    with pytest.raises(LastLightError) as missing:
        await ask(database, ListGames(venue_id=an_id()), a_principal())
    with pytest.raises(LastLightError) as malformed:
        await ask(database, ListPublicVenues(cursor="abc"), a_principal())
    assert [caught.value.refusal().status for caught in (missing, malformed)] == [404, 400]
