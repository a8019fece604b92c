-- Venue Operations: places, visits, safety, bookings.
-- Columns are those of protocol.records; a test compares both directions.

-- A place: time zone (IANA), fence, currency (frozen after the first journal), hours.
create table venues (
    id uuid not null,
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
    status_reason text,
    last_orders_at timestamptz,
    address text,
    tax_id text,
    created_at timestamptz not null,
    deleted_at timestamptz,
    version bigint not null,
    primary key (id),
    check (lat between -90 and 90),
    check (lon between -180 and 180),
    check (radius_m between 50 and 2000),
    check (capacity > 0),
    check (cutover_local <= '12:00'),
    check (version > 0)
);
create index venues_status_idx on venues (status);

-- One typed setting with its effective time. value holds it under the name value.
create table venue_settings (
    id uuid not null,
    venue_id uuid not null,
    key text not null,
    value jsonb not null,
    effective_at timestamptz not null,
    set_by uuid,
    superseded_at timestamptz,
    version bigint not null,
    primary key (id),
    constraint venue_settings_venue_id_key_key exclude using btree (
        venue_id with =, key with =
    ) where (superseded_at is null) deferrable initially deferred,
    check (version > 0)
);

-- A visit that is not over. One open per user over all venues (Rule 2).
create table sessions (
    id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    display_name text not null,
    status text not null
        check (status in (
            'active', 'paused', 'auto_paused', 'cooling', 'closing', 'closed',
            'voided'
        )),
    activity text not null
        check (activity in (
            'lounge', 'arcade_time', 'arcade_play', 'table', 'karaoke_room'
        )),
    zone text,
    station_id uuid,
    party_size bigint not null,
    business_day date not null,
    started_at timestamptz not null,
    status_since timestamptz not null,
    ended_at timestamptz,
    cause text,
    paused_ms bigint not null,
    pauses_used bigint not null,
    safety_level bigint not null,
    held_minor bigint not null,
    hold_id uuid,
    charged_minor bigint not null,
    reservation_id uuid,
    assisted boolean not null,
    note text,
    geofence jsonb,
    meter jsonb,
    deadline_at timestamptz,
    version bigint not null,
    primary key (id),
    constraint sessions_user_id_key exclude using btree (
        user_id with =
    ) where (status in ('active', 'paused', 'auto_paused', 'cooling', 'closing'))
    deferrable initially deferred,
    check (safety_level between 0 and 5),
    check (party_size > 0),
    check (paused_ms >= 0),
    check (held_minor >= 0),
    check (charged_minor >= 0),
    check (version > 0)
);
create index sessions_venue_id_status_idx on sessions (venue_id, status);
create index sessions_deadline_at_idx on sessions (deadline_at);

-- A metered interval [started_at, ended_at) with its rate frozen at the start (Rule 3).
create table session_segments (
    id uuid not null,
    session_id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    seq bigint not null,
    activity text not null
        check (activity in (
            'lounge', 'arcade_time', 'arcade_play', 'table', 'karaoke_room'
        )),
    station_id uuid,
    rate_minor_per_h bigint not null,
    mode text not null check (mode in ('continuous', 'block')),
    started_at timestamptz not null,
    ended_at timestamptz,
    active_ms bigint not null,
    business_day date not null,
    charge_minor bigint not null,
    version bigint not null,
    primary key (id),
    constraint session_segments_session_id_seq_key
        unique (session_id, seq)
        deferrable initially deferred,
    check (ended_at is null or ended_at >= started_at),
    check (rate_minor_per_h >= 0),
    check (active_ms >= 0),
    check (charge_minor >= 0),
    check (version > 0)
);
create index session_segments_venue_id_business_day_activity_idx
    on session_segments (venue_id, business_day, activity);

