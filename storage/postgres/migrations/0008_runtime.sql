-- Schema runtime: what the node keeps for itself. Records among it stand in
-- protocol.records.runtime; a test compares both directions.

-- Who signs in with an e-mail address; the identity actor's one row.
create table runtime.identities (
    id uuid not null,
    email text not null,
    user_id uuid not null,
    version bigint not null,
    primary key (id),
    constraint identities_email_key
        unique (email)
        deferrable initially deferred,
    constraint identities_user_id_key
        unique (user_id)
        deferrable initially deferred,
    check (version > 0)
);

-- A seat on the venue's floor: what the venue knows of a session without asking it.
create table runtime.floor_places (
    session_id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    display_name text not null,
    party_size bigint not null,
    activity text not null
        check (activity in (
            'lounge', 'arcade_time', 'arcade_play', 'table', 'karaoke_room'
        )),
    status text not null
        check (status in (
            'active', 'paused', 'auto_paused', 'cooling', 'closing', 'closed',
            'voided'
        )),
    zone text,
    station_id uuid,
    safety_level bigint not null,
    started_at timestamptz not null,
    last_fix_at timestamptz,
    charged_minor bigint not null,
    version bigint not null,
    primary key (session_id),
    check (version > 0)
);
create index floor_places_venue_id_idx on runtime.floor_places (venue_id);

-- The account's one open session, over all venues (Rule 2).
create table runtime.open_visits (
    user_id uuid not null,
    session_id uuid not null,
    venue_id uuid not null,
    hold_id uuid not null,
    opened_at timestamptz not null,
    version bigint not null,
    primary key (user_id),
    check (version > 0)
);

-- Someone on duty, as the venue knows it: who is alerted first (Rule 8).
create table runtime.duty_places (
    staff_id uuid not null,
    venue_id uuid not null,
    shift_id uuid not null,
    display_name text not null,
    on_break boolean not null,
    since timestamptz not null,
    version bigint not null,
    primary key (staff_id),
    check (version > 0)
);
create index duty_places_venue_id_idx on runtime.duty_places (venue_id);

-- A cash drawer with an open till, which the venue gives out (Rule 13).
create table runtime.drawers_in_use (
    till_id uuid not null,
    venue_id uuid not null,
    drawer text not null,
    staff_id uuid not null,
    version bigint not null,
    primary key (till_id),
    constraint drawers_in_use_venue_id_drawer_key
        unique (venue_id, drawer)
        deferrable initially deferred,
    check (version > 0)
);

-- A message whose decision raised. payload is the message as msgpack.
create table runtime.dead_letters (
    message_id uuid not null,
    actor_type text not null
        check (actor_type in (
            'venue', 'session', 'staff', 'account', 'identity', 'platform',
            'outside'
        )),
    actor_id uuid not null,
    command text not null,
    error text not null,
    payload bytea not null,
    replayable boolean not null,
    at timestamptz not null,
    primary key (message_id)
);

-- How far a journal was flushed. Moved by compare-and-set in the flush's own transaction.
create table runtime.flush (
    journal_id uuid primary key,
    position bigint not null check (position >= 0),
    updated_at timestamptz not null
);
-- One database, one journal: two nodes that start at once must not both find it empty.
create unique index flush_one_idx on runtime.flush ((true));

-- Messages that were sent and not yet handled, beyond the journal's truncation.
create table runtime.pending_sends (
    id uuid primary key,
    position bigint not null,
    payload bytea not null
);
create index pending_sends_position_idx on runtime.pending_sends (position);

-- Rows that the database refused, with the entry they came in, so that nothing is lost silently.
create table runtime.refused_rows (
    id bigint generated always as identity primary key,
    journal_id uuid not null,
    position bigint not null,
    table_name text not null,
    row_key text not null,
    actor text not null,
    entry bytea not null,
    error text not null,
    refused_at timestamptz not null
);
create index refused_rows_position_idx on runtime.refused_rows (journal_id, position);

-- The last seq given in each room; the outbox itself forgets after 72 h.
create table runtime.room_cursors (
    room text primary key,
    seq bigint not null check (seq > 0)
);

-- Where each chain of gapless numbers and hashes stands; the platform's venue is the zero UUID.
create table runtime.chain_heads (
    venue_id uuid not null,
    chain text not null,
    seq bigint not null check (seq >= 0),
    hash bytea,
    primary key (venue_id, chain)
);

-- Background jobs of the node: when each ran, and what it needs to go on.
create table runtime.jobs (
    name text primary key,
    started_at timestamptz,
    finished_at timestamptz,
    state jsonb not null default '{}'
);
