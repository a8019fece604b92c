"""What must be in the tables of a world when all is flushed: the journal once, and zero sums."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, Final
from uuid import UUID

import attrs

from protocol.entries import EntryRows, decode_message
from protocol.records.base import Record
from protocol.records.ledger import LedgerAccount, LedgerPosting
from protocol.records.money import CreditGrant, CreditHold, Credits
from protocol.records.money_states import HoldStatus
from protocol.records.payments import StripeEvent
from protocol.records.platform import OutboxEvent
from tests.twins.nodes import World

Rows = dict[tuple[str, tuple[Any, ...]], Record]
GIVEN_IN_THE_FLUSH: Final = {
    "seq", "prev_hash", "hash", "balance_after_minor", "number", "journal_hash",
}  # fmt: skip


def entries_of(world: World) -> list[EntryRows]:
    """All that was ever durable and is still kept, in order."""
    return world.disk.decoded()


def fold(entries: list[EntryRows]) -> Rows:
    """The rows that follow from entries, the last word counting."""
    rows: Rows = {}
    for entry in entries:
        for table, key in entry.removes:
            rows.pop((table, tuple(key)), None)
        for record in (*entry.changes, *entry.appends):
            rows[record.table.name, record.primary_key] = record
    return rows


def assert_flushed_is_the_fold(world: World) -> None:
    """The database holds what the entries say, and nothing that they don't."""
    wanted = fold(entries_of(world))
    ours = {LedgerAccount.table.name, OutboxEvent.table.name, StripeEvent.table.name}
    stored = {
        (table, key): record
        for table, rows in world.database.rows.items()
        for key, record in rows.items()
        if table not in ours
    }
    extra, lost = stored.keys() - wanted.keys(), wanted.keys() - stored.keys()
    assert extra == set(), [stored[key] for key in extra]
    assert lost == set(), [wanted[key] for key in lost]
    for key, record in wanted.items():
        assert stored[key] == record or _told(stored[key]) == _told(record), key
    assert world.database.kept_aside == []


def _told(record: Record) -> dict[str, Any]:
    values = attrs.asdict(record, recurse=False)  # type: ignore[arg-type]
    return {name: value for name, value in values.items() if name not in GIVEN_IN_THE_FLUSH}


def assert_rooms_have_no_gap(world: World) -> None:
    """Each room counts from 1, and each number has one event (Rule 17)."""
    seqs: dict[str, list[int]] = defaultdict(list)
    for row in world.database.table(OutboxEvent).values():
        seqs[row.room].append(row.seq)
    for room, given in seqs.items():
        assert sorted(given) == list(range(1, len(given) + 1)), room


def assert_handled_once(world: World) -> None:
    """No message caused two entries, and none waits for ever."""
    causes = Counter(entry.cause for entry in entries_of(world) if entry.cause is not None)
    assert [cause for cause, count in causes.items() if count > 1] == []
    sent = {id_: data for entry in entries_of(world) for id_, data in entry.sends}
    waiting = [decode_message(sent[id_]) for id_ in sent.keys() - causes.keys()]
    assert waiting == [], [str(message)[:600] for message in waiting]


def assert_books_balance(world: World) -> None:
    """L2, L4 and L6 of Rule 9."""
    accounts: dict[UUID, Any] = {
        account.id: account for account in world.database.table(LedgerAccount).values()
    }
    sums: Counter[UUID] = Counter()
    for posting in world.database.table(LedgerPosting).values():
        sums[posting.account_id] += posting.amount_minor
    assert sum(sums.values()) == 0
    kinds: dict[UUID | None, dict[str, int]] = defaultdict(dict)
    for id_, account in accounts.items():
        kinds[account.user_id][account.kind] = account.balance_minor
        assert account.balance_minor == sums[id_], account.code
        assert account.may_be_negative or account.balance_minor >= 0, account.code
    grants: Counter[UUID] = Counter()
    for grant in world.database.table(CreditGrant).values():
        grants[grant.user_id] += grant.remaining_minor
    holds: Counter[UUID] = Counter()
    for hold in world.database.table(CreditHold).values():
        if hold.status is HoldStatus.OPEN:
            holds[hold.user_id] += hold.amount_minor - hold.captured_minor
    for wallet in world.database.table(Credits).values():
        parts = (wallet.paid_minor, wallet.bonus_minor, wallet.held_minor)
        assert min(parts) >= 0, wallet
        assert wallet.held_minor == holds[wallet.user_id], wallet
        kept = kinds[wallet.user_id]
        assert (kept.get("paid", 0), kept.get("bonus", 0), kept.get("held", 0)) == parts, wallet
        assert grants[wallet.user_id] == wallet.paid_minor + wallet.bonus_minor, wallet


def assert_all_is_well(world: World) -> None:
    """All of the above."""
    assert_flushed_is_the_fold(world)
    assert_rooms_have_no_gap(world)
    assert_handled_once(world)
    assert_books_balance(world)
