"""Who may do what (Rule 15): every operation of the table, every role, here and at another venue.

`role_matrix.tsv` says for each operation what a caller comes to: 401, 403, 404, or `in`. It is
written from the rules and from nothing else; an operation without a line in it, or a line without
an operation, fails. `in` is whatever is decided about the matter itself, yes or no.
"""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, open_websocket_url

from protocol.addresses import Role
from protocol.operations.base import Operation
from protocol.operations.table import BY_NAME, OPERATIONS
from tests.system.guests import Person, now
from tests.system.harness import Yard
from tests.system.matrix_asks import Ask, ask_for
from tests.system.matrix_world import SECOND, House, MatrixWorld, open_matrix_world

HEAD, *LINES = (
    line.split("\t")
    for line in Path(__file__).with_name("role_matrix.tsv").read_text().splitlines()
)
MATRIX: Final = {line[0]: dict(zip(HEAD[1:], line[1:], strict=True)) for line in LINES}
ANSWERS: Final = {"401", "403", "404", "in"}
LAST: Final = (
    "ReassignTask", "VoidTransaction", "CheckOut", "VoidSession", "ForceCheckOut",
    "CloseBusinessDay", "StartExclusion", "RequestErasure", "LogOut",
)  # fmt: skip
"""What ends something that others of the table need."""
REFUSED_BY_ROLE: Final = {"forbidden", "step_up_required"}
OF_THE_PROVIDER: Final = {"provider_error", "provider_unavailable"}
"""There is no provider here; that this matters was decided after who may ask."""
PRIVATE: Final = (
    "session_id", "transaction_id", "refund_id", "hold_id", "payment_id", "method_id",
    "reservation_id", "intervention_id", "check_id", "job_id", "auth_session_id",
)  # fmt: skip
"""Things of a patron that nobody else's list may show."""
TOOK_S: Final = 60.0


@attrs.frozen
class Cell:
    """One caller, one operation, one venue, and what the rules say to it."""

    operation: Operation
    house: House
    role: str
    caller: Person | None
    expected: str

    def ask(self) -> Ask:
        """The request."""
        return ask_for(self.operation, self.house, self.role)

    @property
    def by_http(self) -> bool:
        """Whether it is sent as a request: at the demo venue, and where sockets take none.

        A message has no place for a version: what needs one is told that it is no command.
        """
        by_socket = self.operation.socket and not self.operation.precondition
        return self.house.venue_id != SECOND or not by_socket

    @property
    def is_stranger(self) -> bool:
        """Whether what the house's patron has is none of the caller's business."""
        return self.role == "other" or self.role.endswith("_elsewhere")

    def __str__(self) -> str:
        return f"{self.operation.name} by {self.role} at {self.house.venue_id[-4:]}"


def verdict_of(status: int, code: str | None) -> str:
    """What an answer says of who may ask."""
    if status == 401 and code == "unauthenticated":
        return "401"
    if status == 403 and code in REFUSED_BY_ROLE:
        return "403"
    if status in (404, 405) or (status >= 500 and code not in OF_THE_PROVIDER):
        return str(status)
    return "in"


def cells_of(world: MatrixWorld) -> Iterator[Cell]:
    """All cells, the ones that end something last."""
    ordered = sorted(OPERATIONS, key=lambda row: row.name in LAST and LAST.index(row.name) + 1)
    for operation in ordered:
        for house in world.houses.values():
            (elsewhere,) = (other for other in world.houses.values() if other is not house)
            for role, expected in MATRIX[operation.name].items():
                caller = _caller(world, house, elsewhere, role)
                yield Cell(operation, house, role, caller, expected)


def _caller(world: MatrixWorld, house: House, elsewhere: House, role: str) -> Person | None:
    if role == "none":
        return None
    if role == "everywhere":
        return world.everywhere
    name, _, other = role.partition("_")
    return (elsewhere if other else house).people[name]


async def over_http(world: MatrixWorld, cells: Iterable[Cell]) -> list[str]:
    """What is wrong with the answers to requests."""
    wrong = []
    for cell in cells:
        ask = cell.ask()
        headers = {"if-match": '"v1"'} if cell.operation.precondition else {}
        answer = await world.front.send(
            cell.caller, cell.operation.method, ask.target, ask.body, headers=headers
        )
        problem = answer.json() if "problem" in answer.headers.get("content-type", "") else {}
        found = verdict_of(answer.status_code, problem.get("code"))
        if found != cell.expected:
            wrong.append(f"HTTP {cell}: {found}, not {cell.expected}: {answer.text[:300]}")
        elif found == "in" and cell.is_stranger and not cell.operation.changes:
            shown = [name for name in PRIVATE if cell.house.ids[name] in answer.text]
            wrong += [f"HTTP {cell}: shows {name}" for name in shown]
    return wrong


async def over_sockets(world: MatrixWorld, cells: Sequence[Cell]) -> list[str]:
    """What is wrong with the replies to commands, at the second venue."""
    wrong = []
    for role in HEAD[2:]:
        mine = [cell for cell in cells if cell.role == role and not cell.by_http]
        if not mine or mine[0].caller is None:
            continue
        async with a_socket(world, mine[0].caller.token) as socket:
            for n, cell in enumerate(mine):
                data = {**cell.ask().given, **cell.ask().path}
                found, told = await _commanded(socket, str(n), cell.operation.name, data)
                if found != cell.expected:
                    wrong.append(f"socket {cell}: {found}, not {cell.expected}: {told}")
    return wrong


