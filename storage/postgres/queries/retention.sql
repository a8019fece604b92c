-- What is past its time (see storage/postgres/retention.py). Each block forgets at most $2 rows that
-- ended before $1, and tells how many they were.

-- name: forget_sessions_auth
-- Logins that ended. $1: before. $2: at most.
with gone as (
    delete from sessions_auth where ctid in (
        select ctid from sessions_auth where least(coalesce(revoked_at, expires_at), expires_at) < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_auth_tokens
-- Single-use tokens that nobody can use any more. $1: before. $2: at most.
with gone as (
    delete from auth_tokens where ctid in (
        select ctid from auth_tokens where expires_at < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_user_limits
-- Own limits of people who were erased. $1: before. $2: at most.
with gone as (
    delete from user_limits where ctid in (
        select ctid from user_limits where user_id in (select one.id from users as one where one.erased_at < $1)
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_user_roles
-- Roles that were taken away. $1: before. $2: at most.
with gone as (
    delete from user_roles where ctid in (
        select ctid from user_roles where revoked_at < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_venue_settings
-- Settings that others took the place of. $1: before. $2: at most.
with gone as (
    delete from venue_settings where ctid in (
        select ctid from venue_settings where superseded_at < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_session_segments
-- Metered intervals of visits long over. $1: before. $2: at most.
with gone as (
    delete from session_segments where ctid in (
        select ctid from session_segments where ended_at < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_interventions
-- Cases that were closed. $1: before. $2: at most.
with gone as (
    delete from interventions where ctid in (
        select ctid from interventions where closed_at < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_safety_checks
-- Prompts of visits that are over. $1: before. $2: at most.
with gone as (
    delete from safety_checks where ctid in (
        select ctid from safety_checks where sent_at < $1 and not exists (
    select from sessions as visit where visit.id = safety_checks.session_id
)
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_broadcasts
-- Emergency broadcasts and their receipts. $1: before. $2: at most.
with gone as (
    delete from broadcasts where ctid in (
        select ctid from broadcasts where at < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_reservations
-- Bookings that are over. $1: before. $2: at most.
with gone as (
    delete from reservations where ctid in (
        select ctid from reservations where status in ('completed', 'cancelled', 'no_show', 'expired') and created_at < $1
    and (during is null or upper(during) < $1)
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_karaoke_queue
-- Songs of nights gone by. $1: before. $2: at most.
with gone as (
    delete from karaoke_queue where ctid in (
        select ctid from karaoke_queue where added_at < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_payment_methods
-- Cards that were removed. $1: before. $2: at most.
with gone as (
    delete from payment_methods where ctid in (
        select ctid from payment_methods where removed_at < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_stripe_events
-- The provider's events. $1: before. $2: at most.
with gone as (
    delete from stripe_events where ctid in (
        select ctid from stripe_events where status in ('applied', 'ignored') and received_at < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_staff_schedules
-- Planned shifts. $1: before. $2: at most.
with gone as (
    delete from staff_schedules where ctid in (
        select ctid from staff_schedules where ends_at < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_staff_tasks
-- Tasks that ended. $1: before. $2: at most.
with gone as (
    delete from staff_tasks where ctid in (
        select ctid from staff_tasks where status in ('done', 'cancelled') and done_at < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_staff_performance
-- Figures per person and day. $1: before. $2: at most.
with gone as (
    delete from staff_performance where ctid in (
        select ctid from staff_performance where business_day < ($1::timestamptz at time zone 'utc')::date
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_shift_handovers
-- Handover notes. $1: before. $2: at most.
with gone as (
    delete from shift_handovers where ctid in (
        select ctid from shift_handovers where at < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_daily_metrics
-- Figures per venue and day. $1: before. $2: at most.
with gone as (
    delete from daily_metrics where ctid in (
        select ctid from daily_metrics where business_day < ($1::timestamptz at time zone 'utc')::date
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_revenue_projections
-- Forecasts and what came true of them. $1: before. $2: at most.
with gone as (
    delete from revenue_projections where ctid in (
        select ctid from revenue_projections where target_day < ($1::timestamptz at time zone 'utc')::date
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_patron_analytics
-- Behaviour per month: none of a month that ended later. $1: before. $2: at most.
with gone as (
    delete from patron_analytics where ctid in (
        select ctid from patron_analytics where period < ($1::timestamptz at time zone 'utc')::date - 31
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_idempotency_keys
-- Answers to requests that are not repeated any more. $1: before. $2: at most.
with gone as (
    delete from idempotency_keys where ctid in (
        select ctid from idempotency_keys where expires_at < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_notification_deliveries
-- Messages to people, but those of an incident. $1: before. $2: at most.
with gone as (
    delete from notification_deliveries where ctid in (
        select ctid from notification_deliveries where incident_id is null
    and greatest(sent_at, delivered_at, acked_at, next_try_at) < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_incident_deliveries
-- Messages to people about an incident. $1: before. $2: at most.
with gone as (
    delete from notification_deliveries where ctid in (
        select ctid from notification_deliveries where incident_id is not null
    and greatest(sent_at, delivered_at, acked_at, next_try_at) < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_erasure_jobs
-- Requests for copies and erasures that were done. $1: before. $2: at most.
with gone as (
    delete from erasure_jobs where ctid in (
        select ctid from erasure_jobs where done_at < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_dead_letters
-- Messages that failed, and effects that were given up. $1: before. $2: at most.
with gone as (
    delete from runtime.dead_letters where ctid in (
        select ctid from runtime.dead_letters where at < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_replays
-- What an operator had sent again. $1: before. $2: at most.
with gone as (
    delete from runtime.replays where ctid in (
        select ctid from runtime.replays where done_at < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_reconciliations
-- What comparing a day with the provider's books found. $1: before. $2: at most.
with gone as (
    delete from runtime.reconciliations where ctid in (
        select ctid from runtime.reconciliations where compared_at < $1
        limit $2
    ) returning 1
)
select count(*) from gone;

-- name: forget_payloads
-- What the provider's events said; that there was one is kept for longer. $1: before. $2: at most.
with emptied as (
    update stripe_events set payload = null, version = version + 1 where ctid in (
        select ctid from stripe_events
        where status in ('applied', 'ignored') and received_at < $1
            and payload is not null
        limit $2
    ) returning 1
)
select count(*) from emptied;

-- name: forget_location_reports
-- Fixes, but those of an incident. $1: before. $2: at most.
select forget_location_reports($1, $2);

-- name: forget_age_verifications
-- That an ID was seen. $1: before. $2: at most.
select forget_age_verifications($1, $2);

-- name: forget_exclusions
-- Exclusions that ended. $1: before. $2: at most.
select forget_exclusions($1, $2);

-- name: forget_session_history
-- Visits long over. $1: before. $2: at most.
select forget_session_history($1, $2);

-- name: silent_accounts
-- Accounts with devices that were silent. $1: pushes since. $2: the first id of that moment.
-- $3: offline queues since. $4: at most.
select user_id from push_devices
where last_ok_at < $1 or (last_ok_at is null and id < $2)
union
select user_id from sync_devices where updated_at < $3
limit $4;

-- name: actors_with_fired_timers
-- Actors that keep timers which fired before $1, at most $2.
select distinct actor_type, actor_id from actor_timers where fired_at < $1 limit $2;
