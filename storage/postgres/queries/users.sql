-- What people see of themselves.

-- name: own_user
-- The caller's row, as far as readers see it. $1: user.
select
    id, email, display_name, created_at, phone, birth_date, age_verified_at, email_verified_at,
    phone_verified_at, status, role_grants, locale, avatar, emergency_contact, version
from users
where id = $1 and deleted_at is null and erased_at is null;

-- name: own_limits
-- Limits that hold at $2. $1: user.
select kind, period, value, effective_at
from user_limits
where user_id = $1 and superseded_at is null and value is not null and effective_at <= $2
order by kind, period
limit 100;

-- name: own_exclusions
-- Exclusions that hold at $2, latest first. $1: user. A self-exclusion holds until it was ended,
-- which is asked for in person.
select id, kind, venue_id, starts_at, ends_at
from exclusions
where user_id = $1 and starts_at <= $2 and (ended_at is null or ended_at > $2)
    and (ends_at is null or ends_at > $2 or kind = 'self_exclusion')
order by starts_at desc, id
limit 100;

-- name: own_preferences
-- The caller's preferences, if any were ever set. $1: user.
select
    locale, channels, quiet_hours, marketing_consent_at, analytics_opt_out, accessibility, version
from user_preferences
where user_id = $1;
