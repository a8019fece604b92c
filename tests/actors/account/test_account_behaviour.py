"""How the account is declared: what it loads, what it decides, what an operator sees of it."""

from __future__ import annotations

import attrs
import pytest

from actors.account.admission import decide_admit_patron
from actors.account.behaviour import ACCOUNT
from protocol.addresses import ActorKind
from protocol.operations.table import OPERATIONS
from protocol.reads import Read
from tests.actors.account.asking import an_admission
from tests.actors.account.wallets import USER, an_account, an_exclusion, here
from tests.actors.deciding import accepted, after


@pytest.mark.parametrize("read", ACCOUNT.reads, ids=lambda read: read.record.table.name)
def test_each_read_names_columns_that_its_record_has(read: Read) -> None:
    """A misspelt column would show only when an account is loaded from a real database."""
    columns = {field.name for field in attrs.fields(read.record)}  # type: ignore[arg-type]
    assert {read.by, *(condition.column for condition in read.where)} <= columns


def test_every_operation_on_a_wallet_has_its_decision() -> None:
    """A row in the table without a decision would be a route that always fails."""
    own = [
        operation
        for operation in OPERATIONS
        if operation.category == "Transactions" and operation.address.kind is ActorKind.ACCOUNT
    ]
    assert own
    assert {operation.command for operation in own} <= set(ACCOUNT.decisions)


def test_an_operator_sees_no_name_address_or_amount() -> None:
    """The live view of actors is for running the node, not for looking at people."""
    state = an_account(an_exclusion(ended_at=None), paid=1234)
    shown = str(ACCOUNT.masked(state))
    assert "1234" not in shown
    assert "Somebody" not in shown
    assert "@" not in shown
    state = after(
        an_account(paid=1234),
        accepted(decide_admit_patron(an_account(paid=1234), an_admission(), here())),
    )
    assert ACCOUNT.masked(state)["holds_open"] == 1


def test_an_account_is_the_home_of_its_own_room() -> None:
    """A room's numbers are given by its home; the account's is the one of its person."""
    assert ACCOUNT.rooms(an_account()) == (f"user:{USER}",)
