-- Views of rooms (Rule 17): what their events came to, so that old events can be forgotten.

-- The fold of all events of a room up to seq. The order of members counts, so it is no jsonb.
create table runtime.room_snapshots (
    room text primary key,
    seq bigint not null check (seq > 0),
    view json not null,
    kept_at timestamptz not null
);
grant select, insert, update, delete on runtime.room_snapshots to lastlight_writer;

create index event_outbox_occurred_at_idx on event_outbox (occurred_at);

-- Events from before a moment are forgotten, at most so many at once; never one that its room's
-- view does not hold yet. Tells how many they were.
create function forget_events(before timestamptz, most integer) returns bigint
    language sql volatile security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        with old as materialized (
            select event.room, event.seq from event_outbox as event
            join runtime.room_snapshots as kept on kept.room = event.room
            where event.occurred_at < before and event.seq <= kept.seq
            limit most
        ),
        forgotten as (
            delete from event_outbox using old
            where event_outbox.room = old.room and event_outbox.seq = old.seq
            returning 1
        )
        select count(*) from forgotten;
    end;
revoke execute on function forget_events(timestamptz, integer) from public;
grant execute on function forget_events(timestamptz, integer) to lastlight_writer;

-- As before, and the view of an erased person's own room goes too.
drop function scrub_person(uuid, uuid);
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
        -- Whoever keeps a view holds the cursor meanwhile: they are done now, or read no events.
        update runtime.room_cursors set seq = seq where room = 'user:' || someone;
        delete from runtime.room_snapshots where room = 'user:' || someone;
    end;
revoke execute on function scrub_person(uuid, uuid) from public;
grant execute on function scrub_person(uuid, uuid) to lastlight_writer;