-- A closed or voided visit. cause is null for a voided one.
create table session_history (
    id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    status text not null
        check (status in (
            'active', 'paused', 'auto_paused', 'cooling', 'closing', 'closed',
            'voided'
        )),
    business_day date not null,
    started_at timestamptz not null,
    ended_at timestamptz not null,
    duration_ms bigint not null,
    billable_ms bigint not null,
    time_charge_minor bigint not null,
    total_minor bigint not null,
    cause text check (cause in ('patron', 'staff', 'forced', 'auto', 'cutover', 'exclusion')),
    receipt_id uuid,
    summary jsonb not null,
    primary key (id),
    check (status in ('closed', 'voided')),
    check (ended_at >= started_at)
);
create index session_history_user_id_ended_at_idx on session_history (user_id, ended_at desc);
create index session_history_venue_id_business_day_idx on session_history (venue_id, business_day);

-- A fix used for a geofence decision; kept 72 h (Rule 6). Degrees and metres.
create table location_reports (
    id uuid not null,
    session_id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    lat double precision not null,
    lon double precision not null,
    accuracy_m double precision not null,
    distance_m double precision not null,
    fix_at timestamptz not null,
    received_at timestamptz not null,
    verdict text not null,
    incident_id uuid,
    primary key (id)
);
create index location_reports_session_id_fix_at_idx on location_reports (session_id, fix_at);

-- One line of the compliance register. seq is gapless per venue, from 1.
create table safety_logs (
    id uuid not null,
    venue_id uuid not null,
    seq bigint,
    session_id uuid,
    user_id uuid,
    kind text not null,
    level bigint not null,
    signs text[] not null,
    notes text,
    notes_salt bytea,
    notes_digest bytea,
    by_user uuid,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    prev_hash bytea,
    hash bytea,
    primary key (id),
    constraint safety_logs_venue_id_seq_key
        unique (venue_id, seq)
        deferrable initially deferred,
    check (level between 0 and 5)
);
create index safety_logs_session_id_idx on safety_logs (session_id);
create index safety_logs_venue_id_kind_occurred_at_idx on safety_logs (venue_id, kind, occurred_at);

-- A safety case on a session. Levels 1 to 5 (Rule 7); ack_by is its deadline.
create table interventions (
    id uuid not null,
    venue_id uuid not null,
    session_id uuid not null,
    user_id uuid not null,
    level bigint not null,
    status text not null check (status in ('open', 'acknowledged', 'escalated', 'closed')),
    source text not null check (source in ('system', 'staff', 'patron')),
    rule text,
    measures text[] not null,
    reason text,
    ack_by timestamptz,
    acknowledged_by uuid,
    acknowledged_at timestamptz,
    outcome text
        check (outcome in (
            'fine', 'water_food', 'refused_service', 'ride_arranged',
            'left_escorted', 'medical', 'escalate'
        )),
    notes text,
    opened_by uuid,
    opened_at timestamptz not null,
    closed_at timestamptz,
    version bigint not null,
    primary key (id),
    check (level between 1 and 5),
    check (version > 0)
);
create index interventions_session_id_idx on interventions (session_id) where status <> 'closed';
create index interventions_venue_id_opened_at_idx on interventions (venue_id, opened_at);

-- A prompt to a patron and its answer; none within 3 min raises the level (Rule 7).
create table safety_checks (
    id uuid not null,
    session_id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    kind text not null check (kind in ('wellbeing', 'reaction', 'break_reminder')),
    sent_at timestamptz not null,
    answer_by timestamptz not null,
    answered_at timestamptz,
    response text check (response in ('ok', 'help', 'leave')),
    score bigint,
    version bigint not null,
    primary key (id),
    check (version > 0)
);
create index safety_checks_session_id_sent_at_idx on safety_checks (session_id, sent_at);
create index safety_checks_answer_by_idx on safety_checks (answer_by) where answered_at is null;

