-- Bookings: what is held for them, how long is cleaned after them, and where they are moving.
alter table reservations add column cleaning_minutes bigint not null default 0;
alter table reservations alter column cleaning_minutes drop default;
alter table reservations add column deposit_minor bigint not null default 0;
alter table reservations alter column deposit_minor drop default;
alter table reservations add column pending jsonb;
alter table reservations add check (cleaning_minutes >= 0 and deposit_minor >= 0);

-- Lists of bookings, newest first.
create index reservations_venue_id_id_idx on reservations (venue_id, id desc);
create index reservations_user_id_id_idx on reservations (user_id, id desc);

-- Tonight's singers of a venue, which it loads.
create index karaoke_queue_venue_id_added_at_idx on karaoke_queue (venue_id, added_at);

-- Who played a machine last and when: a fault gives the play back (Rule 4).
create table runtime.recent_plays (
    game_id uuid not null,
    user_id uuid not null,
    venue_id uuid not null,
    played_at timestamptz not null,
    version bigint not null,
    primary key (game_id, user_id),
    check (version > 0)
);
create index recent_plays_venue_id_idx on runtime.recent_plays (venue_id, played_at);
grant select, insert, update, delete on runtime.recent_plays to lastlight_writer;
