"""What clients ask, and of whom: the same for all servers, and what the node understands."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest

from actors.rules.checkin_code import refuse_token
from bench.plans import Plan, check_ins, interleaved, purchases
from bench.questions.mixed_night import _TWENTY
from bench.town import CODE_STEP_S, PRICE_MINOR, Town
from bench.town_sql import _renaming
from lastlight.auth.tokens import Tokens
from protocol.entries import encode_entry
from protocol.records.inventory import MenuItem

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


def test_tokens_and_door_codes_are_the_nodes_own() -> None:
    """Peers verify what the node verifies, or they would have less to do."""
    town = Town(venues=3, patrons=9)
    now = datetime.now(UTC)
    principal = Tokens(town.keys).verify(town.token(5), now=now)
    assert principal.user_id == town.patron_id(5)
    refusal = refuse_token(
        town.door_code(2), venue_id=town.venue_id(2), at=now, step_s=CODE_STEP_S,
        secret=town.door_secret,
    )  # fmt: skip
    assert refusal is None


def test_everybody_and_everything_of_a_town_has_an_id_of_its_own() -> None:
    """Two venues with one menu would share its stock, and hot and many would be the same."""
    town = Town(venues=3, patrons=6)
    entries = list(town.entries(NOW))
    ids = [row.id for entry in entries for row in entry.changes if hasattr(row, "id")]
    assert len(ids) == len(set(ids))
    prices = {
        row.id: row.price_minor
        for entry in entries
        for row in entry.changes
        if isinstance(row, MenuItem)
    }
    assert [prices[town.item_id(n)] for n in (1, 2, 3)] == [PRICE_MINOR] * 3
    assert all(encode_entry(entry) for entry in entries)


def test_a_copied_patron_keeps_nothing_of_the_first() -> None:
    """Rows of two people under one id would be refused, or worse, shared."""
    town = Town(venues=3, patrons=20)
    home, first = town.venue_id(1), town.patron_id(1)
    row = f"{first}\tpatron1@lastlight.example\tPatron 1\t{home}\n"
    copied = _renaming(town, 11)(row)
    expected = f"{town.patron_id(11)}\tpatron11@lastlight.example\tPatron 11\t{town.venue_id(2)}\n"
    assert copied == expected


def test_a_plan_is_one_line_a_call_and_keeps_its_order() -> None:
    """wrk's script and our client read the same file."""
    plan = purchases(Town(patrons=3), [1, 2, 3])
    with plan.file() as path:
        lines = path.read_text().splitlines()
    assert len(lines) == 3
    assert all(line.count("\t") == 4 and line.split("\t")[3] == "1" for line in lines)
    assert [line.split("\t")[2] for line in lines] == [call.token for call in plan.calls]


def test_plans_interleave_until_the_one_ends_that_is_made_but_once() -> None:
    """Nobody comes in twice because others go on buying."""
    town = Town(patrons=10)
    mixed = interleaved(check_ins(town, range(1, 4)), purchases(town, [8, 9]), once=True)
    assert [call.path.rpartition("/")[2] for call in mixed.calls] == ["checkin", "purchase"] * 3
    with pytest.raises(ValueError, match="without calls"):
        interleaved(Plan(calls=()), mixed, once=True)


def test_the_mixed_night_has_the_shares_that_it_says() -> None:
    """40 % reads, 30 % purchases, 20 % location and activity, 10 % in and out."""
    shares = {kind: _TWENTY.count(kind) for kind in "rplaco"}
    assert shares == {"r": 8, "p": 6, "l": 2, "a": 2, "c": 1, "o": 1}


def test_a_town_can_be_told_with_other_sizes_and_the_same_keys() -> None:
    """The first patron is founded through the journal, the others are copied: one secret."""
    town = Town(venues=2, patrons=50)
    first = attrs.evolve(town, patrons=1)
    assert first.keys is town.keys
    assert first.door_secret == town.door_secret
