-- Figures of venues: closed days from daily_metrics, the others as they are now.

-- name: place
-- What figures need of a venue, and to which trading day things are posted there at $2: the one
-- after a day that was closed early. $1: venue.
select venue.id, venue.currency, venue.capacity, venue.status, venue.tz,
    coalesce(
        (
            select max(closed.business_day) + 1 from business_days as closed
            where closed.venue_id = $1 and closed.z_number is not null
                and closed.business_day >= local.day
        ),
        local.day
    ) as today
from venues as venue
cross join lateral (
    select (($2::timestamptz at time zone venue.tz) - venue.cutover_local)::date as day
) as local
where venue.id = $1;

-- name: figures
-- Figures by day. $1: venue. $2, $3: first and last day. $4: which figures. $5: now.
with final as materialized (
    select business_day from daily_metrics
    where venue_id = $1 and business_day between $2 and $3 and metric = 'final' and dimension = ''
),
day as materialized (
    select one::date as day
    from generate_series($2::date, $3::date, interval '1 day') as one
    where one::date not in (select business_day from final)
        and (
            exists (
                select from session_history
                where venue_id = $1 and business_day = one::date
            )
            or exists (select from sessions where venue_id = $1 and business_day = one::date)
            or exists (
                select from transactions where venue_id = $1 and business_day = one::date
            )
        )
)
select kept.business_day, kept.metric, kept.dimension, kept.value
from daily_metrics as kept
join final using (business_day)
where kept.venue_id = $1 and kept.metric = any ($4::text[])
union all
select day.day, figure.metric, figure.dimension, figure.value
from day, lateral sums_of_day_for_caller($1, day.day, $5) as figure
where figure.metric = any ($4::text[]);

-- name: floor
-- Open sessions by activity, status and safety level, with their persons. $1: venue.
select activity, status, safety_level, count(*) as sessions, sum(party_size)::bigint as persons
from sessions
where venue_id = $1 and status not in ('closed', 'voided')
group by activity, status, safety_level;

-- name: work
-- What waits for somebody. $1: venue. $2: now.
select
    (select count(*) from staff_tasks
        where venue_id = $1 and status in ('open', 'accepted', 'in_progress', 'blocked')) as tasks,
    (select count(*) from staff_tasks
        where venue_id = $1 and status in ('open', 'accepted', 'in_progress', 'blocked')
            and due_at < $2::timestamptz) as overdue,
    (select count(*) from staff_shifts
        where venue_id = $1 and status in ('open', 'on_break')) as on_duty,
    (select count(*) from incidents
        where venue_id = $1
            and status in ('raised', 'notifying', 'acknowledged', 'on_scene', 'exhausted')
    ) as sos_open,
    (select count(*) from incidents
        where venue_id = $1 and status in ('raised', 'notifying', 'exhausted')
    ) as sos_unacknowledged;

-- name: things
-- Names of what is sold. $1: venue. $2: ids.
select id, name, 'item' as kind from menu_items where venue_id = $1 and id = any ($2::uuid[])
union all
select id, name, 'game' from games where venue_id = $1 and id = any ($2::uuid[])
union all
select id, name, 'room' from karaoke_rooms where venue_id = $1 and id = any ($2::uuid[]);

-- name: cohorts
-- Groups by the month of the first visit. $1: venue. $2, $3: first and last month.
select period, cohort as name, patrons, visits, minutes, spend_minor
from patron_cohorts
where venue_id = $1 and period between $2 and $3
order by period, cohort;

-- name: spend_bands
-- Groups by what a visit comes to. $1: venue. $2, $3: first and last month.
select period, band as name, patrons, visits
from patron_spend_bands
where venue_id = $1 and period between $2 and $3
order by period, band;

-- name: activities
-- Groups by what they do. $1: venue. $2, $3: first and last month.
select period, activity as name, patrons, minutes
from patron_activities
where venue_id = $1 and period between $2 and $3
order by period, activity;

-- name: returns
-- Who came again. $1: venue. $2, $3: first and last month.
select period, patrons, returned
from patron_returns
where venue_id = $1 and period between $2 and $3
order by period;

-- name: span
-- When a range of days begins and ends. $1: venue. $2, $3: first and last day.
select
    (select starts_at from day_bounds($1, $2)) as starts_at,
    (select ends_at from day_bounds($1, $3)) as ends_at;

-- name: worked
-- Minutes of shifts that began within a span, without unpaid breaks; how long a forgotten one was,
-- is known when management says so. $1: venue. $2, $3: the span. $4: now.
select coalesce(sum(case
    when shift.status in ('open', 'on_break')
        then (extract(epoch from $4::timestamptz - shift.started_at) - pause.seconds) * 1000
    else shift.worked_ms
end), 0)::bigint / 60000 as minutes
from staff_shifts as shift, lateral (
    select coalesce(sum(extract(epoch from coalesce(ended_at, $4) - started_at)), 0) as seconds
    from jsonb_to_recordset(shift.breaks)
        as rest (started_at timestamptz, ended_at timestamptz, paid boolean)
    where not paid
) as pause
where shift.venue_id = $1 and shift.started_at >= $2 and shift.started_at < $3;