async def _commanded(
    socket: WebSocketConnection, id_: str, command: str, data: Mapping[str, Any]
) -> tuple[str, str]:
    key = str(uuid.uuid4())
    said = {"op": "command", "id": id_, "command": command, "data": data, "idempotency_key": key}
    await socket.send_message(json.dumps(said))
    while True:
        told = json.loads(await socket.get_message())
        if told.get("id") == id_ and told["op"] in ("reply", "error"):
            problem = told.get("problem", {})
            status = problem.get("status", told.get("status"))
            return verdict_of(status, problem.get("code")), json.dumps(told)[:300]


async def from_offline(world: MatrixWorld, name: str, cells: Sequence[Cell]) -> list[str]:
    """What is wrong with the results of batches that devices kept, one for each caller."""
    wrong = []
    kept = [cell for cell in cells if cell.operation.offline and cell.caller is not None]
    for venue_id, role in itertools.product(world.houses, HEAD[2:]):
        mine = [c for c in kept if c.house.venue_id == venue_id and c.role == role]
        if not mine:
            continue
        body = {
            "device_id": f"{name} {venue_id} {role}",
            "commands": [_kept(n, cell) for n, cell in enumerate(mine, 1)],
        }
        told = await world.front.need(200, mine[0].caller, "POST", "/api/sync/commands", body)
        for cell, result in zip(mine, told["results"], strict=True):
            problem = result.get("problem") or {}
            found = verdict_of(result["status"], problem.get("code"))
            if found != cell.expected:
                wrong.append(f"offline {cell}: {found}, not {cell.expected}: {problem}")
    return wrong


def _kept(n: int, cell: Cell) -> dict[str, Any]:
    ask = cell.ask()
    return {
        "seq": n,
        "command_id": str(uuid.uuid4()),
        "occurred_at": now(),
        "method": cell.operation.method,
        "path": ask.target,
        "body": ask.body,
        **({"if_match": '"v1"'} if cell.operation.precondition else {}),
    }


@asynccontextmanager
async def a_socket(world: MatrixWorld, token: str) -> AsyncIterator[WebSocketConnection]:
    """A connection that said hello; trio-websocket leaves it open if the server closes first."""
    url = f"ws://127.0.0.1:{world.node.port}/ws"
    opened: WebSocketConnection | None = None
    try:
        with trio.fail_after(TOOK_S):
            async with open_websocket_url(url, subprotocols=["lastlight.v1"]) as opened:
                await opened.send_message(json.dumps({"op": "hello", "token": token}))
                yield opened
    finally:
        if opened is not None:
            await trio.aclose_forcefully(opened._stream)


async def hellos(world: MatrixWorld) -> list[str]:
    """What is wrong with who may open a socket; without a token it is closed."""
    wrong = []
    for cell in cells_of(world):
        if cell.operation.name != "OpenSocket":
            continue
        found = "in"
        async with a_socket(world, "nobody" if cell.caller is None else cell.caller.token) as ws:
            try:
                while json.loads(await ws.get_message())["op"] != "welcome":
                    pass
            except ConnectionClosed as closed:
                code = 0 if closed.reason is None else closed.reason.code
                found = "401" if code == 4401 else str(code)
        if found != cell.expected:
            wrong.append(f"hello {cell}: {found}, not {cell.expected}")
    return wrong


def test_every_operation_has_its_answers_and_every_answer_its_operation() -> None:
    """Whoever adds an operation says who may use it before it can be used. Rule 15 matrix."""
    assert set(MATRIX) == set(BY_NAME)
    assert {answer for row in MATRIX.values() for answer in row.values()} <= ANSWERS


def test_the_answers_follow_from_the_least_role_wherever_they_must() -> None:
    """Rule 15: nobody below the least role is let in, and nobody without a token past public."""
    at = {"patron": Role.PATRON, "other": Role.PATRON, "staff": Role.STAFF,
          "management": Role.MANAGEMENT, "owner": Role.OWNER}  # fmt: skip
    for name, row in MATRIX.items():
        least = BY_NAME[name].least
        assert (row["none"] == "401") == (least is not Role.PUBLIC), name
        for role, held in at.items():
            if held < least:
                assert row[role] == row.get(f"{role}_elsewhere", "403") == "403", (name, role)
        if least <= Role.PATRON:
            assert row["other"] != "403", f"{name}: what is another's is not there"


@pytest.fixture
async def world(yard: Yard) -> AsyncIterator[MatrixWorld]:
    """Two furnished venues, for one test."""
    node = yard.node("matrix")
    async with open_matrix_world(node) as world:
        yield world
    assert await node.stop() == 0, node.tail()


@pytest.mark.timeout(600)  # a minute on a machine that has nothing else to do
async def test_every_caller_comes_to_what_the_rules_say(world: MatrixWorld) -> None:
    """Over HTTP at one venue, over a socket at the other, and from offline: the same table.

    What is refused is sent first: nothing has changed then, and each thing is still there.

    Rule 15 matrix.
    """
    cells = [cell for cell in cells_of(world) if cell.operation.name != "OpenSocket"]
    wrong = await hellos(world)
    first = [cell for cell in cells if cell.operation.name not in LAST]
    last = [cell for cell in cells if cell.operation.name in LAST[:-1]]
    requests = [cell for cell in cells if cell.by_http]
    wrong += await over_http(world, [cell for cell in requests if cell.expected != "in"])
    wrong += await over_http(world, [c for c in first if c.by_http and c.expected == "in"])
    wrong += await over_sockets(world, first)
    wrong += await from_offline(world, "first", first)
    wrong += await from_offline(world, "last", last)
    wrong += await over_sockets(world, last)
    wrong += await over_http(world, [c for c in last if c.by_http and c.expected == "in"])
    away = [cell for cell in cells if cell.operation.name == LAST[-1]]
    wrong += await over_http(world, away)
    assert wrong == [], "\n".join(wrong)
