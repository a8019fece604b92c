-- What a person may know of a row without being shown the row: masks, flags and sums.
-- Views and functions here run as the owner, so each one carries its own rule.

-- Staff see a face and a name of whoever was at their venue; contact data is for management.
create view users_for_staff with (security_barrier) as
select
    id, display_name, avatar, photo, status, created_at,
    age_verified_at is not null as age_verified
from users
where caller_is_staff() and deleted_at is null and user_was_at(id, caller_venues());

-- Kind and dates of exclusions that hold at a venue of the caller, or everywhere.
create view exclusions_for_management with (security_barrier) as
select id, user_id, venue_id, kind, starts_at, ends_at, ended_at
from exclusions
where caller_is_management() and (venue_id is null or venue_id = any (caller_venues()));

-- Whether somebody is excluded at a venue at this moment; staff learn no more than that.
create function user_is_excluded(someone uuid, place uuid) returns boolean
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    return caller_is_staff() and place = any (caller_venues()) and exists (
        select from exclusions
        where user_id = someone and (venue_id is null or venue_id = place)
            and starts_at <= now() and (ends_at is null or ends_at > now()) and ended_at is null
    );

-- Where a patron was, for an incident only (Rule 6: kept 72 h, or with its incident).
create function incident_location_reports(incident uuid) returns setof location_reports
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select report.*
        from location_reports as report
        where report.incident_id = incident
            and caller_is_management() and report.venue_id = any (caller_venues());
    end;

-- Own tills; what should be in the drawer is hidden until it was counted (Rule 13).
create view tills_of_staff with (security_barrier) as
select
    id, venue_id, staff_id, shift_id, drawer, currency, status, opening_minor,
    case when status <> 'open' then expected_minor end as expected_minor,
    counted, counted_minor, variance_minor, signed_by, opened_at, ended_at, closed_at, version
from tills
where caller_is_staff() and staff_id = caller_id() and venue_id = any (caller_venues());

-- Who is on duty.
create view shifts_on_duty with (security_barrier) as
select id, venue_id, staff_id, display_name, status, started_at
from staff_shifts
where caller_is_staff() and venue_id = any (caller_venues()) and status in ('open', 'on_break');

-- Groups of patrons, none smaller than five.
create view patron_cohorts with (security_barrier) as
select
    venue_id, period, cohort,
    count(*) as patrons,
    sum(visits)::bigint as visits,
    sum(minutes)::bigint as minutes,
    sum(spend_minor)::bigint as spend_minor
from patron_analytics
where caller_is_management() and venue_id = any (caller_venues())
group by venue_id, period, cohort
having count(*) >= 5;

-- How far requests for export and erasure are, without what they hold.
create view erasure_progress with (security_barrier) as
select id, kind, status, requested_at, due_at, done_at
from erasure_jobs
where caller_is_owner();

-- How full a place is, without telling who is there: full from nine tenths of its capacity,
-- lively from four.
create function venue_busyness(place uuid) returns text
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select case
            when 10 * persons >= 9 * capacity then 'full'
            when 10 * persons >= 4 * capacity then 'lively'
            else 'quiet'
        end
        from venues, lateral (
            select coalesce(sum(party_size), 0)::bigint as persons
            from sessions
            where sessions.venue_id = venues.id and sessions.status not in ('closed', 'voided')
        ) as present
        where venues.id = place and caller_id() is not null;
    end;

-- When rooms are taken, without telling by whom.
create function rooms_taken(rooms uuid[], span tstzrange)
    returns table (room_id uuid, during tstzrange)
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select booked.room_id, booked.during
        from reservations as booked
        where booked.room_id = any (rooms) and booked.during && span
            and booked.status in ('confirmed', 'arrived') and caller_id() is not null
        order by booked.during;
    end;

-- What can't be made of what is on hand, without telling how much that is. An item without a
-- recipe is its own stock, and not counted while it has no level.
create function items_sold_out(items uuid[]) returns setof uuid
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select item.id
        from menu_items as item
        where item.id = any (items) and caller_id() is not null and (
            exists (
                select from jsonb_to_recordset(item.recipe)
                    as part (item_id uuid, amount_milli bigint)
                left join inventory_levels as level
                    on level.venue_id = item.venue_id and level.item_id = part.item_id
                where coalesce(level.on_hand_milli - level.reserved_milli, 0) < part.amount_milli
            )
            or item.recipe = '[]' and exists (
                select from inventory_levels as level
                where level.venue_id = item.venue_id and level.item_id = item.id
                    and level.on_hand_milli - level.reserved_milli < 1000
            )
        );
    end;

-- For owners of everything: what stands in their context.
create function every_venue_id() returns uuid[]
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select coalesce(array_agg(id order by id), '{}') from venues where caller_is_owner();
    end;

-- What lastlight_reader may touch at all. Never granted: auth_tokens, idempotency_keys,
-- event_outbox, actor_timers, patron_analytics, and the columns left out below.
grant select on
    user_roles, user_preferences, push_devices, age_verifications, user_limits, exclusions, venues,
    venue_settings, sessions, session_segments, session_history, location_reports, safety_logs,
    interventions, safety_checks, incidents, incident_events, broadcasts, reservations,
    karaoke_queue, transactions, credits, credit_grants, credit_holds, ledger_accounts,
    ledger_journals, ledger_postings, purchases, refunds, receipts, payments, payment_methods,
    disputes, credit_packages, tills, business_days, staff_shifts, staff_schedules, staff_tasks,
    staff_performance, shift_handovers, games, karaoke_rooms, menu_items, inventory_levels,
    stock_movements, daily_metrics, revenue_projections, sync_devices, notification_deliveries,
    audit_log, erasure_jobs, users_for_staff, exclusions_for_management, tills_of_staff,
    shifts_on_duty, patron_cohorts, erasure_progress
to lastlight_reader;
grant select (
    id, email, display_name, pseudonym, created_at, phone, birth_date, age_verified_at,
    email_verified_at, phone_verified_at, status, suspended_reason, role_grants, locale,
    terms_version, avatar, photo, emergency_contact, erased_at, deleted_at, version
) on users to lastlight_reader;
grant select (
    id, user_id, family_id, created_at, expires_at, rotated_at, device_id, ip, user_agent,
    venue_id, elevated_until, revoked_at, revoke_reason, version
) on sessions_auth to lastlight_reader;
grant select (
    event_id, type, object_id, created_at, received_at, status, tries, next_try_at, error, version
) on stripe_events to lastlight_reader;
grant select on runtime.flush to lastlight_reader;
