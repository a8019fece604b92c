-- Shifts, plans, tasks and figures of those who work.

-- name: shifts
-- Shifts at venue $1, newest first, before $3, at most $2. $4: with a status, $5: only open ones.
select *
from staff_shifts
where venue_id = $1 and ($3::uuid is null or id < $3)
    and ($4::text is null or status = $4) and (not $5 or status in ('open', 'on_break'))
order by id desc
limit $2;

-- name: shifts_of_person
-- One person's shifts at any of $1, newest first, before $2, at most $3. $4: with a status,
-- $5: only open ones, $6: the person.
select *
from staff_shifts
where staff_id = $6 and venue_id = any ($1::uuid[]) and ($2::uuid is null or id < $2)
    and ($4::text is null or status = $4) and (not $5 or status in ('open', 'on_break'))
order by id desc
limit $3;

-- name: shifts_on_duty
-- Who is on duty at $1, newest first, before $2, at most $3: no breaks, no minutes. $4: with a
-- status, $5: one person.
select id, venue_id, staff_id, display_name, status, started_at
from shifts_on_duty
where venue_id = any ($1::uuid[]) and ($2::uuid is null or id < $2)
    and ($4::text is null or status = $4) and ($5::uuid is null or staff_id = $5)
order by id desc
limit $3;

-- name: schedule
-- The plan of week $2 at venue $1 in order of time; $3: drafts too.
select *
from staff_schedules
where venue_id = $1 and week = $2 and deleted_at is null
    and (status = 'published' or ($3 and status = 'draft'))
order by starts_at, id;

-- name: schedule_version
-- The ETag of week $2 at venue $1.
select schedule_version($1, $2);

-- name: week_now
-- The Monday of the trading day that $2 is in at venue $1.
select date_trunc('week', $2 at time zone tz - cutover_local::interval)::date
from venues
where id = $1;

-- name: tasks
-- Tasks at venue $1, newest first, before $3, at most $2. $4: status, $5: assignee, $6: priority,
-- $7: kind.
select *
from staff_tasks
where venue_id = $1 and ($3::uuid is null or id < $3)
    and ($4::text is null or status = $4) and ($5::uuid is null or assignee_id = $5)
    and ($6::text is null or priority = $6) and ($7::text is null or kind = $7)
order by id desc
limit $2;

-- name: tasks_for_staff
-- As tasks, those of $8 and those that nobody has yet, each by their index.
select *
from (
    (
        select *
        from staff_tasks
        where assignee_id = $8 and venue_id = $1 and ($3::uuid is null or id < $3)
            and ($4::text is null or status = $4) and ($5::uuid is null or assignee_id = $5)
            and ($6::text is null or priority = $6) and ($7::text is null or kind = $7)
        order by id desc
        limit $2
    )
    union all
    (
        select *
        from staff_tasks
        where assignee_id is null and venue_id = $1 and ($3::uuid is null or id < $3)
            and ($4::text is null or status = $4) and $5::uuid is null
            and ($6::text is null or priority = $6) and ($7::text is null or kind = $7)
        order by id desc
        limit $2
    )
) as task
order by id desc
limit $2;

-- name: knows_staff
-- Whether somebody $1 works or worked at one of $2, as far as the caller may know.
select exists (select from staff_shifts where staff_id = $1 and venue_id = any ($2::uuid[]))
    or exists (
        select from user_roles
        where user_id = $1 and venue_id = any ($2::uuid[]) and role <> 'patron'
    );

-- name: weeks_began
-- The Monday with which the last $3 trading weeks of venues $1 begin, that of $2 included, and when
-- it begins where it does first.
select first.monday as week, (first.monday + cutover_local) at time zone tz as starts_at
from venues,
    lateral (
        select date_trunc('week', $2::timestamptz at time zone tz - cutover_local::interval)::date
            - 7 * ($3::int - 1) as monday
    ) as first
where id = any ($1::uuid[])
order by starts_at
limit 1;

-- name: figures
-- Somebody's work at $2 since $3, by week; the row without a week is the whole. $1: the person.
select * from staff_figures($1, $2::uuid[], $3) order by week;

-- name: caller_venues
-- The venues that the question is about.
select caller_venues();
