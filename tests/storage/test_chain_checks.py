"""Chains of hashes: whoever changes a row, even a superuser, is found at its number."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from protocol.addresses import Role
from protocol.chains import canonical_json, text_digest
from protocol.domain_limits import CHAIN_ROWS_MAX
from protocol.entries import Entry
from protocol.errors import Code
from protocol.operations.admin_audit import Chain, ListAuditLogs, VerifyAuditChain
from protocol.records.ledger import LedgerJournal, LedgerPosting, ledger_account_id
from protocol.records.platform import AuditEntry
from protocol.records.safety import SafetyLog
from protocol.replies.admin_audit import ChainVerdict
from storage.postgres import chain_checks
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.paging import CursorInvalid, cursor_of
from storage.postgres.queries_admin import RangeTooLong, audit_chain, audit_logs
from tests.contracts.database_places import Rows, an_entry, place_of
from tests.storage.query_world import a_principal, asked_by, asking
from tests.storage.samples import NOON, a, an_id

VENUE, ELSEWHERE, PATRON, SOMEBODY = an_id(), an_id(), an_id(), an_id()
OWNER = a_principal(roles={VENUE: Role.OWNER})
OWNER_OF_ALL = a_principal(everywhere=Role.OWNER)
SALT = bytes(range(16))
ROWS = 12
OF_THE_SEVENTH = (
    "where journal_id = (select id from ledger_journals where venue_id = $1 and seq = 7)"
)


def an_audit_line(n: int, venue: UUID | None = VENUE, **changes: Any) -> Any:
    """Something was done, with what was before and after."""
    detail = {"before": {"n": n}, "after": {"n": n + 1, "é": [None, 1.5]}}
    return a(
        AuditEntry,
        venue_id=venue,
        at=NOON + timedelta(minutes=n),
        actor_id=SOMEBODY,
        action=f"thing.{'made' if n % 2 else 'changed'}",
        object_type="thing",
        object_id=str(n),
        **{
            "before": detail["before"],
            "after": detail["after"],
            "detail_salt": SALT,
            "detail_digest": text_digest(SALT, canonical_json(detail).decode()),
            **changes,
        },
    )


def a_sale(n: int) -> Entry:
    """A journal with its lines and a memo."""
    journal = a(
        LedgerJournal,
        venue_id=VENUE,
        memo=f"sale {n}",
        memo_salt=SALT,
        memo_digest=text_digest(SALT, f"sale {n}"),
    )
    codes = {f"user:{PATRON}:receivable": -100, f"venue:{VENUE}:revenue:food": 100}
    lines = [
        a(
            LedgerPosting,
            journal_id=journal.id,
            venue_id=VENUE,
            line=line,
            account_id=ledger_account_id(code, "JPY"),
            account_code=code,
            amount_minor=minor,
            currency="JPY",
        )
        for line, (code, minor) in enumerate(codes.items(), 1)
    ]
    return an_entry(journal, *lines)


def an_observation(n: int) -> Any:
    """A line of the safety register."""
    notes = f"loud {n}"
    return a(
        SafetyLog,
        venue_id=VENUE,
        notes=notes,
        notes_salt=SALT,
        notes_digest=text_digest(SALT, notes),
        signs=("a", "b"),
    )


@pytest.fixture
async def rows(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rows]:
    """Twelve rows of each chain, flushed as the node does it; batches are small."""
    monkeypatch.setattr(chain_checks, "CHAIN_BATCH_ROWS", 5)
    async with place_of("postgres", postgres_url)() as opened:
        for n in range(1, ROWS + 1):
            await opened.flush(
                an_entry(an_audit_line(n), an_observation(n), an_audit_line(n, None)), a_sale(n)
            )
        yield opened


def database_of(rows: Rows) -> Database:
    """Behind the rows."""
    assert rows.database is not None
    return rows.database


async def verify(rows: Rows, chain: Chain = Chain.AUDIT, **given: Any) -> ChainVerdict:
    """Ask as the owner."""
    venue_id = given.pop("venue_id", VENUE)
    principal = given.pop("principal", OWNER)
    command = VerifyAuditChain(venue_id=venue_id, chain=chain, **given)
    asked = asked_by(principal, venue_id)
    async with asking(database_of(rows), asked) as connection:
        return await audit_chain(connection, command, asked)


async def tamper(rows: Rows, sql: str, *parameters: Any) -> None:
    """Change what is stored, as somebody who may do anything in the database."""
    async with database_of(rows).connect(DatabaseRole.LOGIN) as connection:
        await connection.execute("set session_replication_role = replica")
        await connection.execute(sql.replace("$1", f"'{VENUE}'"), *parameters)
        await connection.execute("reset session_replication_role")


@pytest.mark.parametrize("chain", list(Chain))
async def test_a_chain_that_nobody_touched_holds(rows: Rows, chain: Chain) -> None:
    """From the first row to where the flush says that the chain stands."""
    verdict = await verify(rows, chain)
    assert (verdict.ok, verdict.count, verdict.broken_seq) == (True, ROWS, None)
    assert (verdict.from_seq, verdict.to_seq) == (1, ROWS)
    part = await verify(rows, chain, from_seq=4, to_seq=ROWS)
    assert (part.ok, part.count, part.head_hash) == (True, ROWS - 3, verdict.head_hash)


@pytest.mark.parametrize(
    ("chain", "sql"),
    [
        (Chain.AUDIT, "update audit_log set role = 'x' where venue_id = $1 and seq = 7"),
        (Chain.AUDIT, "update audit_log set ip = '::1' where venue_id = $1 and seq = 7"),
        (Chain.AUDIT, "update audit_log set after = '{}' where venue_id = $1 and seq = 7"),
        (Chain.AUDIT, "update audit_log set detail_salt = null where venue_id = $1 and seq = 7"),
        (Chain.AUDIT, "delete from audit_log where venue_id = $1 and seq = 7"),
        (Chain.SAFETY, "update safety_logs set level = 3 where venue_id = $1 and seq = 7"),
        (Chain.SAFETY, "update safety_logs set notes = 'calm' where venue_id = $1 and seq = 7"),
        (Chain.SAFETY, "delete from safety_logs where venue_id = $1 and seq = 7"),
        (Chain.LEDGER, "update ledger_journals set memo = 'x' where venue_id = $1 and seq = 7"),
        (
            Chain.LEDGER,
            f"update ledger_postings set amount_minor = amount_minor * 2 {OF_THE_SEVENTH}",
        ),
        (
            Chain.LEDGER,
            f"delete from ledger_postings {OF_THE_SEVENTH}",
        ),
    ],
)
async def test_the_first_changed_row_is_named(rows: Rows, chain: Chain, sql: str) -> None:
    """Numbers, texts, lines and rows that are gone: all of it is covered."""
    await tamper(rows, sql)
    verdict = await verify(rows, chain)
    assert (verdict.ok, verdict.broken_seq, verdict.count) == (False, 7, 6)
    assert (await verify(rows, chain, to_seq=6)).ok


async def test_a_row_made_anew_with_a_good_hash_breaks_the_next(rows: Rows) -> None:
    """Who can reckon the hash of one row would have to change all that follow."""
    command = VerifyAuditChain(venue_id=VENUE)
    asked = asked_by(OWNER, VENUE)
    async with asking(database_of(rows), asked) as connection:
        before = await audit_chain(connection, command, asked)
    assert before.ok
    await tamper(
        rows,
        "update audit_log set hash = sha256('x'), prev_hash = prev_hash"
        " where venue_id = $1 and seq = 7",
    )
    assert (await verify(rows)).broken_seq == 7
    assert (await verify(rows, from_seq=8)).broken_seq == 8


async def test_rows_cut_off_at_the_end_are_missed(rows: Rows) -> None:
    """The flush knows where the chain stands, so its last rows can't just go."""
    await tamper(rows, "delete from audit_log where venue_id = $1 and seq > 10")
    verdict = await verify(rows)
    assert (verdict.ok, verdict.broken_seq, verdict.to_seq) == (False, 11, ROWS)


