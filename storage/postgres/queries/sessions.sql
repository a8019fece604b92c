-- Visits, open and over, newest first. Ids are given in order of time.

-- name: sessions
-- Sessions of venue $1 before $3, at most $2. $4: status, $5: activity, $6: zone, $7: user,
-- $8: safety level, $9: business day.
select *
from (
    (
        select
            id, user_id, venue_id, display_name, status, activity, station_id, table_name, zone,
            party_size, safety_level, business_day, started_at, ended_at, charged_minor, held_minor
        from sessions
        where venue_id = $1 and ($3::uuid is null or id < $3)
            and ($4::text is null or status = $4) and ($5::text is null or activity = $5)
            and ($6::text is null or zone = $6) and ($7::uuid is null or user_id = $7)
            and ($8::bigint is null or safety_level = $8)
            and ($9::date is null or business_day = $9)
        order by id desc
        limit $2
    )
    union all
    (
        select
            id, user_id, venue_id, null, status, activity, (summary ->> 'station_id')::uuid,
            summary ->> 'table', zone, (summary ->> 'party_size')::bigint, safety_level,
            business_day, started_at, ended_at, time_charge_minor, 0
        from session_history
        where venue_id = $1 and ($3::uuid is null or id < $3)
            and ($4::text is null or ($4 in ('closed', 'voided') and status = $4))
            and ($5::text is null or activity = $5) and ($6::text is null or zone = $6)
            and ($7::uuid is null or user_id = $7)
            and ($8::bigint is null or safety_level = $8)
            and ($9::date is null or business_day = $9)
        order by id desc
        limit $2
    )
) as found
order by id desc
limit $2;

-- name: session_history
-- Sessions of venue $1 that are over before $3, at most $2. $4: user, $5: business day.
select
    id, user_id, venue_id, status, cause, business_day, started_at, ended_at, duration_ms,
    billable_ms, time_charge_minor, total_minor, receipt_id, summary
from session_history
where venue_id = $1 and ($3::uuid is null or id < $3)
    and ($4::uuid is null or user_id = $4) and ($5::date is null or business_day = $5)
order by id desc
limit $2;

-- name: own_session_history
-- The caller's own sessions that are over before $2, at most $3. $1: user, $4: venue,
-- $5: business day.
select
    id, user_id, venue_id, status, cause, business_day, started_at, ended_at, duration_ms,
    billable_ms, time_charge_minor, total_minor, receipt_id, summary
from session_history
where user_id = $1 and ($2::uuid is null or id < $2) and ($4::uuid is null or venue_id = $4)
    and ($5::date is null or business_day = $5)
order by id desc
limit $3;
