-- The tables of the replaced stack: names and columns are those of storage/postgres/schema.sql, so
-- that one count reads both stores. Columns that nothing here writes are left out, and so are
-- indexes that only other routes need: an index that is not there costs the peer nothing. What is
-- not a constraint of ours is said where it stands.

create table venues (
    id uuid primary key,
    name text not null,
    tz text not null,
    currency text not null,
    cutover_local time not null,
    lat double precision not null,
    lon double precision not null,
    radius_m bigint not null,
    capacity bigint not null,
    hours jsonb not null,
    status text not null check (status in ('open', 'closing', 'closed', 'suspended')),
    last_orders_at timestamptz,
    version bigint not null
);

create table venue_settings (
    id uuid primary key,
    venue_id uuid not null,
    key text not null,
    value jsonb not null,
    superseded_at timestamptz
);
create unique index on venue_settings (venue_id, key) where superseded_at is null;

-- Who is in: one row a venue, so that a venue is never over its capacity however many come at once.
-- Ours has a row for each person (runtime.floor_places) and one actor that counts them.
create table venue_floor (
    venue_id uuid primary key,
    seated bigint not null check (seated >= 0),
    capacity bigint not null,
    constraint venue_floor_capacity check (seated <= capacity)
) with (fillfactor = 50);

create table users (
    id uuid primary key,
    email text,
    display_name text,
    birth_date date,
    age_verified_at timestamptz,
    status text not null check (status in ('active', 'suspended', 'erased')),
    token_version bigint not null,
    deleted_at timestamptz,
    version bigint not null
);

create table exclusions (
    id uuid primary key,
    user_id uuid not null,
    venue_id uuid,
    kind text not null check (kind in ('cool_off', 'self_exclusion', 'venue_ban')),
    starts_at timestamptz not null,
    ends_at timestamptz,
    ended_at timestamptz
);
create index on exclusions (user_id) where ended_at is null;

create table user_limits (
    id uuid primary key,
    user_id uuid not null,
    kind text not null,
    period text not null,
    value bigint,
    effective_at timestamptz not null,
    pending_value bigint,
    pending_removal boolean not null,
    pending_effective_at timestamptz,
    confirmed_at timestamptz,
    superseded_at timestamptz
);
create index on user_limits (user_id) where superseded_at is null;

create table safety_holds (
    venue_id uuid not null,
    user_id uuid not null,
    level bigint not null,
    ends_at timestamptz,
    primary key (venue_id, user_id)
);

create table sessions (
    id uuid primary key,
    venue_id uuid not null,
    user_id uuid not null,
    display_name text not null,
    status text not null check (status in
        ('active', 'paused', 'auto_paused', 'cooling', 'closing', 'closed', 'voided')),
    activity text not null check (activity in
        ('lounge', 'arcade_time', 'arcade_play', 'table', 'karaoke_room')),
    zone text,
    station_id uuid,
    party_size bigint not null check (party_size > 0),
    business_day date not null,
    started_at timestamptz not null,
    status_since timestamptz not null,
    ended_at timestamptz,
    deadline_at timestamptz,
    safety_level bigint not null check (safety_level between 0 and 5),
    held_minor bigint not null check (held_minor >= 0),
    hold_id uuid,
    charged_minor bigint not null check (charged_minor >= 0),
    assisted boolean not null,
    table_name text,
    note text,
    meter jsonb,
    version bigint not null
);
create unique index sessions_user_id_key on sessions (user_id)
    where status in ('active', 'paused', 'auto_paused', 'cooling', 'closing');
create index on sessions (venue_id, status);

create table session_segments (
    id uuid primary key,
    session_id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    seq bigint not null,
    activity text not null,
    station_id uuid,
    rate_minor_per_h bigint not null check (rate_minor_per_h >= 0),
    mode text not null check (mode in ('continuous', 'block')),
    started_at timestamptz not null,
    ended_at timestamptz,
    active_ms bigint not null,
    business_day date not null,
    charge_minor bigint not null,
    version bigint not null,
    unique (session_id, seq)
);
create index on session_segments (venue_id, business_day, activity);

create table credits (
    user_id uuid not null,
    currency text not null,
    paid_minor bigint not null,
    bonus_minor bigint not null,
    held_minor bigint not null,
    receivable_minor bigint not null check (receivable_minor <= 0),
    ledger_seq bigint not null,
    frozen_at timestamptz,
    version bigint not null,
    primary key (user_id, currency),
    check (paid_minor >= 0 and bonus_minor >= 0 and held_minor >= 0)
) with (fillfactor = 80);

create table credit_grants (
    id uuid primary key,
    user_id uuid not null,
    venue_id uuid,
    source text not null check (source in ('paid', 'bonus')),
    currency text not null,
    amount_minor bigint not null,
    remaining_minor bigint not null,
    priority bigint not null,
    expires_at timestamptz,
    transaction_id uuid,
    created_at timestamptz not null,
    version bigint not null,
    check (remaining_minor >= 0 and remaining_minor <= amount_minor)
) with (fillfactor = 80);
-- Without the amount that is left in its predicate: a purchase stays a heap-only update.
create index on credit_grants (user_id, currency);

