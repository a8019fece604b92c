-- When jobs are planned, how they stand, and what lets them forget what is older than its time.

alter table runtime.jobs
    add column next_at timestamptz,
    add column kept_at timestamptz,
    add column runs bigint not null default 0,
    add column failures bigint not null default 0,
    add column error text;
-- The only job there was kept no times; it begins anew.
delete from runtime.jobs;
alter table runtime.jobs alter column next_at set not null;

-- Dead messages that an operator wants to have sent again: insert the id, and within a minute the
-- node does it and says here what became of it.
create table runtime.replays (
    message_id uuid primary key,
    asked_at timestamptz not null default now(),
    done_at timestamptz,
    result text
);
grant select, insert, update, delete on runtime.replays to lastlight_writer;

create index location_reports_received_at_idx on location_reports (received_at)
    where incident_id is null;
create index actor_timers_fired_at_idx on actor_timers (fired_at) where fired_at is not null;

-- The node may add to these tables and not take away; what is past its time goes by these alone.
create function forget_location_reports(before timestamptz, most integer) returns bigint
    language sql volatile security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        with gone as (
            delete from location_reports where id in (
                select old.id from location_reports as old
                where old.received_at < before and old.incident_id is null limit most
            ) returning 1
        )
        select count(*) from gone;
    end;
create function forget_age_verifications(before timestamptz, most integer) returns bigint
    language sql volatile security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        with gone as (
            delete from age_verifications where id in (
                select old.id from age_verifications as old where old.at < before limit most
            ) returning 1
        )
        select count(*) from gone;
    end;
create function forget_exclusions(before timestamptz, most integer) returns bigint
    language sql volatile security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        with gone as (
            delete from exclusions where id in (
                select old.id from exclusions as old
                where old.ended_at < before and (old.ends_at is null or old.ends_at < before)
                limit most
            ) returning 1
        )
        select count(*) from gone;
    end;
create function forget_session_history(before timestamptz, most integer) returns bigint
    language sql volatile security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        with gone as (
            delete from session_history where id in (
                select old.id from session_history as old where old.ended_at < before limit most
            ) returning 1
        )
        select count(*) from gone;
    end;
revoke execute on function forget_location_reports(timestamptz, integer) from public;
revoke execute on function forget_age_verifications(timestamptz, integer) from public;
revoke execute on function forget_exclusions(timestamptz, integer) from public;
revoke execute on function forget_session_history(timestamptz, integer) from public;
grant execute on function forget_location_reports(timestamptz, integer) to lastlight_writer;
grant execute on function forget_age_verifications(timestamptz, integer) to lastlight_writer;
grant execute on function forget_exclusions(timestamptz, integer) to lastlight_writer;
grant execute on function forget_session_history(timestamptz, integer) to lastlight_writer;