-- name: tasks
-- How tasks were taken. $1: venue. $2, $3: span.
select
    count(accepted_at) as cases,
    percentile_disc(0.5) within group (order by accepted_at - created_at) as p50,
    percentile_disc(0.95) within group (order by accepted_at - created_at) as p95,
    count(*) filter (where status = 'done') as done,
    count(*) filter (where status = 'done' and (due_at is null or done_at <= due_at)) as on_time
from staff_tasks
where venue_id = $1 and created_at >= $2 and created_at < $3;

-- name: alarms
-- How SOS were taken. $1: venue. $2, $3: span.
select
    count(acked_at) as cases,
    percentile_disc(0.5) within group (order by acked_at - raised_at) as p50,
    percentile_disc(0.95) within group (order by acked_at - raised_at) as p95,
    count(*) filter (where acked_at is null) as unacknowledged
from incidents
where venue_id = $1 and kind = 'sos' and raised_at >= $2 and raised_at < $3;

-- name: alarms_by_severity
-- SOS by how soon they had to be taken. $1: venue. $2, $3: span.
select severity as name, count(*) as cases
from incidents
where venue_id = $1 and kind = 'sos' and raised_at >= $2 and raised_at < $3
group by severity;

-- name: coverage_gaps
-- When patrons were there and nobody on duty, or everybody on a break: the longest 50. A shift that
-- was forgotten counts until its trading day ended. $1: venue. $2, $3: span. $4: now.
with visited as (
    select range_agg(tstzrange(started_at, ended_at)) as spans from (
        select started_at, ended_at from session_history
        where venue_id = $1 and status = 'closed'
            and started_at >= $2::timestamptz - interval '2 days'
            and started_at < $3 and ended_at > started_at
        union all
        select started_at, coalesce(ended_at, $4::timestamptz) from sessions
        where venue_id = $1 and status not in ('closed', 'voided')
            and started_at < least($3, coalesce(ended_at, $4))
    ) as visits
),
shift as (
    select one.started_at, one.breaks, coalesce(one.ended_at, case
        when one.status in ('open', 'on_break') then $4
        else (
            select bounds.ends_at from venues as venue, lateral day_bounds(
                $1, (one.started_at at time zone venue.tz - venue.cutover_local)::date
            ) as bounds
            where venue.id = $1
        )
    end) as ended_at
    from staff_shifts as one
    where one.venue_id = $1 and one.started_at > $2::timestamptz - interval '2 days'
        and one.started_at < $3
),
covered as (
    select range_agg(
        tstzmultirange(tstzrange(shift.started_at, shift.ended_at)) - coalesce(rest.spans, '{}')
    ) as spans
    from shift, lateral (
        select range_agg(
            tstzrange(started_at, least(coalesce(ended_at, shift.ended_at), shift.ended_at))
        ) as spans
        from jsonb_to_recordset(shift.breaks) as one (started_at timestamptz, ended_at timestamptz)
        where started_at < shift.ended_at
    ) as rest
    where shift.ended_at > shift.started_at
)
select lower(gap) as starts_at, upper(gap) as ends_at
from visited, covered, lateral unnest(
    (coalesce(visited.spans, '{}') - coalesce(covered.spans, '{}'))
    * tstzmultirange(tstzrange($2, $3))
) as gap
where upper(gap) - lower(gap) >= interval '1 minute'
order by upper(gap) - lower(gap) desc
limit 50;

-- name: interventions
-- Safety cases by level and outcome. $1: venue. $2, $3: span.
select level::text as level, outcome, count(*) as cases
from interventions
where venue_id = $1 and opened_at >= $2 and opened_at < $3
group by level, outcome;

-- name: refusals
-- Refusals of service in the register. $1: venue. $2, $3: span.
select count(*) from safety_logs
where venue_id = $1 and kind = 'refusal_of_service' and occurred_at >= $2 and occurred_at < $3;

-- name: exclusions
-- Exclusions in force by kind; who it is, is not told. Those of themselves last until they ask to
-- come back (Rule 7). $1: venue. $2: now.
select kind as name, count(*) as cases
from exclusions_for_management
where (venue_id is null or venue_id = $1) and starts_at <= $2::timestamptz
    and (ends_at is null or ends_at > $2 or kind = 'self_exclusion')
    and (ended_at is null or ended_at > $2)
group by kind;

-- name: history
-- Two figures of closed days, oldest first, and when they were kept. $1: venue. $2: first day.
select business_day, metric, value, computed_at
from daily_metrics
where venue_id = $1 and business_day >= $2 and dimension = ''
    and metric in ('net_minor', 'visits', 'final')
order by business_day;

-- name: came_true
-- What was forecast of days that are closed by now. $1: venue. $2: first day.
select target_day, low_minor, mid_minor, high_minor, actual_minor
from revenue_projections
where venue_id = $1 and target_day >= $2 and actual_minor is not null
order by target_day;

-- name: read_at
-- When the rows were read, which is not when the transaction began.
select clock_timestamp();