create table credit_holds (
    id uuid primary key,
    user_id uuid not null,
    venue_id uuid,
    purpose text not null,
    ref_id uuid,
    currency text not null,
    amount_minor bigint not null,
    captured_minor bigint not null,
    sources jsonb not null,
    status text not null check (status in ('open', 'captured', 'released', 'expired')),
    expires_at timestamptz,
    created_at timestamptz not null,
    version bigint not null,
    check (captured_minor >= 0 and captured_minor <= amount_minor)
);
create index on credit_holds (user_id) where status = 'open';

create table transactions (
    id uuid primary key,
    venue_id uuid not null,
    user_id uuid not null,
    kind text not null,
    status text not null check (status in ('pending', 'posted', 'voided')),
    tender text not null check (tender in ('credits', 'card', 'cash')),
    amount_minor bigint not null,
    tax_minor bigint not null,
    tip_minor bigint not null,
    currency text not null,
    business_day date,
    session_id uuid,
    note text,
    created_by uuid,
    occurred_at timestamptz not null,
    posted_at timestamptz,
    sources jsonb not null,
    version bigint not null
);
create index on transactions (user_id, id desc);
create index on transactions (venue_id, business_day, id desc);
create index on transactions (session_id, id desc) where session_id is not null;

create table purchases (
    id uuid primary key,
    transaction_id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    session_id uuid,
    line bigint not null,
    item_id uuid,
    name text not null,
    qty bigint not null check (qty > 0),
    unit_price_minor bigint not null,
    tax_rate_bp bigint not null,
    tax_minor bigint not null,
    total_minor bigint not null,
    standard_drinks_milli bigint not null,
    status text not null check (status in ('ordered', 'served', 'voided', 'refunded')),
    revenue_kind text not null,
    created_at timestamptz not null,
    version bigint not null
);
create index on purchases (transaction_id);
create index on purchases (session_id);
create index on purchases (venue_id, status);

-- Our journals are numbered and chained by hash, and our receipts numbered, when they are flushed,
-- a batch at a time. Here that is left to a later job, as it would put a venue's purchases in line.
create table receipts (
    id uuid primary key,
    venue_id uuid not null,
    transaction_id uuid,
    session_id uuid,
    user_id uuid not null,
    body jsonb not null,
    journal_id uuid,
    issued_at timestamptz not null
);
create index on receipts (transaction_id);
create index on receipts (user_id, issued_at desc);

create table ledger_journals (
    id uuid primary key,
    venue_id uuid not null,
    transaction_id uuid,
    business_day date not null,
    source text not null,
    posted_at timestamptz not null,
    unique (transaction_id, source)
);
create index on ledger_journals (venue_id, business_day);

-- An account's running balance is not kept in each posting: a venue's revenue would be one row that
-- all its purchases wait for.
create table ledger_postings (
    id uuid primary key,
    journal_id uuid not null,
    venue_id uuid not null,
    line bigint not null,
    account_code text not null,
    amount_minor bigint not null,
    currency text not null,
    grant_id uuid
);
create index on ledger_postings (account_code, id);
create index on ledger_postings (journal_id);

create table menu_items (
    id uuid primary key,
    venue_id uuid not null,
    sku text not null,
    name text not null,
    price_minor bigint not null check (price_minor >= 0),
    tax_rate_bp bigint not null,
    alcoholic boolean not null,
    volume_ml bigint,
    standard_drinks_milli bigint not null,
    hours jsonb,
    available boolean not null,
    retired_at timestamptz,
    version bigint not null,
    unique (venue_id, sku)
);

create table inventory_levels (
    venue_id uuid not null,
    item_id uuid not null,
    on_hand_milli bigint not null,
    reserved_milli bigint not null,
    reorder_milli bigint not null,
    unit text not null,
    low_since timestamptz,
    version bigint not null,
    primary key (venue_id, item_id),
    constraint inventory_levels_check check (on_hand_milli >= reserved_milli and reserved_milli >= 0)
) with (fillfactor = 50);

create table stock_movements (
    id uuid primary key,
    venue_id uuid not null,
    item_id uuid not null,
    kind text not null check (kind in ('receive', 'sale', 'return', 'waste', 'count', 'transfer')),
    delta_milli bigint not null,
    after_milli bigint not null check (after_milli >= 0),
    ref_id uuid,
    by_user uuid,
    at timestamptz not null,
    unique (ref_id, item_id, kind)
);
create index on stock_movements (item_id, at);

create table idempotency_keys (
    user_id uuid not null,
    method text not null,
    route text not null,
    key text not null,
    fingerprint bytea not null,
    status text not null check (status in ('in_progress', 'done')),
    http_status bigint,
    response jsonb,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (user_id, method, route, key)
);
create index on idempotency_keys (expires_at);

-- One row an event, whatever the number of its rooms; ours has one a room, each with its own count.
create table event_outbox (
    seq bigint generated always as identity primary key,
    id uuid not null,
    rooms text[] not null,
    type text not null,
    venue_id uuid,
    payload jsonb not null,
    occurred_at timestamptz not null,
    event_version bigint not null
);
create index on event_outbox (occurred_at);
