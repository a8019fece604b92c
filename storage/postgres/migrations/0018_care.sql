-- Care for patrons: who is told next of a case, who is served no more, who has seen a broadcast.

alter table interventions
    add column tier bigint not null default 0,
    add column task_id uuid,
    add column due_at timestamptz;
-- A case is loaded with its session, closed or not.
drop index interventions_session_id_idx;
create index interventions_session_id_idx on interventions (session_id);

alter table broadcasts add column acked_by jsonb not null default '[]';

-- A person whom a venue serves no alcohol and lets in no more (Rule 7).
create table runtime.safety_holds (
    venue_id uuid not null,
    user_id uuid not null,
    session_id uuid,
    intervention_id uuid,
    level bigint not null,
    since timestamptz not null,
    ends_at timestamptz,
    version bigint not null,
    primary key (venue_id, user_id),
    check (level between 1 and 5),
    check (version > 0)
);
grant select, insert, update, delete on runtime.safety_holds to lastlight_writer;

-- The lists, newest first.
create index safety_logs_venue_id_id_idx on safety_logs (venue_id, id desc);
create index incidents_venue_id_id_idx on incidents (venue_id, id desc);
