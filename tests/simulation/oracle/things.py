"""Laws of single things: holds, versions, refunds."""

from __future__ import annotations

from collections import Counter
from typing import Final
from uuid import UUID

from protocol.records.ledger import LedgerJournal, LedgerPosting
from protocol.records.money import CreditHold, Purchase, Receipt, Refund
from protocol.records.money_states import HoldStatus, RefundStatus
from protocol.records.runtime import OpenVisit
from protocol.records.visits import Session, SessionHistory
from tests.simulation.night import Night
from tests.twins.nodes import World

RAISED_BY_ONE: Final = ("/api/staff/tasks/", "/api/reservations/", "/api/inventory/")
"""Beginnings of paths whose answers tell the version that the change made."""


def assert_no_hold_is_left_behind(world: World) -> None:
    """Rule 3: what is held for a visit is given back when it is over."""
    rows = world.database.table
    over = {row.id for row in rows(SessionHistory).values()}
    open_ = {row.hold_id for row in rows(OpenVisit).values()}
    for hold in rows(CreditHold).values():
        if hold.ref_id in over and hold.status is HoldStatus.OPEN:
            raise AssertionError(f"the visit is over, and this is still held: {hold}")
    for hold_id in open_:
        assert rows(CreditHold)[(hold_id,)].status is HoldStatus.OPEN
    people = Counter(row.user_id for row in rows(Session).values())
    assert not people or max(people.values()) == 1, "one open visit per person (Rule 2)"


def assert_versions_rise_by_one(night: Night) -> None:
    """Rule 12: exactly one of those who saw a version makes the next one."""
    seen: set[tuple[str, int]] = set()
    for one in night.answered:
        if one.sent.version is None or not one.sent.path.startswith(RAISED_BY_ONE):
            continue
        if not isinstance(one.heard.body, dict) or "version" not in one.heard.body:
            continue
        told = one.heard.body["version"]
        assert told >= one.sent.version, f"{one.sent} led to version {told}"
        if told == one.sent.version:
            continue  # It asked for what was so already.
        made = (one.sent.path, one.sent.version)
        assert made not in seen, f"two changes were made to version {one.sent.version}: {one.sent}"
        seen.add(made)


def assert_refunds_are_of_what_was_sold(world: World) -> None:
    """Rule 10: refunded and pending is at most what was sold, of each line and of all."""
    rows = world.database.table
    sold: dict[UUID, Purchase] = {row.id: row for row in rows(Purchase).values()}
    back: Counter[UUID] = Counter()
    for refund in rows(Refund).values():
        if refund.status in (RefundStatus.REJECTED, RefundStatus.FAILED):
            continue
        for line in refund.lines:
            back[line.purchase_id] += line.qty
    for id_, qty in back.items():
        assert qty <= sold[id_].qty, f"{qty} were given back of {sold[id_]}"


def assert_receipts_and_balances_are_of_the_books(world: World) -> None:
    """L4 and L7: a posting tells its account's balance, and a receipt its journal's hash."""
    rows = world.database.table
    balances: Counter[UUID] = Counter()
    # As they were flushed, which is the order in which the table was filled.
    for posting in rows(LedgerPosting).values():
        balances[posting.account_id] += posting.amount_minor
        assert posting.balance_after_minor == balances[posting.account_id], posting
    for receipt in rows(Receipt).values():
        if receipt.journal_id is not None:
            journal = rows(LedgerJournal)[(receipt.journal_id,)]
            assert receipt.journal_hash == journal.hash, (receipt, journal)