-- An SOS or a call for help (Rule 8). owner_id is who acknowledged first.
create table incidents (
    id uuid not null,
    venue_id uuid not null,
    kind text not null check (kind in ('sos', 'help')),
    severity text not null check (severity in ('medium', 'high', 'critical')),
    status text not null
        check (status in (
            'raised', 'notifying', 'acknowledged', 'on_scene', 'exhausted',
            'resolved', 'false_alarm'
        )),
    raised_by uuid not null,
    raised_by_name text,
    session_id uuid,
    owner_id uuid,
    owner_name text,
    silent boolean not null,
    zone text,
    note text,
    lat double precision,
    lon double precision,
    accuracy_m double precision,
    raised_at timestamptz not null,
    last_press_at timestamptz not null,
    repeats bigint not null,
    acked_at timestamptz,
    on_scene_at timestamptz,
    closed_at timestamptz,
    closed_by uuid,
    outcome text,
    tier bigint not null,
    next_tier bigint,
    next_tier_at timestamptz,
    late boolean not null,
    version bigint not null,
    primary key (id),
    check (tier between 0 and 3),
    check (version > 0)
);
create index incidents_venue_id_status_idx on incidents (venue_id, status);
create index incidents_next_tier_at_idx on incidents (next_tier_at)
    where status in ('notifying', 'exhausted', 'acknowledged');

-- One line of an incident's timeline, every alert sent and received among them.
create table incident_events (
    id uuid not null,
    incident_id uuid not null,
    venue_id uuid not null,
    seq bigint not null,
    kind text not null,
    by_user uuid,
    channel text,
    target text,
    detail jsonb,
    detail_salt bytea,
    detail_digest bytea,
    at timestamptz not null,
    prev_hash bytea,
    hash bytea,
    primary key (id),
    constraint incident_events_incident_id_seq_key
        unique (incident_id, seq)
        deferrable initially deferred
);

-- An emergency broadcast; sent and acked count receipts.
create table broadcasts (
    id uuid not null,
    venue_id uuid not null,
    kind text not null check (kind in ('evacuate', 'shelter', 'medical', 'all_clear', 'info')),
    message text not null,
    audience text not null check (audience in ('staff', 'everyone')),
    by_user uuid not null,
    at timestamptz not null,
    sent bigint not null,
    acked bigint not null,
    version bigint not null,
    primary key (id),
    check (version > 0)
);
create index broadcasts_venue_id_at_idx on broadcasts (venue_id, at desc);

-- A room at a time, or a place in line. during includes the cleaning time (Rule 14).
create table reservations (
    id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    kind text not null check (kind in ('slot', 'waitlist')),
    room_id uuid,
    during tstzrange not null,
    party_size bigint not null,
    status text not null
        check (status in (
            'requested', 'confirmed', 'arrived', 'completed', 'cancelled',
            'no_show', 'expired'
        )),
    hold_id uuid,
    place bigint,
    created_at timestamptz not null,
    version bigint not null,
    primary key (id),
    constraint reservations_no_overlap exclude using gist (
        uuidrange(room_id, room_id, '[]') with &&, during with &&
    ) where (room_id is not null and status in ('confirmed', 'arrived'))
    deferrable initially deferred,
    check (not isempty(during)),
    check (party_size > 0),
    check (room_id is not null or kind = 'waitlist' or status not in ('confirmed', 'arrived')),
    check (version > 0)
);
create index reservations_user_id_idx on reservations (user_id);
create index reservations_venue_id_during_idx on reservations (venue_id, lower(during));

-- A singer's place tonight: fewest turns taken, then earliest added (Rule 14).
create table karaoke_queue (
    id uuid not null,
    venue_id uuid not null,
    room_id uuid not null,
    session_id uuid,
    user_id uuid not null,
    song text not null,
    turn bigint not null,
    taken bigint not null,
    status text not null check (status in ('waiting', 'next', 'singing', 'done', 'skipped')),
    added_at timestamptz not null,
    show_name boolean not null,
    version bigint not null,
    primary key (id),
    constraint karaoke_queue_room_id_key exclude using btree (
        room_id with =
    ) where (status = 'next') deferrable initially deferred,
    check (taken >= 0),
    check (version > 0)
);
create index karaoke_queue_room_id_status_idx on karaoke_queue (room_id, status);