async def test_erased_text_leaves_the_chain_whole(rows: Rows) -> None:
    """Erasure deletes text and salt; the digest stays, and proves what was there to who has it.

    L7.
    """
    await tamper(
        rows,
        "update audit_log set before = null, after = null, detail_salt = null"
        " where venue_id = $1 and seq = 7",
    )
    assert (await verify(rows)).ok


async def test_the_platforms_trail_is_checked_whole_by_its_owners(rows: Rows) -> None:
    """Without showing what others did there; and for nobody else."""
    verdict = await verify(rows, venue_id=None, principal=OWNER_OF_ALL)
    assert (verdict.ok, verdict.count, verdict.venue_id) == (True, ROWS, None)
    await tamper(rows, "update audit_log set action = 'x' where venue_id is null and seq = 3")
    assert (await verify(rows, venue_id=None, principal=OWNER_OF_ALL)).broken_seq == 3
    patron = a_principal()
    hidden = await verify(rows, venue_id=None, principal=patron)
    assert (hidden.count, hidden.head_hash) == (0, None)


async def test_a_range_has_a_bound(rows: Rows) -> None:
    """422, told apart from a request that is malformed: how long a chain is, the node knows."""
    too_long = VerifyAuditChain(venue_id=VENUE, from_seq=1, to_seq=CHAIN_ROWS_MAX + 1)
    assert [fault.pointer for fault in too_long.faults()] == ["/to_seq"]
    assert not list(VerifyAuditChain(venue_id=VENUE, from_seq=1, to_seq=CHAIN_ROWS_MAX).faults())
    assert [f.pointer for f in VerifyAuditChain(from_seq=5, to_seq=4).faults()] == ["/to_seq"]
    assert [f.pointer for f in VerifyAuditChain(chain=Chain.LEDGER).faults()] == ["/venue_id"]
    await tamper(
        rows,
        f"update runtime.chain_heads set seq = {CHAIN_ROWS_MAX + 1} where venue_id = $1",
    )
    with pytest.raises(RangeTooLong) as caught:
        await verify(rows)
    assert caught.value.refusal().code is Code.VALIDATION_FAILED


