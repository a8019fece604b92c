-- What owners look at: the audit trail, chains of hashes, and their venues.

-- name: audit_logs
-- Lines of a venue's chain, newest first, before the number $2; at most $9. $1: venue, or null for
-- the platform's. Filters, each null for any: $3 actor, $4 action, $5 type and $6 id of the object,
-- $7 since, $8 until.
select
    seq, at, actor_id, role, action, object_type, object_id, before, after, request_id, ip,
    encode(hash, 'hex') as hash
from audit_log
where (venue_id = $1::uuid or ($1 is null and venue_id is null))
    and ($2::bigint is null or seq < $2)
    and ($3::uuid is null or actor_id = $3)
    and ($4::text is null or action = $4)
    and ($5::text is null or object_type = $5)
    and ($6::text is null or object_id = $6)
    and ($7::timestamptz is null or at >= $7)
    and ($8::timestamptz is null or at < $8)
order by seq desc
limit $9;

-- name: chain_head
-- Where a chain stands. $1: venue, or null for the platform's; $2: audit, safety or ledger.
select seq, hash from chain_head_of($1, $2);

-- name: audit_links
-- Rows of a venue's audit trail after the number $2 up to $3, at most $4. $1: venue.
select * from audit_log
where venue_id = $1 and seq > $2 and seq <= $3
order by seq
limit $4;

-- name: platform_audit_links
-- The same of the platform's, without what was before and after.
select * from audit_links_of_platform($1, $2, $3);

-- name: safety_links
-- Rows of a venue's safety register after the number $2 up to $3, at most $4. $1: venue.
select * from safety_logs
where venue_id = $1 and seq > $2 and seq <= $3
order by seq
limit $4;

-- name: ledger_links
-- Journals of a venue after the number $2 up to $3, at most $4. $1: venue.
select * from ledger_journals
where venue_id = $1 and seq > $2 and seq <= $3
order by seq
limit $4;

-- name: ledger_lines
-- The lines of journals, $1.
select * from ledger_postings where journal_id = any ($1::uuid[]) order by journal_id, line;

-- name: venues
-- The caller's venues after $1, oldest first, at most $2, with today's figures.
select
    venue.*, figures.present, figures.sessions, figures.on_duty,
    day.business_day as today,
    coalesce((day.totals ->> 'gross_minor')::bigint, 0) as gross_minor,
    coalesce((day.totals ->> 'tax_minor')::bigint, 0) as tax_minor
from venues as venue
left join lateral venue_figures(venue.id) as figures on true
left join lateral (
    select business_day, totals from business_days
    where venue_id = venue.id and status = 'open' and z_number is null
    order by business_day desc limit 1
) as day on true
where venue.id = any (caller_venues()) and venue.deleted_at is null
    and ($1::uuid is null or venue.id > $1)
order by venue.id
limit $2;
