-- Analytics and Platform.
-- Columns are those of protocol.records; a test compares both directions.

-- One figure; dimension is empty for the total, value an integer in the metric's unit.
create table daily_metrics (
    venue_id uuid not null,
    business_day date not null,
    metric text not null,
    dimension text not null,
    value bigint not null,
    computed_at timestamptz not null,
    ledger_seq bigint,
    primary key (venue_id, business_day, metric, dimension)
);

-- A forecast, and later what came true.
create table revenue_projections (
    id uuid not null,
    venue_id uuid not null,
    target_day date not null,
    made_at timestamptz not null,
    method text not null,
    low_minor bigint not null,
    mid_minor bigint not null,
    high_minor bigint not null,
    actual_minor bigint,
    primary key (id),
    constraint revenue_projections_venue_id_target_day_made_at_key
        unique (venue_id, target_day, made_at)
        deferrable initially deferred
);

-- Behaviour of one pseudonymous patron in a month, period its first day.
create table patron_analytics (
    venue_id uuid not null,
    user_pseudonym uuid not null,
    period date not null,
    visits bigint not null,
    minutes bigint not null,
    spend_minor bigint not null,
    activities jsonb not null,
    cohort text not null,
    updated_at timestamptz not null,
    primary key (venue_id, user_pseudonym, period)
);
create index patron_analytics_venue_id_cohort_idx on patron_analytics (venue_id, cohort);

-- The first answer to a keyed request, kept 7 days by the addressed actor (Rule 12).
create table idempotency_keys (
    actor_type text not null
        check (actor_type in (
            'venue', 'session', 'staff', 'account', 'identity', 'platform',
            'outside'
        )),
    actor_id uuid not null,
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
    version bigint not null,
    primary key (actor_type, actor_id, user_id, method, route, key),
    check (version > 0)
);
create index idempotency_keys_expires_at_idx on idempotency_keys (expires_at);

-- An offline queue's last sequence (Rule 12).
create table sync_devices (
    user_id uuid not null,
    device_id text not null,
    last_seq bigint not null,
    clock_skew_ms bigint not null,
    updated_at timestamptz not null,
    version bigint not null,
    primary key (user_id, device_id),
    check (version > 0)
);

-- A durable event in one room, written with its cause; one row per room (Rule 17).
create table event_outbox (
    id uuid not null,
    room text not null,
    seq bigint not null,
    type text not null,
    venue_id uuid,
    payload jsonb not null,
    occurred_at timestamptz not null,
    event_version bigint not null,
    hide_from uuid,
    primary key (room, seq),
    check (seq > 0)
);

-- One attempt to reach somebody by push, SMS, voice or mail.
create table notification_deliveries (
    id uuid not null,
    user_id uuid not null,
    event_id uuid not null,
    incident_id uuid,
    channel text not null,
    status text not null,
    tries bigint not null,
    next_try_at timestamptz,
    sent_at timestamptz,
    delivered_at timestamptz,
    acked_at timestamptz,
    error text,
    version bigint not null,
    primary key (id),
    check (version > 0)
);
create index notification_deliveries_incident_id_idx on notification_deliveries (incident_id);
create index notification_deliveries_status_next_try_at_idx
    on notification_deliveries (status, next_try_at);

-- A deadline that survives a restart. name is unique within its actor.
create table actor_timers (
    actor_type text not null
        check (actor_type in (
            'venue', 'session', 'staff', 'account', 'identity', 'platform',
            'outside'
        )),
    actor_id uuid not null,
    name text not null,
    venue_id uuid,
    due_at timestamptz not null,
    payload jsonb not null,
    fired_at timestamptz,
    version bigint not null,
    primary key (actor_type, actor_id, name),
    check (version > 0)
);
create index actor_timers_due_at_idx on actor_timers (due_at) where fired_at is null;

-- Who did what. seq is gapless per venue; rows without one form the platform's chain.
create table audit_log (
    id uuid not null,
    seq bigint,
    venue_id uuid,
    at timestamptz not null,
    actor_id uuid,
    role text not null,
    action text not null,
    object_type text not null,
    object_id text not null,
    before jsonb,
    after jsonb,
    detail_salt bytea,
    detail_digest bytea,
    request_id uuid,
    ip text,
    prev_hash bytea,
    hash bytea,
    primary key (id),
    constraint audit_log_venue_id_seq_key exclude using btree (
        coalesce(venue_id, '00000000-0000-0000-0000-000000000000') with =, seq with =
    ) deferrable initially deferred
);
create index audit_log_object_type_object_id_idx on audit_log (object_type, object_id);
create index audit_log_actor_id_at_idx on audit_log (actor_id, at);

-- An export or erasure under way; kept says what stays and why (Rule 16).
create table erasure_jobs (
    id uuid not null,
    user_id uuid not null,
    kind text not null check (kind in ('export', 'erase')),
    status text not null,
    requested_at timestamptz not null,
    due_at timestamptz not null,
    done_at timestamptz,
    kept jsonb,
    file_ref text,
    version bigint not null,
    primary key (id),
    check (version > 0)
);
create index erasure_jobs_status_due_at_idx on erasure_jobs (status, due_at);
