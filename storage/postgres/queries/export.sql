-- Everything that is held about one person, table by table: what goes into a copy of it.
-- Secrets, and what proves secrets, stay out. $1: user, $2: how many rows, $3: after how many.

-- name: users
-- Who somebody is.
select (
    to_jsonb(one) - 'password_hash' - 'pin_hash' - 'duress_pin_hash' - 'failed_logins' - 'provider_customer_id'
)::text as row
from users as one
where id = $1
order by id
limit $2 offset $3;

-- name: user_roles
-- Roles at venues.
select to_jsonb(one)::text as row
from user_roles as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: sessions_auth
-- Signed-in devices.
select (to_jsonb(one) - 'token_hash' - 'prev_token_hash')::text as row
from sessions_auth as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: user_preferences
-- Preferences and consent.
select to_jsonb(one)::text as row
from user_preferences as one
where user_id = $1
order by user_id
limit $2 offset $3;

-- name: push_devices
-- Where pushes go.
select to_jsonb(one)::text as row
from push_devices as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: age_verifications
-- Documents that were seen.
select (to_jsonb(one) - 'birth_date_hash')::text as row
from age_verifications as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: user_limits
-- Own limits, of before too.
select to_jsonb(one)::text as row
from user_limits as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: exclusions
-- What kept somebody out.
select (to_jsonb(one) - 'identity_hash')::text as row
from exclusions as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: sessions
-- The open visit.
select (to_jsonb(one) - 'meter' - 'geofence')::text as row
from sessions as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: session_history
-- Visits that are over.
select to_jsonb(one)::text as row
from session_history as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: session_segments
-- What visits were metered by.
select to_jsonb(one)::text as row
from session_segments as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: location_reports
-- Fixes that are still kept.
select to_jsonb(one)::text as row
from location_reports as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: safety_checks
-- Questions that were asked, and answers.
select to_jsonb(one)::text as row
from safety_checks as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: reservations
-- Bookings and places in line.
select to_jsonb(one)::text as row
from reservations as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: karaoke_queue
-- Songs.
select to_jsonb(one)::text as row
from karaoke_queue as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: transactions
-- Money events.
select to_jsonb(one)::text as row
from transactions as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: credits
-- Balances.
select to_jsonb(one)::text as row
from credits as one
where user_id = $1
order by currency
limit $2 offset $3;

-- name: credit_grants
-- Lots of credit.
select to_jsonb(one)::text as row
from credit_grants as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: credit_holds
-- Reserved credit.
select to_jsonb(one)::text as row
from credit_holds as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: purchases
-- What was bought.
select to_jsonb(one)::text as row
from purchases as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: refunds
-- Refunds.
select (to_jsonb(one) - 'provider_ref')::text as row
from refunds as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: receipts
-- Receipts.
select (to_jsonb(one) - 'journal_hash')::text as row
from receipts as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: payments
-- Card payments.
select to_jsonb(one)::text as row
from payments as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: payment_methods
-- Saved cards, without their numbers.
select (to_jsonb(one) - 'provider_id')::text as row
from payment_methods as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: notification_deliveries
-- What was sent.
select to_jsonb(one)::text as row
from notification_deliveries as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: sync_devices
-- Offline queues.
select to_jsonb(one)::text as row
from sync_devices as one
where user_id = $1
order by device_id
limit $2 offset $3;

-- name: erasure_jobs
-- Copies and erasures that were asked for.
select (to_jsonb(one) - 'file_ref')::text as row
from erasure_jobs as one
where user_id = $1
order by id
limit $2 offset $3;

-- name: staff_shifts
-- Shifts, of people who work at a venue.
select to_jsonb(one)::text as row
from staff_shifts as one
where staff_id = $1
order by id
limit $2 offset $3;

-- name: staff_schedules
-- Planned shifts, of people who work at a venue.
select to_jsonb(one)::text as row
from staff_schedules as one
where staff_id = $1
order by id
limit $2 offset $3;

-- name: staff_tasks
-- Tasks, of people who work at a venue.
select to_jsonb(one)::text as row
from staff_tasks as one
where assignee_id = $1
order by id
limit $2 offset $3;

-- name: staff_performance
-- Figures, of people who work at a venue.
select to_jsonb(one)::text as row
from staff_performance as one
where staff_id = $1
order by business_day, venue_id
limit $2 offset $3;

-- name: tills
-- Tills, of people who work at a venue.
select (to_jsonb(one) - 'expected_minor')::text as row
from tills as one
where staff_id = $1
order by id
limit $2 offset $3;

-- name: incidents
-- Alarms that somebody raised.
select to_jsonb(one)::text as row
from incidents as one
where raised_by = $1
order by id
limit $2 offset $3;

-- name: safety_logs
-- What the registers say of one's own checks and exclusions.
select (to_jsonb(one) - 'notes_salt' - 'notes_digest' - 'prev_hash' - 'hash')::text as row
from safety_logs as one
where user_id = $1 and kind in ('verification', 'exclusion')
order by id
limit $2 offset $3;

-- name: audit_log
-- What somebody did that was written down.
select to_jsonb(one)::text as row
from (
    select id, venue_id, at, role, action, object_type, object_id
    from audit_log
    where actor_id = $1
) as one
order by at, id
limit $2 offset $3;
