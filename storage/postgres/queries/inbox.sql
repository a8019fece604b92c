-- The provider's events.

-- name: due_events
-- Events that are to be applied by $1, those that wait longest first, at most $2.
select *
from stripe_events
where status in ('received', 'parked') and next_try_at <= $1
order by next_try_at, event_id
limit $2;

-- name: event
-- One event by its id.
select * from stripe_events where event_id = $1;

-- name: mark_event
-- How far event $1 is: $2 status, $3 tries, $4 next try, $5 error.
update stripe_events
set status = $2, tries = $3, next_try_at = $4, error = $5, version = version + 1
where event_id = $1;

-- name: payment_named
-- The payment that the provider calls $1.
select id from payments where provider_id = $1;
