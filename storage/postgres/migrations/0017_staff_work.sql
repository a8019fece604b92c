-- Staff work: the version of a week's plan, who is planned where, figures, and lists.

-- How often the plan of a week was changed: its ETag is one more, for a week without a row has 1.
create table runtime.schedule_weeks (
    venue_id uuid not null,
    week date not null,
    ends_at timestamptz not null,
    version bigint not null,
    primary key (venue_id, week),
    check (version > 0)
);
grant select, insert, update, delete on runtime.schedule_weeks to lastlight_writer;

-- Published shifts of everybody at every venue, so that nobody is planned at two at once.
create table runtime.shift_claims (
    schedule_id uuid not null,
    venue_id uuid not null,
    week date not null,
    staff_id uuid not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    version bigint not null,
    primary key (schedule_id),
    check (ends_at > starts_at),
    check (version > 0)
);
create index shift_claims_ends_at_idx on runtime.shift_claims (ends_at);
grant select, insert, update, delete on runtime.shift_claims to lastlight_writer;

-- Plans that were published before there were claims.
insert into runtime.shift_claims
select id, venue_id, week, staff_id, starts_at, ends_at, 1
from staff_schedules
where status = 'published' and deleted_at is null and staff_id is not null;

-- The ETag of a week's plan, for those who work there.
create function schedule_version(place uuid, monday date) returns bigint
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    return coalesce(
        (
            select version + 1 from runtime.schedule_weeks
            where venue_id = place and week = monday
                and caller_is_staff() and place = any (caller_venues())
        ),
        1
    );

-- Lists, newest first.
create index staff_shifts_venue_id_id_idx on staff_shifts (venue_id, id desc);
create index staff_shifts_staff_id_id_idx on staff_shifts (staff_id, id desc);
create index staff_shifts_on_duty_idx on staff_shifts (venue_id, id desc)
    where status in ('open', 'on_break');
create index staff_tasks_venue_id_id_idx on staff_tasks (venue_id, id desc);
create index staff_tasks_assignee_id_id_idx on staff_tasks (assignee_id, id desc);

-- What somebody did, for their figures.
create index transactions_created_by_idx on transactions (created_by, occurred_at)
    where created_by is not null;
create index incidents_owner_id_idx on incidents (owner_id, acked_at) where owner_id is not null;

-- What is expected in a till that ended uncounted is still hidden: the count is blind (Rule 13).
create or replace view tills_of_staff with (security_barrier) as
select
    id, venue_id, staff_id, shift_id, drawer, currency, status, opening_minor,
    case when counted_minor is not null then expected_minor end as expected_minor,
    counted, counted_minor, variance_minor, signed_by, opened_at, ended_at, closed_at, version
from tills
where caller_is_staff() and staff_id = caller_id() and venue_id = any (caller_venues());

-- Somebody's work at some venues since a moment, by week; the row without a week is the whole.
-- For the person, and for management of each venue. Staff may not see closed days' takings row by
-- row, but the sums of their own they may.
create function staff_figures(someone uuid, asked uuid[], since timestamptz)
    returns table (
        week date, worked_minutes bigint, tasks_done bigint, tasks_on_time bigint,
        task_seconds_p50 bigint, sos_seconds_p50 bigint,
        sales_minor bigint, tips_minor bigint, voids bigint
    )
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        with places as (
            select id, tz, cutover_local
            from public.venues
            where id = any (asked) and id = any (caller_venues())
                and (caller_is_management() or (caller_is_staff() and someone = caller_id()))
        ),
        facts as (
            select
                places.id as venue_id, shift.started_at as at,
                shift.worked_ms as worked_ms, null::boolean as on_time,
                null::bigint as task_ms, null::bigint as sos_ms,
                null::bigint as sale_minor, null::bigint as tip_minor, null::boolean as voided
            from staff_shifts as shift
            join places on places.id = shift.venue_id
            where shift.staff_id = someone and shift.started_at >= since
            union all
            select
                places.id, task.done_at, null::bigint as worked_ms,
                task.due_at is null or task.done_at <= task.due_at as on_time,
                (extract(epoch from task.accepted_at - task.created_at) * 1000)::bigint as task_ms,
                null::bigint as sos_ms, null::bigint as sale_minor, null::bigint as tip_minor,
                null::boolean as voided
            from staff_tasks as task
            join places on places.id = task.venue_id
            where task.assignee_id = someone and task.status = 'done' and task.done_at >= since
            union all
            select
                places.id, incident.acked_at, null::bigint as worked_ms, null::boolean as on_time,
                null::bigint as task_ms,
                (extract(epoch from incident.acked_at - incident.raised_at) * 1000)::bigint
                    as sos_ms,
                null::bigint as sale_minor, null::bigint as tip_minor, null::boolean as voided
            from incidents as incident
            join places on places.id = incident.venue_id
            where incident.owner_id = someone and incident.acked_at >= since
            union all
            select
                places.id, sale.occurred_at, null::bigint as worked_ms, null::boolean as on_time,
                null::bigint as task_ms, null::bigint as sos_ms,
                case when sale.kind in ('purchase', 'topup') and sale.status = 'posted'
                    then sale.amount_minor end as sale_minor,
                case when sale.status = 'posted' then sale.tip_minor end as tip_minor,
                sale.status = 'voided' as voided
            from transactions as sale
            join places on places.id = sale.venue_id
            where sale.created_by = someone and sale.user_id <> someone
                and sale.occurred_at >= since
            union all
            select
                places.id, tip.occurred_at, null::bigint as worked_ms, null::boolean as on_time,
                null::bigint as task_ms, null::bigint as sos_ms, null::bigint as sale_minor,
                tip.amount_minor, null::boolean as voided
            from transactions as sale
            join transactions as tip on tip.about_id = sale.id
            join places on places.id = sale.venue_id
            where sale.created_by = someone and sale.user_id <> someone
                and sale.occurred_at >= since
                and tip.kind = 'tip' and tip.status = 'posted'
        )
        select
            date_trunc(
                'week', facts.at at time zone places.tz - places.cutover_local::interval
            )::date as week,
            coalesce(sum(facts.worked_ms), 0)::bigint / 60000 as worked_minutes,
            count(*) filter (where facts.on_time is not null) as tasks_done,
            count(*) filter (where facts.on_time) as tasks_on_time,
            (percentile_disc(0.5) within group (order by facts.task_ms))::bigint / 1000
                as task_seconds_p50,
            (percentile_disc(0.5) within group (order by facts.sos_ms))::bigint / 1000
                as sos_seconds_p50,
            coalesce(sum(facts.sale_minor), 0)::bigint as sales_minor,
            coalesce(sum(facts.tip_minor), 0)::bigint as tips_minor,
            count(*) filter (where facts.voided) as voids
        from facts
        join places on places.id = facts.venue_id
        group by grouping sets ((1), ());
    end;
