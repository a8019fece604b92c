"""Counts what is in a store of PostgreSQL: rows that were promised, and sums that must fit them."""

from __future__ import annotations

from typing import Final

from bench.database import run_sql
from bench.peer import Stored

CHECK_IN: Final = "/api/sessions/checkin"
PURCHASE: Final = "/api/transactions/purchase"

_COUNTS: Final = f"""
with bought as materialized (
    select id, amount_minor from transactions where kind = 'purchase' and status = 'posted'
), booked as materialized (
    select journal.id,
           (select count(*) from ledger_postings as p where p.journal_id = journal.id) as lines,
           (select coalesce(sum(p.amount_minor), 0) from ledger_postings as p
             where p.journal_id = journal.id) as total
    from ledger_journals as journal
    where journal.transaction_id in (select id from bought)
), keys as (
    select route, count(distinct (user_id, key)) as used
    from idempotency_keys where status = 'done' and http_status < 300 group by route
)
select (select count(*) from sessions) + {{ended}},
       (select count(*) from bought),
       (select coalesce(sum(used), 0) from keys where route = '{CHECK_IN}'),
       (select coalesce(sum(used), 0) from keys where route = '{PURCHASE}'),
       (select count(*) from booked),
       (select count(*) from booked where total <> 0 or lines = 0),
       (select coalesce(sum(amount_minor), 0) from bought),
       (select coalesce(sum(amount_minor), 0) from transactions
         where kind = 'usage' and status = 'posted'),
       (select coalesce(sum(paid_minor + held_minor), 0) from credits);
"""


class NotDurable(Exception):
    """A store forgets at a crash what it was told: it is not measured beside one that does not."""


_ENDED: Final = "(select count(*) from session_history)"
"""Where visits go when they end, if a store has such a table."""


def stored_in(url: str) -> Stored:
    """Count in the database at `url`; holds nothing up but the disk."""
    has_history = run_sql(url, "select to_regclass('session_history')").strip()
    sql = _COUNTS.format(ended=_ENDED if has_history else "0")
    counts = [int(word) for word in run_sql(url, sql).split()]
    return Stored(
        sessions=counts[0],
        purchases=counts[1],
        check_in_keys=counts[2],
        purchase_keys=counts[3],
        journals=counts[4],
        unbalanced=counts[5],
        spent_minor=counts[6],
        charged_minor=counts[7],
        wallets_minor=counts[8],
    )


_LOOSE: Final = """
with demanded (name) as (values ('fsync'), ('synchronous_commit'), ('full_page_writes')),
said as (
    select name, setting, 'the server' as whose from pg_settings
    union all
    select split_part(line, '=', 1), split_part(line, '=', 2), 'a role or database'
    from pg_db_role_setting cross join unnest(setconfig) as line
)
select name || ' = ' || setting || ' of ' || whose
from said join demanded using (name)
where lower(setting) not in ('on', 'true', 'yes', '1');
"""


def demand_durable(url: str) -> None:
    """Look whether a server that answers after its commit has that commit on the disk.

    Looks at what the server runs with and at what any role or database is given when it connects.
    What a session sets for itself nobody else can see: a test reads the peers for that.

    Raises:
        NotDurable: a setting says otherwise.
    """
    if loose := run_sql(url, _LOOSE).strip():
        raise NotDurable(f"PostgreSQL runs with {loose}")


_RECOVERED: Final = "select count(*) from audit_log where action = '{}'"


def recovered_in(url: str, action: str) -> int:
    """How many entries of the trail say that this was done."""
    return int(run_sql(url, _RECOVERED.format(action)))
