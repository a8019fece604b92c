"""What PostgreSQL can't store never gets near it, and what it refuses all the same stops nobody."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
import trio

from tests.system.books import reading, transactions_of
from tests.system.guests import VENUE, Front, order
from tests.system.harness import NodeProcess, wait_until

ITEM: Final = "00000000-0000-7000-8000-0000000000ff"
POISON: Final = "poison"
FLUSHED_S: Final = 15.0
PURCHASES: Final = "/api/transactions/purchase"


def purchase_with(field: str, value: str) -> bytes:
    """A purchase with one field as it is spelt; no JSON library would write some of these."""
    fields = {
        "venue_id": json.dumps(VENUE),
        "tender": '"credits"',
        "lines": f'[{{"item_id": "{ITEM}", "qty": 1}}]',
        field: value,
    }
    return ("{" + ", ".join(f'"{name}": {text}' for name, text in fields.items()) + "}").encode()


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        pytest.param("note", r'"a\u0000b"', "/note", id="NUL"),
        pytest.param("note", r'"a\ud800b"', "/note", id="high surrogate"),
        pytest.param("note", r'"a\udfffb"', "/note", id="low surrogate"),
        pytest.param("note", json.dumps("x" * 501), "/note", id="too long"),
        pytest.param("note", "17", "/note", id="a number for a text"),
        pytest.param("tip_minor", str(2**63), "/tip_minor", id="beyond bigint"),
        pytest.param("tip_minor", str(10**40), "/tip_minor", id="forty digits"),
        pytest.param("tip_minor", str(-(2**63) - 1), "/tip_minor", id="below bigint"),
        pytest.param("tip_minor", "1.5", "/tip_minor", id="a fraction"),
        pytest.param("tip_minor", '"3"', "/tip_minor", id="a text for a number"),
        pytest.param("tip_minor", "true", "/tip_minor", id="a truth for a number"),
        pytest.param("expected_total_minor", "1e400", "/expected_total_minor", id="infinite"),
        pytest.param("venue_id", r'"\u0000"', "/venue_id", id="NUL for an id"),
        pytest.param("tender", r'"credits\u0000"', "/tender", id="NUL in a word"),
        pytest.param(
            "lines",
            f'[{{"item_id": "{ITEM}", "qty": {2**31}}}]',
            "/lines/0/qty",
            id="a quantity beyond its bound",
        ),
    ],
)
async def test_what_no_column_holds_is_refused_where_it_stands(
    field: str, value: str, pointer: str, shared_front: Front
) -> None:
    """Once in the journal it could only be put aside; so it does not get in."""
    person = await shared_front.sign_in("patron43")
    answer = await shared_front.send(person, "POST", PURCHASES, purchase_with(field, value))
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["code"] == "validation_failed"
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


@pytest.mark.parametrize("path", ["%00", "a%00b", "%ed%a0%80"])
async def test_a_path_that_no_column_holds_names_nothing(path: str, shared_front: Front) -> None:
    """Paths and queries reach SQL as well."""
    person = await shared_front.sign_in("patron43")
    found = await shared_front.send(person, "GET", f"/api/sessions/{path}")
    assert found.status_code in {400, 422}, found.text
    asked = await shared_front.send(person, "GET", f"/api/inventory/items?venue_id={path}")
    assert asked.status_code in {400, 422}, asked.text


async def test_a_row_that_the_database_refuses_is_put_aside_and_the_rest_goes_on(
    node: NodeProcess, front: Front
) -> None:
    """A bug in a decision must cost one row and an alarm, not the night behind it."""
    (person,) = await front.patrons(1, 1)
    item = await front.cheapest(person)
    line = {"item_id": item["item_id"], "qty": 1}
    async with reading(node.database_url) as connection:
        await connection.execute(
            "alter table transactions add constraint planted"
            f" check (note is distinct from '{POISON}')"
        )
        bought: list[dict[str, Any]] = [
            await front.need(201, person, "POST", PURCHASES, order(line, note=note))
            for note in ("before", POISON, "after")
        ]
        before, poisoned, after = (body["transaction_id"] for body in bought)

        async def flushed() -> bool:
            return after in await transactions_of(connection, [person.user_id], "purchase")

        await wait_until(flushed, within_s=FLUSHED_S)
        stored = await transactions_of(connection, [person.user_id], "purchase")
        assert set(stored) == {before, after}
        refused = await connection.fetch("select * from runtime.refused_rows")
        assert [(row["table_name"], poisoned in row["row_key"]) for row in refused] == [
            ("transactions", True)
        ]
        assert "planted" in refused[0]["error"]
        assert refused[0]["entry"]
        lines = await connection.fetchval(
            "select count(*) from purchases where transaction_id = $1", poisoned
        )
        assert lines == 1, "the other rows of the same entry are kept"
    status, body = await node.readiness()
    assert (status, body["status"]) == (200, "degraded")
    with trio.fail_after(5):
        balance = await front.balance(person)
    assert balance["available_minor"] == bought[-1]["balance"]["available_minor"]