async def test_a_chain_of_another_venue_is_empty(rows: Rows) -> None:
    """Rule 15: row-level security repeats the rule, so a wrong query shows nothing."""
    verdict = await verify(rows, venue_id=ELSEWHERE)
    assert (verdict.ok, verdict.count) == (True, 0)


async def list_of(rows: Rows, **given: Any) -> Any:
    """A page of the trail."""
    command = ListAuditLogs(**{"venue_id": VENUE, **given})
    asked = asked_by(given.pop("principal", OWNER), VENUE)
    async with asking(database_of(rows), asked) as connection:
        return await audit_logs(connection, command, asked)


async def test_the_trail_is_read_newest_first_by_its_numbers(rows: Rows) -> None:
    """Pages neither repeat nor skip a line, whatever is written meanwhile."""
    first = await list_of(rows, limit=5)
    assert [line.seq for line in first.items] == [12, 11, 10, 9, 8]
    await rows.put(an_audit_line(13))
    second = await list_of(rows, limit=5, cursor=first.next_cursor)
    assert [line.seq for line in second.items] == [7, 6, 5, 4, 3]
    last = await list_of(rows, limit=5, cursor=second.next_cursor)
    assert ([line.seq for line in last.items], last.next_cursor) == ([2, 1], None)
    line = first.items[0]
    assert (line.before, line.after) == ({"n": 12}, {"n": 13, "é": [None, 1.5]})


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"action": "thing.made"}, [11, 9, 7, 5, 3, 1]),
        ({"object_type": "thing", "object_id": "4"}, [4]),
        ({"object_type": "other"}, []),
        ({"actor_id": PATRON}, []),
        ({"actor_id": SOMEBODY, "since": NOON + timedelta(minutes=10)}, [12, 11, 10]),
        ({"until": NOON + timedelta(minutes=3)}, [2, 1]),
    ],
)
async def test_the_trail_is_filtered(rows: Rows, given: dict[str, Any], found: list[int]) -> None:
    """Who did it, what, to what, and when."""
    assert [line.seq for line in (await list_of(rows, **given)).items] == found


async def test_a_cursor_of_another_list_is_refused(rows: Rows) -> None:
    """An id is no number of a chain."""
    with pytest.raises(CursorInvalid):
        await list_of(rows, cursor=cursor_of(UUID(int=1 << 100)))
