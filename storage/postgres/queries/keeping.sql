-- What the aggregation job keeps: figures of days that are closed, and of patrons by month.

-- name: days_to_keep
-- Closed days whose figures were not kept yet, oldest first, at most $1; not while a visit that
-- began then goes on.
select day.venue_id, day.business_day
from business_days as day
where day.status = 'closed' and not exists (
    select from daily_metrics as kept
    where kept.venue_id = day.venue_id and kept.business_day = day.business_day
        and kept.metric = 'final' and kept.dimension = ''
) and not exists (
    select from sessions as visit
    where visit.venue_id = day.venue_id and visit.business_day = day.business_day
        and visit.status not in ('closed', 'voided')
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
    select metric, dimension, value from sums_of_day($1, $2, $3)
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

-- name: keep_staff
-- Figures of everybody who worked on a closed day. $1: venue. $2: day.
insert into staff_performance (
    staff_id, venue_id, business_day, worked_minutes, tasks_done, tasks_on_time, task_ack_ms_p50,
    sos_ack_ms_p50, sales_minor, tips_minor, voids
)
select
    staff_id, $1, $2, coalesce(sum(worked_ms), 0)::bigint / 60000, count(on_time),
    count(*) filter (where on_time), percentile_disc(0.5) within group (order by task_ms),
    percentile_disc(0.5) within group (order by sos_ms), coalesce(sum(sale_minor), 0)::bigint,
    coalesce(sum(tip_minor), 0)::bigint, count(*) filter (where voided)
from day_bounds($1, $2) as bounds, lateral (
    select staff_id, worked_ms, null::boolean as on_time, null::bigint as task_ms,
        null::bigint as sos_ms, null::bigint as sale_minor, null::bigint as tip_minor,
        null::boolean as voided
    from staff_shifts
    where venue_id = $1 and started_at >= bounds.starts_at and started_at < bounds.ends_at
    union all
    select assignee_id, null, due_at is null or done_at <= due_at,
        (extract(epoch from accepted_at - created_at) * 1000)::bigint, null, null, null, null
    from staff_tasks
    where venue_id = $1 and assignee_id is not null and status = 'done'
        and done_at >= bounds.starts_at and done_at < bounds.ends_at
    union all
    select owner_id, null, null, null,
        (extract(epoch from acked_at - raised_at) * 1000)::bigint, null, null, null
    from incidents
    where venue_id = $1 and owner_id is not null
        and acked_at >= bounds.starts_at and acked_at < bounds.ends_at
    union all
    select created_by, null, null, null, null,
        case when kind in ('purchase', 'topup') and status = 'posted' then amount_minor end,
        case when status = 'posted' then tip_minor end, status = 'voided'
    from transactions
    where venue_id = $1 and business_day = $2 and created_by <> user_id
    union all
    select sale.created_by, null, null, null, null, null, tip.amount_minor, null
    from transactions as tip
    join transactions as sale on sale.id = tip.about_id
    where tip.venue_id = $1 and tip.business_day = $2 and tip.kind = 'tip'
        and tip.status = 'posted' and sale.created_by <> sale.user_id
) as fact
group by staff_id
on conflict (staff_id, venue_id, business_day) do update set
    worked_minutes = excluded.worked_minutes, tasks_done = excluded.tasks_done,
    tasks_on_time = excluded.tasks_on_time, task_ack_ms_p50 = excluded.task_ack_ms_p50,
    sos_ack_ms_p50 = excluded.sos_ack_ms_p50, sales_minor = excluded.sales_minor,
    tips_minor = excluded.tips_minor, voids = excluded.voids;

-- name: forget_patrons
-- $1: venue. $2: first day of the month.
delete from patron_analytics where venue_id = $1 and period = $2;

-- name: forget_opted_out
-- Who does not want to be counted any more, or is gone.
delete from patron_analytics using users as patron
where patron.pseudonym = patron_analytics.user_pseudonym and (
    patron.deleted_at is not null
    or exists (
        select from user_preferences where user_id = patron.id and analytics_opt_out
    )
);

-- name: keep_patrons
-- A month of visits by patron, under pseudonyms; who opted out or was erased has no row.
-- $1: venue. $2: first day of the month. $3: now.
with visit as (
    select one.id, one.user_id, patron.pseudonym, one.duration_ms, one.total_minor
    from session_history as one
    join users as patron on patron.id = one.user_id and patron.deleted_at is null
    where one.venue_id = $1 and one.status = 'closed'
        and one.business_day >= $2 and one.business_day < $2::date + interval '1 month'
        and not exists (
            select from user_preferences
            where user_preferences.user_id = one.user_id and analytics_opt_out
        )
),
did as (
    select user_id, jsonb_object_agg(activity, minutes) as activities from (
        select visit.user_id, segment.activity, (sum(segment.active_ms) / 60000)::bigint as minutes
        from visit
        join session_segments as segment on segment.session_id = visit.id
        group by visit.user_id, segment.activity
    ) as activity
    group by user_id
),
began as (
    select user_id, to_char(min(business_day), 'YYYY-MM') as cohort
    from session_history
    where venue_id = $1 and status = 'closed' and user_id in (select user_id from visit)
    group by user_id
)
insert into patron_analytics (
    venue_id, user_pseudonym, period, visits, minutes, spend_minor, activities, cohort, updated_at
)
select
    $1, visit.pseudonym, $2, count(*), (sum(visit.duration_ms) / 60000)::bigint,
    sum(visit.total_minor)::bigint, coalesce(did.activities, '{}'), began.cohort, $3
from visit
join began using (user_id)
left join did using (user_id)
group by visit.pseudonym, did.activities, began.cohort;

-- name: keep_projection
-- What was forecast for a day, unless it was kept already. $1: id. $2: venue. $3: day. $4: what it
-- knows was kept then. $5: method. $6 to $8: low, mid, high.
insert into revenue_projections (
    id, venue_id, target_day, made_at, method, low_minor, mid_minor, high_minor
)
select $1, $2, $3, $4, $5, $6, $7, $8
where not exists (
    select from revenue_projections where venue_id = $2 and target_day = $3 and made_at = $4
);
