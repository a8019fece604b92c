-- What people see of themselves.

-- name: own_user
-- The caller's row, as far as readers see it. $1: user.
select
    id, email, display_name, created_at, phone, birth_date, age_verified_at, email_verified_at,
    status, role_grants, locale, version
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
-- Exclusions that hold at $2, latest first. $1: user.
select id, kind, venue_id, starts_at, ends_at
from exclusions
where user_id = $1 and starts_at <= $2 and (ends_at is null or ends_at > $2)
    and (ended_at is null or ended_at > $2)
order by starts_at desc, id
limit 100;
