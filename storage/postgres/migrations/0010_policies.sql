-- Row-level security, rule by rule (Rule 15). Whoever asks without context sees no rows.
--
-- Persons only ever read, as lastlight_reader; what they change goes through actors and is written
-- by lastlight_writer. Policies for owner and writer are `using (true)`: FORCE binds them as well.

do $$
declare
    table_name text;
begin
    for table_name in select relname from pg_class
        where relnamespace = 'public'::regnamespace and relkind = 'r' order by relname
    loop
        execute format('alter table %I enable row level security', table_name);
        execute format('alter table %I force row level security', table_name);
        execute format(
            'create policy node on %I to lastlight_owner, lastlight_writer'
            ' using (true) with check (true)', table_name
        );
    end loop;
end
$$;

-- Questions a rule asks about rows that the caller may not see. They run as the owner.

create function user_was_at(someone uuid, venues uuid[]) returns boolean
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    return exists (select from sessions where user_id = someone and venue_id = any (venues))
        or exists (select from session_history where user_id = someone and venue_id = any (venues))
        or exists (select from reservations where user_id = someone and venue_id = any (venues))
        or exists (
            select from user_roles
            where user_id = someone and venue_id = any (venues) and revoked_at is null
        );

create function venue_takes_patrons(place uuid) returns boolean
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    return exists (
        select from venues where id = place and deleted_at is null and status <> 'suspended'
    );

create function business_day_is_open(place uuid, day date) returns boolean
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    return exists (
        select from business_days
        where venue_id = place and business_day = day and status = 'open'
    );

create function took_part(someone uuid, incident uuid) returns boolean
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    return exists (
        select from incident_events where incident_id = incident and by_user = someone
    );

-- What a person may read of their own, whatever the role.
do $$
declare
    table_name text;
begin
    foreach table_name in array array[
        'sessions_auth', 'user_preferences', 'push_devices', 'age_verifications', 'user_limits',
        'exclusions', 'user_roles', 'sessions', 'session_segments', 'session_history',
        'location_reports', 'safety_checks', 'reservations', 'karaoke_queue', 'transactions',
        'credits', 'credit_grants', 'credit_holds', 'purchases', 'refunds', 'receipts', 'payments',
        'payment_methods', 'sync_devices', 'notification_deliveries', 'erasure_jobs'
    ] loop
        execute format(
            'create policy own on %I for select to lastlight_reader'
            ' using (user_id = (select caller_id()))', table_name
        );
    end loop;

    -- What staff and up read of their venues.
    foreach table_name in array array[
        'age_verifications', 'sessions', 'session_segments', 'session_history', 'interventions',
        'safety_checks', 'broadcasts', 'reservations', 'karaoke_queue', 'purchases', 'receipts',
        'credit_packages', 'shift_handovers', 'games', 'karaoke_rooms', 'menu_items',
        'inventory_levels', 'stock_movements'
    ] loop
        execute format(
            'create policy staff on %I for select to lastlight_reader using ('
            '(select caller_is_staff()) and venue_id = any ((select caller_venues())::uuid[]))',
            table_name
        );
    end loop;

    -- What management and owner read of their venues.
    foreach table_name in array array[
        'venue_settings', 'safety_logs', 'incidents', 'transactions', 'credit_grants',
        'credit_holds', 'refunds', 'payments', 'tills', 'business_days', 'staff_shifts',
        'staff_schedules', 'staff_tasks', 'staff_performance', 'daily_metrics'
    ] loop
        execute format(
            'create policy management on %I for select to lastlight_reader using ('
            '(select caller_is_management())'
            ' and venue_id = any ((select caller_venues())::uuid[]))', table_name
        );
    end loop;

    -- What only owners read of their venues.
    foreach table_name in array array[
        'user_roles', 'ledger_accounts', 'ledger_journals', 'ledger_postings', 'disputes',
        'revenue_projections', 'audit_log'
    ] loop
        execute format(
            'create policy owner on %I for select to lastlight_reader using ('
            '(select caller_is_owner()) and venue_id = any ((select caller_venues())::uuid[]))',
            table_name
        );
    end loop;

    -- What anyone signed in reads of venues that are open to patrons.
    foreach table_name in array array['games', 'karaoke_rooms', 'menu_items', 'credit_packages']
    loop
        execute format(
            'create policy patrons on %I for select to lastlight_reader using ('
            '(select caller_id()) is not null and retired_at is null'
            ' and venue_takes_patrons(venue_id))', table_name
        );
    end loop;
