-- People: limits told once, exclusions that outlive accounts, who may be looked up, and erasure.

alter table user_limits
    add column warned_on date,
    add column blocked_on date;

-- Known by a salted digest of the address alone; the platform holds them all (Rule 16).
create table runtime.kept_exclusions (
    id uuid not null,
    identity_hash bytea not null,
    kind text not null check (kind in ('cool_off', 'self_exclusion', 'venue_ban')),
    venue_id uuid,
    starts_at timestamptz not null,
    ends_at timestamptz,
    version bigint not null,
    primary key (id),
    check (version > 0)
);
grant select, insert, update, delete on runtime.kept_exclusions to lastlight_writer;

create index safety_logs_user_id_idx on safety_logs (user_id) where user_id is not null;
create index incidents_raised_by_idx on incidents (raised_by);
create index session_segments_user_id_idx on session_segments (user_id);
create index erasure_jobs_user_id_idx on erasure_jobs (user_id, id desc);

-- A self-exclusion holds until it was ended, which is asked for in person (Rule 7).
create or replace function user_is_excluded(someone uuid, place uuid) returns boolean
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    return caller_is_staff() and place = any (caller_venues()) and exists (
        select from exclusions
        where user_id = someone and (venue_id is null or venue_id = place)
            and starts_at <= now() and (ended_at is null or ended_at > now())
            and (ends_at is null or ends_at > now() or kind = 'self_exclusion')
    );

-- Who has a name with these characters in it, for management also who has this address; of those
-- who were at a venue of the caller. Newest first, after an id. The index narrows before rows are
-- looked at, which no policy would let it do.
create function people_found(wanted text, after uuid, most bigint) returns setof uuid
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        with alike as materialized (
            select id from users
            where trigrams(display_name) @> trigrams(wanted) and deleted_at is null
                and position(lower(wanted) in lower(display_name)) > 0
            union
            select id from users
            where lower(email) = lower(wanted) and deleted_at is null and caller_is_management()
        )
        select alike.id
        from alike
        where caller_is_staff() and (after is null or alike.id < after)
            and user_was_at(alike.id, caller_venues())
        order by alike.id desc
        limit most;
    end;

-- People as the caller may see them: contact data is for management, whoever was never at a venue
-- of the caller is not there (Rule 15).
create function people_seen(someones uuid[])
    returns table (
        id uuid, display_name text, avatar text, photo text, status text, created_at timestamptz,
        age_verified boolean, excluded boolean, roles text[],
        session_id uuid, session_venue_id uuid, session_status text, safety_level bigint,
        started_at timestamptz,
        email text, email_verified boolean, phone text, birth_date date, emergency_contact jsonb,
        version bigint
    )
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select
            one.id, one.display_name, one.avatar, one.photo, one.status, one.created_at,
            one.age_verified_at is not null,
            exists (
                select from exclusions
                where exclusions.user_id = one.id
                    and (venue_id is null or venue_id = any (caller_venues()))
                    and starts_at <= now() and (ended_at is null or ended_at > now())
                    and (ends_at is null or ends_at > now() or kind = 'self_exclusion')
            ),
            array(
                select distinct user_roles.role from user_roles
                where user_roles.user_id = one.id and revoked_at is null
                    and venue_id = any (caller_venues())
                order by user_roles.role
            ),
            visit.id, visit.venue_id, visit.status, visit.safety_level, visit.started_at,
            case when caller_is_management() then one.email end,
            case when caller_is_management() then one.email_verified_at is not null end,
            case when caller_is_management() then one.phone end,
            case when caller_is_management() then one.birth_date end,
            case when caller_is_management() then one.emergency_contact end,
            one.version
        from users as one
        left join lateral (
            select sessions.* from sessions
            where sessions.user_id = one.id and sessions.venue_id = any (caller_venues())
                and sessions.status in ('active', 'paused', 'auto_paused', 'cooling', 'closing')
            limit 1
        ) as visit on true
        where one.id = any (someones) and one.deleted_at is null and caller_is_staff()
            and user_was_at(one.id, caller_venues())
        order by one.id desc;
    end;

-- What no actor holds of an erased person (Rule 16). Hashed rows keep the digests of their text, so
-- the chains still verify; money rows keep the id, behind which nobody stands any more.
create function scrub_person(someone uuid, as_whom uuid) returns void
    language sql volatile security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        update safety_logs set notes = null, notes_salt = null
            where user_id = someone and notes is not null;
        update audit_log set before = null, after = null, detail_salt = null
            where object_type = 'user' and object_id = someone::text and detail_salt is not null;
        update incident_events set detail = null, detail_salt = null
            where detail_salt is not null and incident_id in (
                select incidents.id from incidents
                where raised_by = someone and closed_at is not null
            );
        update incidents
            set raised_by_name = null, note = null, lat = null, lon = null, accuracy_m = null
            where raised_by = someone and closed_at is not null;
        update interventions set notes = null where user_id = someone and closed_at is not null;
        update session_history set user_id = as_whom where user_id = someone;
        update session_segments set user_id = as_whom where user_id = someone;
        update sessions_auth set ip = null, user_agent = null, device_id = null
            where user_id = someone;
        update transactions set note = null where user_id = someone and note is not null;
        delete from location_reports where user_id = someone;
        delete from age_verifications where user_id = someone;
        delete from user_preferences where user_id = someone;
        delete from push_devices where user_id = someone;
        delete from auth_tokens where user_id = someone;
        delete from sync_devices where user_id = someone;
        delete from notification_deliveries where user_id = someone;
        delete from patron_analytics where user_pseudonym = as_whom;
        delete from event_outbox where room = 'user:' || someone;
    end;
revoke execute on function scrub_person(uuid, uuid) from public;
grant execute on function scrub_person(uuid, uuid) to lastlight_writer;
