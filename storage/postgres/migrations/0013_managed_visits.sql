-- What staff may say of a visit, how long a seat is booked, and what time was spent.
alter table sessions add column table_name text;
alter table runtime.floor_places add column booked_until timestamptz;

-- Time of visits that are over, by person and business day: own limits of time count it (Rule 7).
create table runtime.time_used (
    user_id uuid not null,
    business_day date not null,
    active_ms bigint not null,
    version bigint not null,
    primary key (user_id, business_day),
    check (active_ms >= 0),
    check (version > 0)
);
grant select, insert, update, delete on runtime.time_used to lastlight_writer;

-- Lists of visits, newest first.
create index sessions_venue_id_id_idx on sessions (venue_id, id desc);
create index session_history_venue_id_id_idx on session_history (venue_id, id desc);
create index session_history_user_id_id_idx on session_history (user_id, id desc);
