"""The node does what its own description says, whatever is asked: drawn by schemathesis."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

import httpx
import pytest
import trio
from schemathesis import GenerationMode

from protocol.addresses import Role
from protocol.codes import Code
from protocol.operations.base import Operation
from protocol.operations.table import OPERATIONS
from tests.system.contract_kit import LAST, Contract
from tests.system.guests import VENUE
from tests.system.harness import open_yard, processes_on
from tests.system.matrix_world import SECOND, open_matrix_world

MANY: Final = 100 if os.environ.get("TEST_LASTLIGHT_LONG") else 4
ORDER: Final = sorted(
    (row for row in OPERATIONS if row.status != 101), key=lambda row: row.name in LAST
)


every_operation = pytest.mark.parametrize("operation", ORDER, ids=lambda row: row.name)


@pytest.fixture(scope="module")
def contract() -> Iterator[Contract]:
    """A node with something of everything, and its description."""
    with open_yard() as yard:
        node = yard.node("contract")
        known: dict[str, tuple[str, ...]] = {}

        async def furnish() -> None:
            async with open_matrix_world(node) as world:
                for name in world.houses[VENUE].ids:
                    known[name] = tuple(house.ids[name] for house in world.houses.values())
                known["venue_id"] = (VENUE, VENUE, VENUE, SECOND)
                people = tuple(one.user_id for one in world.houses[VENUE].people.values())
                known.update(dict.fromkeys(("user_id", "staff_id", "assignee_id"), people))
                known["to_user_id"] = known["newcomer_id"]
                known["actor_id"] = known["venue_id"]

        trio.run(furnish)
        document = httpx.get(f"{node.url}/openapi.json").json()
        yield Contract(node.url, document, known)
        assert trio.run(node.stop) == 0, node.tail()
        assert "Traceback" not in node.log.read_text(), node.tail()
        assert processes_on(yard.path) == []


@every_operation
def test_what_is_shown_is_answered_as_described(operation: Operation, contract: Contract) -> None:
    """The examples of the document, asked by everybody who may ask."""
    assert contract.shown(operation) == []


@every_operation
def test_who_proves_nothing_gets_nothing(operation: Operation, contract: Contract) -> None:
    """No token, and one that nobody made: 401 at every door but the public ones."""
    told = {contract.unproven(operation, token) for token in (None, "e30.e30.e30")}
    unproven = Code.UNAUTHENTICATED.value
    assert (told == {unproven}) == (unproven in told) == (operation.least is not Role.PUBLIC)


@pytest.mark.parametrize("path", sorted({row.path for row in OPERATIONS}))
def test_other_methods_are_refused(path: str, contract: Contract) -> None:
    """A path that takes what it does not tell of is a door that nobody watches."""
    told = contract.document["paths"][path]
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"):
        if method.lower() not in told:
            answer = contract.session.request(method, contract.url + path)
            assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
            allowed = {word.lower() for word in answer.headers["allow"].split(", ")}
            assert allowed - {"head"} == set(told)


@every_operation
def test_what_is_answered_is_what_is_described(operation: Operation, contract: Contract) -> None:
    """Each status, type, header and shape is told beforehand, and what does not fit is refused."""
    found = contract.complaints(operation, GenerationMode.POSITIVE, MANY)
    found += contract.complaints(operation, GenerationMode.NEGATIVE, MANY)
    assert found == []