end
$$;

-- Rules of one table each.

create policy own on users for select to lastlight_reader
    using (id = (select caller_id()));
create policy management on users for select to lastlight_reader
    using (
        (select caller_is_management()) and user_was_at(id, (select caller_venues()))
    );

create policy management on user_roles for select to lastlight_reader
    using (
        (select caller_is_management())
        and role = 'staff' and venue_id = any ((select caller_venues())::uuid[])
    );

create policy patrons on venues for select to lastlight_reader
    using ((select caller_id()) is not null and deleted_at is null and status <> 'suspended');
create policy staff on venues for select to lastlight_reader
    using ((select caller_is_staff()) and id = any ((select caller_venues())::uuid[]));

-- Patrons see own verifications only, never what was observed about them.
create policy own on safety_logs for select to lastlight_reader
    using (user_id = (select caller_id()) and kind = 'verification');
create policy staff on safety_logs for select to lastlight_reader
    using (
        (select caller_is_staff()) and by_user = (select caller_id())
        and venue_id = any ((select caller_venues())::uuid[])
    );

create policy staff on incidents for select to lastlight_reader
    using (
        (select caller_is_staff()) and venue_id = any ((select caller_venues())::uuid[])
        and (
            status not in ('resolved', 'false_alarm')
            or (select caller_id()) in (raised_by, owner_id)
            or took_part((select caller_id()), id)
        )
    );
create policy incidents on incident_events for select to lastlight_reader
    using (exists (select from incidents where incidents.id = incident_id));

create policy present on broadcasts for select to lastlight_reader
    using (
        audience = 'everyone'
        and exists (
            select from sessions
            where sessions.venue_id = broadcasts.venue_id
                and sessions.user_id = (select caller_id())
                and sessions.status not in ('closed', 'voided')
        )
    );

-- Staff see what they took themselves, while its day is open.
create policy staff on transactions for select to lastlight_reader
    using (
        (select caller_is_staff()) and created_by = (select caller_id())
        and venue_id = any ((select caller_venues())::uuid[])
        and (business_day is null or business_day_is_open(venue_id, business_day))
    );

create policy management on credits for select to lastlight_reader
    using (
        (select caller_is_management()) and user_was_at(user_id, (select caller_venues()))
    );

create policy staff on refunds for select to lastlight_reader
    using (
        (select caller_is_staff()) and requested_by = (select caller_id())
        and venue_id = any ((select caller_venues())::uuid[])
    );

create policy owner on stripe_events for select to lastlight_reader
    using ((select caller_is_owner()));

create policy own on staff_shifts for select to lastlight_reader
    using (staff_id = (select caller_id()));
create policy staff on staff_schedules for select to lastlight_reader
    using (
        (select caller_is_staff()) and status = 'published' and deleted_at is null
        and venue_id = any ((select caller_venues())::uuid[])
    );
create policy staff on staff_tasks for select to lastlight_reader
    using (
        (select caller_is_staff()) and venue_id = any ((select caller_venues())::uuid[])
        and (assignee_id is null or assignee_id = (select caller_id()))
    );
create policy own on staff_performance for select to lastlight_reader
    using (staff_id = (select caller_id()));

create policy management on notification_deliveries for select to lastlight_reader
    using (
        (select caller_is_management())
        and exists (
            select from incidents
            where incidents.id = incident_id
                and incidents.venue_id = any ((select caller_venues())::uuid[])
        )
    );

create policy platform on audit_log for select to lastlight_reader
    using (
        (select caller_is_owner()) and venue_id is null and actor_id = (select caller_id())
    );
