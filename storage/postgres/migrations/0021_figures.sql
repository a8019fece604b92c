-- What a trading day comes to: money from the ledger, presence from visits, as of a moment that is
-- given. One function tells it, for a day that is open and for the job that keeps the figures of
-- closed days.

create index users_pseudonym_idx on users (pseudonym);
create index session_history_venue_id_started_at_idx on session_history (venue_id, started_at);

-- When a trading day begins and ends: as the venue opened it, else by its clock (Rule 5).
create function day_bounds(place uuid, day date)
    returns table (starts_at timestamptz, ends_at timestamptz)
    language sql stable
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select
            coalesce(known.starts_at, (day + venue.cutover_local) at time zone venue.tz),
            coalesce(known.ends_at, (day + 1 + venue.cutover_local) at time zone venue.tz)
        from venues as venue
        left join business_days as known
            on known.venue_id = venue.id and known.business_day = day
        where venue.id = place;
    end;

-- The visits that began on a trading day, open ones until $3, with their persons.
create function visits_of_day(place uuid, day date, asked timestamptz)
    returns table (user_id uuid, persons bigint, started_at timestamptz, ended_at timestamptz)
    language sql stable
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select user_id, coalesce((summary ->> 'party_size')::bigint, 1), started_at, ended_at
        from session_history
        where venue_id = place and status = 'closed' and business_day = day
        union all
        select user_id, party_size, started_at, coalesce(ended_at, asked)
        from sessions
        where venue_id = place and business_day = day and status not in ('closed', 'voided');
    end;

-- Who was there during a trading day: visits over a cutover are part of both days.
create function presence_of_day(place uuid, day date, asked timestamptz)
    returns table (persons bigint, since timestamptz, until timestamptz)
    language sql stable
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select
            visit.persons,
            greatest(visit.started_at, bounds.starts_at),
            least(visit.ended_at, bounds.ends_at)
        from day_bounds(place, day) as bounds,
            lateral (
                select coalesce((summary ->> 'party_size')::bigint, 1) as persons,
                    started_at, ended_at
                from session_history
                where venue_id = place and status = 'closed' and started_at < bounds.ends_at
                    and started_at > bounds.starts_at - interval '2 days'
                    and ended_at > bounds.starts_at
                union all
                select party_size, started_at, coalesce(ended_at, asked)
                from sessions
                where venue_id = place and status not in ('closed', 'voided')
                    and started_at < bounds.ends_at
                    and coalesce(ended_at, asked) > bounds.starts_at
            ) as visit;
    end;

