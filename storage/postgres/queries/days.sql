-- Business days and what they came to.

-- name: open_orders
-- How many orders of a venue, $1, are not paid, of those made before $2. For the node itself.
select count(*) from transactions
where venue_id = $1 and status = 'pending' and kind = 'purchase' and occurred_at < $2;

-- name: own_day_figures
-- The figures of a day, for the node itself. $1: venue, $2: day, $3, $4: its bounds.
select day_figures_unchecked($1, $2, $3, $4);

-- name: has_journals
-- Whether anything was ever posted at a venue, $1. For the node itself.
select exists (select from ledger_journals where venue_id = $1);

-- name: only_venues
-- The venues of the caller, two at most: enough to know whether there is only one.
select id from venues where id = any (caller_venues()) and deleted_at is null order by id limit 2;

-- name: business_day
-- A day of a venue; without a row of its own, the one that it is at $3. $1: venue, $2: day.
select
    venue.currency, day.status, day.z_number, day.closed_by, day.closed_at, day.totals,
    encode(day.journal_head_hash, 'hex') as journal_head_hash,
    coalesce(day.version, 1) as version,
    coalesce(day.starts_at, ($2::date + venue.cutover_local) at time zone venue.tz) as starts_at,
    coalesce(day.ends_at, ($2::date + 1 + venue.cutover_local) at time zone venue.tz) as ends_at
from venues as venue
left join business_days as day on day.venue_id = venue.id and day.business_day = $2::date
where venue.id = $1 and venue.deleted_at is null and venue.id = any (caller_venues())
    and (
        day.business_day is not null
        or $2::date
            = (($3::timestamptz at time zone venue.tz) - venue.cutover_local::interval)::date
    );

-- name: day_figures
-- The figures of a day as they are now, for management. $1: venue, $2: day, $3, $4: its bounds.
select day_figures($1, $2, $3, $4);
