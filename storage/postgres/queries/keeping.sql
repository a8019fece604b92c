-- What the aggregation job keeps: figures of days that are closed, and of patrons by month.

-- name: days_to_keep
-- Closed days whose figures were not kept yet, oldest first, at most $1.
select day.venue_id, day.business_day
from business_days as day
where day.status = 'closed' and not exists (
    select from daily_metrics as kept
    where kept.venue_id = day.venue_id and kept.business_day = day.business_day
        and kept.metric = 'final' and kept.dimension = ''
)
order by day.business_day
limit $1;

-- name: keep_day
-- Keep all figures of a closed day. $1: venue. $2: day. $3: now.
insert into daily_metrics (
    venue_id, business_day, metric, dimension, value, computed_at, ledger_seq
)
select $1, $2, figure.metric, figure.dimension, figure.value, $3, (
    select max(seq) from ledger_journals where venue_id = $1 and business_day = $2
)
from (
    select metric, dimension, value from day_figures($1, $2)
    union all
    select 'final', '', 1
) as figure
on conflict (venue_id, business_day, metric, dimension) do update
set value = excluded.value, computed_at = excluded.computed_at, ledger_seq = excluded.ledger_seq;

-- name: tell_projections
-- What came true of forecasts of a closed day. $1: venue. $2: day.
update revenue_projections
set actual_minor = kept.value
from daily_metrics as kept
where kept.venue_id = $1 and kept.business_day = $2 and kept.metric = 'net_minor'
    and kept.dimension = '' and revenue_projections.venue_id = $1
    and revenue_projections.target_day = $2 and revenue_projections.actual_minor is null;

-- name: forget_patrons
-- $1: venue. $2: first day of the month.
delete from patron_analytics where venue_id = $1 and period = $2;

-- name: keep_patrons
-- A month of visits by patron, under pseudonyms; who opted out or was erased has no row.
-- $1: venue. $2: first day of the month. $3: now.
insert into patron_analytics (
    venue_id, user_pseudonym, period, visits, minutes, spend_minor, activities, cohort, updated_at
)
select
    $1, patron.pseudonym, $2, count(*), (sum(visit.duration_ms) / 60000)::bigint,
    sum(visit.total_minor)::bigint, did.activities, first.cohort, $3
from session_history as visit
join users as patron on patron.id = visit.user_id and patron.deleted_at is null
left join user_preferences as wish on wish.user_id = visit.user_id
cross join lateral (
    select to_char(min(earlier.business_day), 'YYYY-MM') as cohort
    from session_history as earlier
    where earlier.user_id = visit.user_id and earlier.venue_id = $1
        and earlier.status = 'closed'
) as first
cross join lateral (
    select coalesce(jsonb_object_agg(activity, minutes), '{}') as activities from (
        select segment.activity, (sum(segment.active_ms) / 60000)::bigint as minutes
        from session_history as one
        join session_segments as segment on segment.session_id = one.id
        where one.user_id = visit.user_id and one.venue_id = $1
            and one.business_day >= $2
            and one.business_day < ($2::date + interval '1 month')
        group by segment.activity
    ) as activity
) as did
where visit.venue_id = $1 and visit.status = 'closed'
    and visit.business_day >= $2 and visit.business_day < ($2::date + interval '1 month')
    and not coalesce(wish.analytics_opt_out, false)
group by patron.pseudonym, did.activities, first.cohort;

-- name: keep_projection
-- $1: id. $2: venue. $3: day. $4: when made. $5: method. $6 to $8: low, mid, high.
insert into revenue_projections (
    id, venue_id, target_day, made_at, method, low_minor, mid_minor, high_minor
) values ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: begin_job
-- $1: name. $2: now.
insert into runtime.jobs (name, started_at) values ($1, $2)
on conflict (name) do update set started_at = excluded.started_at;

-- name: end_job
-- $1: name. $2: now. $3: what was done.
update runtime.jobs set finished_at = $2, state = $3 where name = $1;