-- Every figure of a trading day. A dimension is empty for the total; values are integers: minor
-- units, persons, minutes, or how many.
create function sums_of_day(place uuid, day date, asked timestamptz)
    returns table (metric text, dimension text, value bigint)
    language sql stable
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        with
        -- What was earned, taxed and tipped, line by line.
        line as (
            select
                split_part(posting.account_code, ':', 3) as account,
                split_part(posting.account_code, ':', 4) as sort,
                posting.amount_minor,
                to_char(journal.posted_at at time zone venue.tz, 'HH24') as hour,
                deal.tender, deal.session_id,
                deal.kind is not distinct from 'refund' as refund,
                deal.kind is not distinct from 'usage' as usage
            from ledger_journals as journal
            join venues as venue on venue.id = journal.venue_id
            join ledger_postings as posting on posting.journal_id = journal.id
            left join transactions as deal on deal.id = journal.transaction_id
            where journal.venue_id = place and journal.business_day = day
                and split_part(posting.account_code, ':', 3) in ('revenue', 'tax', 'tips')
        ),
        sale as (
            select amount_minor, hour, tender, usage, session_id
            from line where account in ('revenue', 'tax') and not refund
        ),
        -- Each visit's time is split by activity as its segments of that day cost; what can't be
        -- split evenly is the dearest activity's.
        booked as (
            select session_id, sum(amount_minor)::bigint as minor
            from sale where usage group by session_id
        ),
        cost as (
            select booked.session_id, booked.minor, coalesce(segment.activity, 'other') as activity,
                coalesce(sum(segment.charge_minor), 0)::bigint as minor_of
            from booked
            left join session_segments as segment on segment.session_id = booked.session_id
                and (segment.business_day = day or not exists (
                    select from session_segments as one
                    where one.session_id = booked.session_id and one.business_day = day
                ))
            group by booked.session_id, booked.minor, segment.activity
        ),
        ranked as (
            select session_id, minor, activity, minor_of,
                sum(minor_of) over (partition by session_id) as whole,
                row_number() over (
                    partition by session_id order by minor_of desc, activity
                ) as rank
            from cost
        ),
        part as (
            select session_id, minor, activity, rank,
                case when rank > 1 then (minor * minor_of / greatest(whole, 1))::bigint else 0 end
                    as minor_of
            from ranked
        ),
        split as (
            select activity, case rank
                when 1 then minor - sum(minor_of) over (partition by session_id)
                else minor_of
            end as minor_of
            from part
        ),
        sold as (
            select coalesce(purchase.item_id, purchase.game_id) as thing, purchase.game_id,
                purchase.qty, purchase.total_minor
            from transactions as deal
            join purchases as purchase on purchase.transaction_id = deal.id
            where deal.venue_id = place and deal.business_day = day and deal.kind = 'purchase'
                and deal.status = 'posted' and purchase.status <> 'voided'
        ),
        segment as (
            select activity, station_id, active_ms
            from session_segments
            where venue_id = place and business_day = day and not exists (
                select from session_history
                where session_history.id = session_segments.session_id
                    and session_history.status = 'voided'
            )
        ),
        visit as (select * from visits_of_day(place, day, asked)),
        there as (select * from presence_of_day(place, day, asked)),
        step as (
            select sum(persons) over (order by at, persons) as present from (
                select since as at, persons from there
                union all
                select until, -persons from there
            ) as moves
        ),
        -- Where clocks are set back, a quarter of an hour comes twice: the fuller one counts.
        slot as (
            select to_char(moment.at at time zone venue.tz, 'HH24:MI') as slot, (
                select coalesce(sum(there.persons), 0)::bigint from there
                where there.since <= moment.at and moment.at < there.until
            ) as present
            from venues as venue, day_bounds(place, day) as bounds,
                generate_series(bounds.starts_at, bounds.ends_at - interval '1 second',
                    interval '15 minutes') as moment (at)
            where venue.id = place and moment.at <= asked
        )
        select 'gross_minor', '', coalesce(sum(amount_minor), 0)::bigint from sale
        union all
        select 'refunds_minor', '', coalesce(-sum(amount_minor), 0)::bigint
        from line where account in ('revenue', 'tax') and refund
        union all
        select 'tax_minor', '', coalesce(sum(amount_minor), 0)::bigint
        from line where account = 'tax'
        union all
        select 'net_minor', '', coalesce(sum(amount_minor), 0)::bigint
        from line where account = 'revenue'
        union all
        select 'tips_minor', '', coalesce(sum(amount_minor), 0)::bigint
        from line where account = 'tips'
        union all
        select 'net_by_kind', sort, sum(amount_minor)::bigint
        from line where account = 'revenue' group by sort
        union all
        select 'gross_by_hour', hour, sum(amount_minor)::bigint from sale group by hour
        union all
        select 'gross_by_tender', coalesce(tender, 'none'), sum(amount_minor)::bigint
        from sale group by tender
        union all
        select 'gross_by_activity', activity, sum(minor_of)::bigint from split group by activity
        union all
        select 'gross_by_activity', 'orders', sum(amount_minor)::bigint
        from sale where not usage having count(*) > 0
        union all
        select 'gross_by_item', thing::text, sum(total_minor)::bigint from sold group by thing
        union all
        select 'sold_by_item', thing::text, sum(qty)::bigint from sold group by thing
        union all
        select 'plays_by_game', game_id::text, sum(qty)::bigint
        from sold where game_id is not null group by game_id
        union all
        select 'minutes_by_activity', activity, (sum(active_ms) / 60000)::bigint
        from segment group by activity
        union all
        select 'minutes_by_station', station_id::text, (sum(active_ms) / 60000)::bigint
        from segment where station_id is not null group by station_id
        union all
        select 'visits', '', count(*) from visit
        union all
        select 'patrons', '', count(distinct user_id) from visit
        union all
        select 'peak_persons', '', coalesce(max(present), 0)::bigint from step
        union all
        select 'persons_by_slot', slot, max(present) from slot group by slot
        union all
        select 'visits_by_dwell', case
            when ended_at - started_at < interval '30 minutes' then '000-030'
            when ended_at - started_at < interval '60 minutes' then '030-060'
            when ended_at - started_at < interval '120 minutes' then '060-120'
            when ended_at - started_at < interval '240 minutes' then '120-240'
            else '240-'
        end, count(*)
        from visit group by 2;
    end;

