-- name: claim_flush
-- A database without any journal becomes this journal's own. $1: journal.
insert into runtime.flush (journal_id, position, updated_at)
select $1, 0, now()
where not exists (select from runtime.flush)
on conflict do nothing;

-- name: read_flush
-- Which journal the database belongs to, how far it was flushed, and whether this role may have
-- temporary tables, which some servers take from everybody.
select journal_id, position,
    has_database_privilege(current_database(), 'TEMPORARY') as may_stage
from runtime.flush;

-- name: move_flush
-- Compare-and-set of the position. $1: journal, $2: from, $3: to. No row: it was not there.
update runtime.flush set position = $3, updated_at = now()
where journal_id = $1 and position = $2
returning position;

-- name: keep_refused_row
-- A row that was refused, with its entry. $1 journal, $2 position, $3 table, $4 key, $5 entry,
-- $6 why, $7 address of its actor.
insert into runtime.refused_rows
    (journal_id, position, table_name, row_key, entry, error, actor, refused_at)
values ($1, $2, $3, $4, $5, $6, $7, now());

-- name: refused_actors
-- Actors that rows were kept aside of.
select distinct actor from runtime.refused_rows;

-- name: move_cursors
-- The last seq of rooms. $1: rooms, $2: seqs.
insert into runtime.room_cursors (room, seq)
select room, seq from unnest($1::text[], $2::bigint[]) as moved (room, seq)
on conflict (room) do update set seq = excluded.seq;

-- name: forget_expired_keys
-- Idempotency keys that are free again. $1: until when they lived.
delete from idempotency_keys where expires_at <= $1;

-- name: forget_sends
-- Messages that were handled. $1: ids.
delete from runtime.pending_sends where id = any($1::uuid[]);

-- name: begin_chains
-- Heads of chains that begin. $1: owners, $2: chains.
insert into runtime.chain_heads (venue_id, chain, seq, hash)
select owner, chain, 0, decode(repeat('00', 32), 'hex')
from unnest($1::uuid[], $2::text[]) as begun (owner, chain)
on conflict do nothing;

-- name: lock_chains
-- Heads of chains, locked in one order. $1: owners, $2: chains.
select h.venue_id, h.chain, h.seq, h.hash
from runtime.chain_heads as h
join unnest($1::uuid[], $2::text[]) as wanted (owner, chain)
    on h.venue_id = wanted.owner and h.chain = wanted.chain
order by h.venue_id, h.chain
for update of h;

-- name: journal_hashes
-- Hashes of journals that receipts name. $1: ids.
select id, hash from ledger_journals where id = any($1::uuid[]);

-- name: move_chains
-- New heads. $1: owners, $2: chains, $3: seqs, $4: hashes.
update runtime.chain_heads as h set seq = moved.seq, hash = moved.hash
from unnest($1::uuid[], $2::text[], $3::bigint[], $4::bytea[]) as moved (owner, chain, seq, hash)
where h.venue_id = moved.owner and h.chain = moved.chain;

-- name: add_to_accounts
-- Postings onto the balances of their accounts. $1: ids, $2: sums in minor units, $3: how many.
update ledger_accounts as a
set balance_minor = a.balance_minor + added.amount_minor,
    seq = a.seq + added.postings,
    version = a.version + added.postings
from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as added (id, amount_minor, postings)
where a.id = added.id
returning a.id, a.balance_minor;
