"""What must hold in the tables of a node whatever was killed: the laws of the ledger (Rule 9).

Read from PostgreSQL by the owner of everything, past the node, in one snapshot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from protocol.chains import canonical_journal, first_broken
from protocol.records.ledger import LedgerJournal, LedgerPosting
from storage.postgres.database import (
    Connection,
    DatabaseRole,
    open_asyncio_loop,
    open_database,
)
from storage.postgres.mapping import mapping_of

LAWS: Final = {
    "L1 a journal sums to 0": """
        select journal_id from ledger_postings group by journal_id, currency
        having sum(amount_minor) <> 0""",
    "L2 what may not be negative is not": """
        select code from ledger_accounts where not may_be_negative and balance_minor < 0
        union all select user_id::text from credits
        where least(paid_minor, bonus_minor, held_minor) < 0""",
    "an account is the sum of its postings": """
        select a.code from ledger_accounts a left join ledger_postings p on p.account_id = a.id
        group by a.id having a.balance_minor <> coalesce(sum(p.amount_minor), 0)""",
    "L4 a wallet is the fold of its postings": """
        select c.user_id from credits c
        left join ledger_accounts a on a.user_id = c.user_id and a.currency = c.currency
        group by c.user_id, c.currency
        having c.paid_minor <> coalesce(sum(a.balance_minor) filter (where a.kind = 'paid'), 0)
        or c.bonus_minor <> coalesce(sum(a.balance_minor) filter (where a.kind = 'bonus'), 0)
        or c.held_minor <> coalesce(sum(a.balance_minor) filter (where a.kind = 'held'), 0)""",
    "L4 lots add up to what is paid and given": """
        select c.user_id from credits c left join credit_grants g on g.user_id = c.user_id
        group by c.user_id, c.currency
        having c.paid_minor + c.bonus_minor <> coalesce(sum(g.remaining_minor), 0)""",
    "L4 open holds add up to what is held": """
        select c.user_id from credits c
        left join credit_holds h on h.user_id = c.user_id and h.status = 'open'
        group by c.user_id, c.currency
        having c.held_minor <> coalesce(sum(h.amount_minor - h.captured_minor), 0)""",
    "L5 a transaction has one journal of a source": """
        select transaction_id from ledger_journals where transaction_id is not null
        group by transaction_id, source having count(*) > 1""",
    "L6 the trial balance is 0": """
        select currency from ledger_accounts group by currency having sum(balance_minor) <> 0""",
    "L7 the numbers of a venue have no gap": """
        select venue_id from ledger_journals group by venue_id
        having min(seq) <> 1 or max(seq) <> count(*) or count(distinct seq) <> count(*)""",
    "a posted transaction has a journal": """
        select t.id from transactions t where t.status = 'posted' and not exists
        (select from ledger_journals j where j.transaction_id = t.id)""",
    "nothing was refused": "select table_name || ' ' || error from runtime.refused_rows",
    "no decision raised": "select command || ' ' || error from runtime.dead_letters",
}
"""Each finds what breaks it."""


@asynccontextmanager
async def reading(url: str) -> AsyncIterator[Connection]:
    """A connection to a node's database; nothing is hidden from it, and nothing kept from it."""
    async with (
        open_asyncio_loop(),
        open_database(url) as database,
        database.connect(DatabaseRole.LOGIN) as connection,
    ):
        yield connection


async def broken_laws(connection: Connection) -> dict[str, list[str]]:
    """The laws that do not hold, and where; all are looked at in one snapshot."""
    found = {}
    async with connection.transaction(isolation="repeatable read", readonly=True):
        for law, sql in LAWS.items():
            if rows := await connection.fetch(sql):
                found[law] = [str(next(iter(row.values()))) for row in rows[:5]]
    return found


async def broken_links(connection: Connection) -> dict[str, int]:
    """Venues whose hash chain does not follow, and the first journal at which (L7)."""
    async with connection.transaction(isolation="repeatable read", readonly=True):
        journals = mapping_of(LedgerJournal).from_rows(
            await connection.fetch("select * from ledger_journals order by venue_id, seq")
        )
        postings = mapping_of(LedgerPosting).from_rows(
            await connection.fetch("select * from ledger_postings")
        )
    lines: dict[UUID, list[LedgerPosting]] = defaultdict(list)
    for posting in postings:
        lines[posting.journal_id].append(posting)
    links: dict[UUID, list[tuple[bytes, bytes, bytes]]] = defaultdict(list)
    for journal in journals:
        assert journal.prev_hash is not None
        assert journal.hash is not None
        canonical = canonical_journal(journal, lines[journal.id])
        links[journal.venue_id].append((journal.prev_hash, journal.hash, canonical))
    assert links, "there is no journal at all"
    broken = {str(venue): first_broken(chain) for venue, chain in links.items()}
    return {venue: at for venue, at in broken.items() if at >= 0}


async def transactions_of(
    connection: Connection, people: Iterable[str], kind: str
) -> dict[str, int]:
    """Posted transactions of a kind by id, with their amounts; not what a demo patron begins with.

    That was paid in by card, which nobody does in these tests.
    """
    rows = await connection.fetch(
        "select id, amount_minor from transactions"
        " where user_id = any($1::uuid[]) and kind = $2 and status = 'posted' and tender <> 'card'",
        list(people),
        kind,
    )
    return {str(row["id"]): row["amount_minor"] for row in rows}


async def sessions_of(connection: Connection, people: Iterable[str]) -> dict[str, str]:
    """Sessions by id: whether they are open, or with which status they are history.

    What holds an open one up (a pause, a rest that the safety rules ask for) is not told here: it
    comes by time, and by how much somebody drinks in an evening.
    """
    rows = await connection.fetch(
        "select id, case when status in ('active', 'paused', 'auto_paused', 'cooling')"
        " then 'open' else status::text end as status from sessions where user_id = any($1::uuid[])"
        " union all select id, status::text from session_history where user_id = any($1::uuid[])",
        list(people),
    )
    assert len({row["id"] for row in rows}) == len(rows), "a session is open and over at once"
    return {str(row["id"]): row["status"] for row in rows}