-- The same for management, who don't read the ledger line by line.
create function sums_of_day_for_caller(place uuid, day date, asked timestamptz)
    returns table (metric text, dimension text, value bigint)
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select figure.metric, figure.dimension, figure.value
        from sums_of_day(place, day, asked) as figure
        where caller_is_management() and place = any (caller_venues());
    end;
grant execute on function sums_of_day_for_caller(uuid, date, timestamptz) to lastlight_reader;

-- Patrons who may be counted: not those who asked to be left out since, nor those who are gone.
create view countable_patrons as
select one.*
from patron_analytics as one
where not exists (
    select from users as patron
    left join user_preferences as wish on wish.user_id = patron.id
    where patron.pseudonym = one.user_pseudonym
        and (patron.deleted_at is not null or coalesce(wish.analytics_opt_out, false))
);

-- Groups of them, as they were shown before.
drop view patron_cohorts;
create view patron_cohorts with (security_barrier) as
select
    venue_id, period, cohort,
    count(*) as patrons,
    sum(visits)::bigint as visits,
    sum(minutes)::bigint as minutes,
    sum(spend_minor)::bigint as spend_minor
from countable_patrons
where caller_is_management() and venue_id = any (caller_venues())
group by venue_id, period, cohort
having count(*) >= 5;

-- Groups of five patrons and more by what they spend at a visit, and what they do.
create view patron_spend_bands with (security_barrier) as
select venue_id, period, band, count(*) as patrons, sum(visits)::bigint as visits
from countable_patrons, lateral (
    select case
        when spend_minor < 1000 * visits then '0-1000'
        when spend_minor < 3000 * visits then '1000-3000'
        when spend_minor < 6000 * visits then '3000-6000'
        else '6000-'
    end as band
) as spent
where caller_is_management() and venue_id = any (caller_venues())
group by venue_id, period, band
having count(*) >= 5;

create view patron_activities with (security_barrier) as
select venue_id, period, activity, count(*) as patrons, sum(minutes_at)::bigint as minutes
from countable_patrons, lateral (
    select key as activity, value::bigint as minutes_at from jsonb_each_text(activities)
) as did
where caller_is_management() and venue_id = any (caller_venues())
group by venue_id, period, activity
having count(*) >= 5;

-- Who came again: of the patrons of a period, those with more than one visit, or seen before.
create view patron_returns with (security_barrier) as
select
    venue_id, period, count(*) as patrons,
    count(*) filter (where visits > 1 or cohort < to_char(period, 'YYYY-MM')) as returned
from countable_patrons
where caller_is_management() and venue_id = any (caller_venues())
group by venue_id, period
having count(*) >= 5;

grant select on patron_cohorts, patron_spend_bands, patron_activities, patron_returns
to lastlight_reader;
