"""Two cycles of `make torture`, so that the program is known to run, and its oracle to look."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Final

import pytest

from tests.system.books import reading
from tests.system.conftest import MakeNode, Template
from tests.system.guests import VENUE, open_front
from tests.torture.evening import Evening, open_evening
from tests.torture.harm import HARMS, choose
from tests.torture.oracle import hold_to_account
from tests.torture.places import Place
from tests.torture.run import one_cycle
from tests.torture.telling import line_of, table_of

GUESTS: Final = 6
_ROOM: Final = f"venue:{VENUE}:staff"
_OF_AN_ACCOUNT: Final = """
update ledger_accounts set balance_minor = balance_minor + {delta}
where id = (select id from ledger_accounts order by id limit 1)"""
_OF_AN_EVENT: Final = f"""
update event_outbox set id = gen_random_uuid() where room = '{_ROOM}'
and seq = (select max(seq) from event_outbox where room = '{_ROOM}')"""
_OF_A_SHIFT: Final = "update staff_shifts set version = version + {delta}"
PLANTED: Final = {
    "an account is the sum of its postings": (
        _OF_AN_ACCOUNT.format(delta=1), _OF_AN_ACCOUNT.format(delta=-1),
    ),
    # Only the journal knows better.
    "staff_shifts": (_OF_A_SHIFT.format(delta=1), _OF_A_SHIFT.format(delta=-1)),
    _ROOM: (_OF_AN_EVENT, None),
}  # fmt: skip
"""What the oracle must find, and how to plant it and, but for the last, to take it back."""


async def test_a_node_that_is_hurt_twice_keeps_what_it_promised(
    make_node: MakeNode, template: Template
) -> None:
    """The nightly run has a hundred of these. What is planted afterwards must be found."""
    node, dice = make_node(), random.Random(7)
    place = Place(folder=node.data_dir.parent)
    harms = [h for h in HARMS if h.name in {"database stopped at once", "node killed"}]
    await node.start()
    async with (
        open_front(node.url, template.known) as front,
        open_evening(node, front, place, dice, guests=GUESTS) as evening,
    ):
        cycles = [await one_cycle(evening, harm, laws=True) for harm in harms]
        assert [cycle.harm for cycle in cycles] == [harm.name for harm in harms]
        assert all(cycle.answered and cycle.heard for cycle in cycles)
        told = [line_of(2, 2, cycles[1]), table_of(cycles, ["disk full"])]
        assert all(harms[1].name in text for text in told)
        assert all(law in told[1] for law in ("money is as told", "answers are in order"))
        killed = [sum(cycle.done.values()) for cycle in cycles]
        assert killed == [1, 1], [cycle.done for cycle in cycles]
        await _find_what_is_planted(evening)
    assert await node.stop() == 0, node.tail()


async def _find_what_is_planted(evening: Evening) -> None:
    for what, (plant, take_back) in PLANTED.items():
        async with reading(evening.node.database_url) as connection:
            await connection.execute(plant)
            found = pytest.RaisesExc(AssertionError, match=what)
            with pytest.RaisesGroup(found, flatten_subgroups=True):
                await hold_to_account(evening, earlier=0, laws=True)
            if take_back is not None:
                await connection.execute(take_back)


def test_every_kind_of_harm_has_its_turn() -> None:
    """A hundred cycles of one kind would say little; without a disk to fill, the others go on."""
    bounded, plain = Place(folder=Path(), bounded="tmpfs"), Place(folder=Path())
    assert {*choose(random.Random(1), 20, bounded)} == {*HARMS}
    possible = {harm for harm in HARMS if not harm.fills_disk}
    assert {*choose(random.Random(1), 20, plain)} == possible
