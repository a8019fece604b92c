create table runtime.migrations (
    number integer not null,
    name text not null,
    sha256 text not null,
    applied_at timestamp with time zone default date_trunc('milliseconds'::text, clock_timestamp()) not null,
    constraint migrations_pkey PRIMARY KEY (number)
);

create type public.uuidrange as range (subtype = uuid);

CREATE OR REPLACE FUNCTION public.trigrams(value text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN (SELECT COALESCE(array_agg(DISTINCT substr(lower(trigrams.value), n.n, 3)), '{}'::text[]) AS "coalesce" FROM generate_series(1, (length(trigrams.value) - 2)) n(n));

CREATE OR REPLACE FUNCTION public.caller_id()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid;

CREATE OR REPLACE FUNCTION public.caller_role()
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN NULLIF(current_setting('app.role'::text, true), ''::text);

CREATE OR REPLACE FUNCTION public.caller_venues()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN COALESCE((string_to_array(NULLIF(btrim(current_setting('app.venue_ids'::text, true), '{} '::text), ''::text), ','::text))::uuid[], '{}'::uuid[]);

CREATE OR REPLACE FUNCTION public.caller_is_staff()
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN COALESCE((public.caller_role() = ANY (ARRAY['staff'::text, 'management'::text, 'owner'::text])), false);

CREATE OR REPLACE FUNCTION public.caller_is_management()
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN COALESCE((public.caller_role() = ANY (ARRAY['management'::text, 'owner'::text])), false);

CREATE OR REPLACE FUNCTION public.caller_is_owner()
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN COALESCE((public.caller_role() = 'owner'::text), false);

create table public.users (
    id uuid not null,
    email text,
    password_hash text,
    display_name text,
    pseudonym uuid not null,
    created_at timestamp with time zone not null,
    phone text,
    birth_date date,
    age_verified_at timestamp with time zone,
    email_verified_at timestamp with time zone,
    phone_verified_at timestamp with time zone,
    status text not null,
    suspended_reason text,
    token_version bigint not null,
    role_grants jsonb not null,
    pin_hash text,
    duress_pin_hash text,
    failed_logins jsonb not null,
    locale text,
    terms_version text,
    avatar text,
    photo text,
    emergency_contact jsonb,
    provider_customer_id text,
    erased_at timestamp with time zone,
    deleted_at timestamp with time zone,
    version bigint not null,
    constraint users_pkey PRIMARY KEY (id),
    constraint users_email_key EXCLUDE USING btree (lower(email) WITH =) WHERE ((deleted_at IS NULL)) DEFERRABLE INITIALLY DEFERRED,
    constraint users_check CHECK (((deleted_at IS NOT NULL) OR (email IS NOT NULL))),
    constraint users_status_check CHECK ((status = ANY (ARRAY['active'::text, 'suspended'::text, 'erased'::text]))),
    constraint users_version_check CHECK ((version > 0))
);

CREATE INDEX users_name_search ON public.users USING gin (public.trigrams(display_name));

CREATE INDEX users_pseudonym_idx ON public.users USING btree (pseudonym);

CREATE INDEX users_status_idx ON public.users USING btree (status);

create table public.user_roles (
    id uuid not null,
    user_id uuid not null,
    venue_id uuid,
    role text not null,
    granted_by uuid,
    granted_at timestamp with time zone not null,
    revoked_at timestamp with time zone,
    revoked_by uuid,
    version bigint not null,
    constraint user_roles_pkey PRIMARY KEY (id),
    constraint user_roles_user_id_venue_id_role_key EXCLUDE USING btree (user_id WITH =, COALESCE(venue_id, '00000000-0000-0000-0000-000000000000'::uuid) WITH =, role WITH =) WHERE ((revoked_at IS NULL)) DEFERRABLE INITIALLY DEFERRED,
    constraint user_roles_check CHECK (((venue_id IS NOT NULL) OR (role = 'owner'::text))),
    constraint user_roles_role_check CHECK ((role = ANY (ARRAY['patron'::text, 'staff'::text, 'management'::text, 'owner'::text]))),
    constraint user_roles_version_check CHECK ((version > 0))
);

CREATE INDEX user_roles_venue_id_role_idx ON public.user_roles USING btree (venue_id, role);

create table public.sessions_auth (
    id uuid not null,
    user_id uuid not null,
    family_id uuid not null,
    token_hash bytea not null,
    generation bigint not null,
    created_at timestamp with time zone not null,
    expires_at timestamp with time zone not null,
    prev_token_hash bytea,
    rotated_at timestamp with time zone,
    device_id text,
    ip text,
    user_agent text,
    venue_id uuid,
    elevated_until timestamp with time zone,
    revoked_at timestamp with time zone,
    revoke_reason text,
    version bigint not null,
    constraint sessions_auth_pkey PRIMARY KEY (id),
    constraint sessions_auth_token_hash_key UNIQUE (token_hash) DEFERRABLE INITIALLY DEFERRED,
    constraint sessions_auth_version_check CHECK ((version > 0))
);

CREATE INDEX sessions_auth_expires_at_idx ON public.sessions_auth USING btree (expires_at);

CREATE INDEX sessions_auth_prev_token_hash_idx ON public.sessions_auth USING btree (prev_token_hash);

CREATE INDEX sessions_auth_user_id_idx ON public.sessions_auth USING btree (user_id);

create table public.user_preferences (
    user_id uuid not null,
    locale text,
    channels jsonb not null,
    quiet_hours jsonb,
    marketing_consent_at timestamp with time zone,
    analytics_opt_out boolean not null,
    accessibility jsonb not null,
    version bigint not null,
    constraint user_preferences_pkey PRIMARY KEY (user_id),
    constraint user_preferences_version_check CHECK ((version > 0))
);

create table public.auth_tokens (
    id uuid not null,
    user_id uuid not null,
    kind text not null,
    token_hash bytea not null,
    created_at timestamp with time zone not null,
    expires_at timestamp with time zone not null,
    used_at timestamp with time zone,
    tries bigint not null,
    version bigint not null,
    constraint auth_tokens_pkey PRIMARY KEY (id),
    constraint auth_tokens_token_hash_key UNIQUE (token_hash) DEFERRABLE INITIALLY DEFERRED,
    constraint auth_tokens_kind_check CHECK ((kind = ANY (ARRAY['password_reset'::text, 'email_verification'::text, 'phone_verification'::text, 'transfer_code'::text]))),
    constraint auth_tokens_tries_check CHECK (((tries >= 0) AND (tries <= 5))),
    constraint auth_tokens_version_check CHECK ((version > 0))
);

CREATE INDEX auth_tokens_expires_at_idx ON public.auth_tokens USING btree (expires_at);

CREATE INDEX auth_tokens_user_id_created_at_idx ON public.auth_tokens USING btree (user_id, created_at);

create table public.push_devices (
    id uuid not null,
    user_id uuid not null,
    device_id text not null,
    platform text not null,
    token text not null,
    app text not null,
    last_ok_at timestamp with time zone,
    failed_at timestamp with time zone,
    version bigint not null,
    constraint push_devices_pkey PRIMARY KEY (id),
    constraint push_devices_user_id_device_id_key UNIQUE (user_id, device_id) DEFERRABLE INITIALLY DEFERRED,
    constraint push_devices_platform_check CHECK ((platform = ANY (ARRAY['fcm'::text, 'apns'::text]))),
    constraint push_devices_version_check CHECK ((version > 0))
);

CREATE INDEX push_devices_token_idx ON public.push_devices USING btree (token);

create table public.age_verifications (
    id uuid not null,
    user_id uuid not null,
    venue_id uuid not null,
    verified_by uuid not null,
    document_type text not null,
    birth_date_hash bytea not null,
    document_expires date,
    method text not null,
    at timestamp with time zone not null,
    constraint age_verifications_pkey PRIMARY KEY (id)
);

CREATE INDEX age_verifications_user_id_at_idx ON public.age_verifications USING btree (user_id, at DESC);

create table public.user_limits (
    id uuid not null,
    user_id uuid not null,
    kind text not null,
    period text not null,
    value bigint,
    effective_at timestamp with time zone not null,
    pending_value bigint,
    pending_removal boolean not null,
    pending_effective_at timestamp with time zone,
    confirmed_at timestamp with time zone,
    superseded_at timestamp with time zone,
    version bigint not null,
    warned_on date,
    blocked_on date,
    constraint user_limits_pkey PRIMARY KEY (id),
    constraint user_limits_user_id_kind_period_key EXCLUDE USING btree (user_id WITH =, kind WITH =, period WITH =) WHERE ((superseded_at IS NULL)) DEFERRABLE INITIALLY DEFERRED,
    constraint user_limits_kind_check CHECK ((kind = ANY (ARRAY['spend'::text, 'topup'::text, 'time'::text]))),
    constraint user_limits_period_check CHECK ((period = ANY (ARRAY['day'::text, 'week'::text, 'month'::text]))),
    constraint user_limits_version_check CHECK ((version > 0))
);

CREATE INDEX user_limits_pending_effective_at_idx ON public.user_limits USING btree (pending_effective_at);

CREATE INDEX user_limits_user_id_idx ON public.user_limits USING btree (user_id);

create table public.exclusions (
    id uuid not null,
    user_id uuid not null,
    venue_id uuid,
    kind text not null,
    starts_at timestamp with time zone not null,
    ends_at timestamp with time zone,
    reason text,
    created_by uuid not null,
    ended_at timestamp with time zone,
    ended_by uuid,
    identity_hash bytea,
    version bigint not null,
    constraint exclusions_pkey PRIMARY KEY (id),
    constraint exclusions_check CHECK (((ends_at IS NULL) OR (ends_at > starts_at))),
    constraint exclusions_kind_check CHECK ((kind = ANY (ARRAY['cool_off'::text, 'self_exclusion'::text, 'venue_ban'::text]))),
    constraint exclusions_version_check CHECK ((version > 0))
);

CREATE INDEX exclusions_ends_at_idx ON public.exclusions USING btree (ends_at);

CREATE INDEX exclusions_user_id_idx ON public.exclusions USING btree (user_id);

create table public.venues (
    id uuid not null,
    name text not null,
    tz text not null,
    currency text not null,
    cutover_local time without time zone not null,
    lat double precision not null,
    lon double precision not null,
    radius_m bigint not null,
    capacity bigint not null,
    hours jsonb not null,
    status text not null,
    status_reason text,
    last_orders_at timestamp with time zone,
    address text,
    tax_id text,
    created_at timestamp with time zone not null,
    deleted_at timestamp with time zone,
    version bigint not null,
    constraint venues_pkey PRIMARY KEY (id),
    constraint venues_capacity_check CHECK ((capacity > 0)),
    constraint venues_cutover_local_check CHECK ((cutover_local <= '12:00:00'::time without time zone)),
    constraint venues_lat_check CHECK (((lat >= ('-90'::integer)::double precision) AND (lat <= (90)::double precision))),
    constraint venues_lon_check CHECK (((lon >= ('-180'::integer)::double precision) AND (lon <= (180)::double precision))),
    constraint venues_radius_m_check CHECK (((radius_m >= 50) AND (radius_m <= 2000))),
    constraint venues_status_check CHECK ((status = ANY (ARRAY['open'::text, 'closing'::text, 'closed'::text, 'suspended'::text]))),
    constraint venues_version_check CHECK ((version > 0))
);

CREATE INDEX venues_status_idx ON public.venues USING btree (status);

create table public.venue_settings (
    id uuid not null,
    venue_id uuid not null,
    key text not null,
    value jsonb not null,
    effective_at timestamp with time zone not null,
    set_by uuid,
    superseded_at timestamp with time zone,
    version bigint not null,
    constraint venue_settings_pkey PRIMARY KEY (id),
    constraint venue_settings_venue_id_key_key EXCLUDE USING btree (venue_id WITH =, key WITH =) WHERE ((superseded_at IS NULL)) DEFERRABLE INITIALLY DEFERRED,
    constraint venue_settings_version_check CHECK ((version > 0))
);

CREATE INDEX venue_settings_venue_id_idx ON public.venue_settings USING btree (venue_id);

create table public.sessions (
    id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    display_name text not null,
    status text not null,
    activity text not null,
    zone text,
    station_id uuid,
    party_size bigint not null,
    business_day date not null,
    started_at timestamp with time zone not null,
    status_since timestamp with time zone not null,
    ended_at timestamp with time zone,
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
    deadline_at timestamp with time zone,
    version bigint not null,
    table_name text,
    constraint sessions_pkey PRIMARY KEY (id),
    constraint sessions_user_id_key EXCLUDE USING btree (user_id WITH =) WHERE ((status = ANY (ARRAY['active'::text, 'paused'::text, 'auto_paused'::text, 'cooling'::text, 'closing'::text]))) DEFERRABLE INITIALLY DEFERRED,
    constraint sessions_activity_check CHECK ((activity = ANY (ARRAY['lounge'::text, 'arcade_time'::text, 'arcade_play'::text, 'table'::text, 'karaoke_room'::text]))),
    constraint sessions_charged_minor_check CHECK ((charged_minor >= 0)),
    constraint sessions_held_minor_check CHECK ((held_minor >= 0)),
    constraint sessions_party_size_check CHECK ((party_size > 0)),
    constraint sessions_paused_ms_check CHECK ((paused_ms >= 0)),
    constraint sessions_safety_level_check CHECK (((safety_level >= 0) AND (safety_level <= 5))),
    constraint sessions_status_check CHECK ((status = ANY (ARRAY['active'::text, 'paused'::text, 'auto_paused'::text, 'cooling'::text, 'closing'::text, 'closed'::text, 'voided'::text]))),
    constraint sessions_version_check CHECK ((version > 0))
);

CREATE INDEX sessions_deadline_at_idx ON public.sessions USING btree (deadline_at);

CREATE INDEX sessions_venue_id_id_idx ON public.sessions USING btree (venue_id, id DESC);

CREATE INDEX sessions_venue_id_status_idx ON public.sessions USING btree (venue_id, status);

create table public.session_segments (
    id uuid not null,
    session_id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    seq bigint not null,
    activity text not null,
    station_id uuid,
    rate_minor_per_h bigint not null,
    mode text not null,
    started_at timestamp with time zone not null,
    ended_at timestamp with time zone,
    active_ms bigint not null,
    business_day date not null,
    charge_minor bigint not null,
    version bigint not null,
    constraint session_segments_pkey PRIMARY KEY (id),
    constraint session_segments_session_id_seq_key UNIQUE (session_id, seq) DEFERRABLE INITIALLY DEFERRED,
    constraint session_segments_active_ms_check CHECK ((active_ms >= 0)),
    constraint session_segments_activity_check CHECK ((activity = ANY (ARRAY['lounge'::text, 'arcade_time'::text, 'arcade_play'::text, 'table'::text, 'karaoke_room'::text]))),
    constraint session_segments_charge_minor_check CHECK ((charge_minor >= 0)),
    constraint session_segments_check CHECK (((ended_at IS NULL) OR (ended_at >= started_at))),
    constraint session_segments_mode_check CHECK ((mode = ANY (ARRAY['continuous'::text, 'block'::text]))),
    constraint session_segments_rate_minor_per_h_check CHECK ((rate_minor_per_h >= 0)),
    constraint session_segments_version_check CHECK ((version > 0))
);

CREATE INDEX session_segments_user_id_idx ON public.session_segments USING btree (user_id);

CREATE INDEX session_segments_venue_id_business_day_activity_idx ON public.session_segments USING btree (venue_id, business_day, activity);

create table public.session_history (
    id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    status text not null,
    business_day date not null,
    started_at timestamp with time zone not null,
    ended_at timestamp with time zone not null,
    duration_ms bigint not null,
    billable_ms bigint not null,
    time_charge_minor bigint not null,
    total_minor bigint not null,
    cause text,
    receipt_id uuid,
    summary jsonb not null,
    activity text generated always as ((summary ->> 'activity'::text)) stored,
    zone text generated always as ((summary ->> 'zone'::text)) stored,
    safety_level bigint generated always as (((summary ->> 'safety_level'::text))::bigint) stored,
    version bigint default 1 not null,
    constraint session_history_pkey PRIMARY KEY (id),
    constraint session_history_cause_check CHECK ((cause = ANY (ARRAY['patron'::text, 'staff'::text, 'forced'::text, 'auto'::text, 'cutover'::text, 'exclusion'::text]))),
    constraint session_history_check CHECK ((ended_at >= started_at)),
    constraint session_history_status_check CHECK ((status = ANY (ARRAY['active'::text, 'paused'::text, 'auto_paused'::text, 'cooling'::text, 'closing'::text, 'closed'::text, 'voided'::text]))),
    constraint session_history_status_check1 CHECK ((status = ANY (ARRAY['closed'::text, 'voided'::text])))
);

CREATE INDEX session_history_user_id_ended_at_idx ON public.session_history USING btree (user_id, ended_at DESC);

CREATE INDEX session_history_user_id_id_idx ON public.session_history USING btree (user_id, id DESC);

CREATE INDEX session_history_venue_id_activity_id_idx ON public.session_history USING btree (venue_id, activity, id DESC);

CREATE INDEX session_history_venue_id_business_day_id_idx ON public.session_history USING btree (venue_id, business_day, id DESC);

CREATE INDEX session_history_venue_id_id_idx ON public.session_history USING btree (venue_id, id DESC);

CREATE INDEX session_history_venue_id_safety_level_id_idx ON public.session_history USING btree (venue_id, safety_level, id DESC) WHERE (safety_level > 0);

CREATE INDEX session_history_venue_id_started_at_idx ON public.session_history USING btree (venue_id, started_at);

CREATE INDEX session_history_venue_id_zone_id_idx ON public.session_history USING btree (venue_id, zone, id DESC) WHERE (zone IS NOT NULL);

CREATE INDEX session_history_voided_idx ON public.session_history USING btree (venue_id, id DESC) WHERE (status = 'voided'::text);

create table public.location_reports (
    id uuid not null,
    session_id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    lat double precision not null,
    lon double precision not null,
    accuracy_m double precision not null,
    distance_m double precision not null,
    fix_at timestamp with time zone not null,
    received_at timestamp with time zone not null,
    verdict text not null,
    incident_id uuid,
    constraint location_reports_pkey PRIMARY KEY (id)
);

CREATE INDEX location_reports_received_at_idx ON public.location_reports USING btree (received_at) WHERE (incident_id IS NULL);

CREATE INDEX location_reports_session_id_fix_at_idx ON public.location_reports USING btree (session_id, fix_at);

create table public.safety_logs (
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
    occurred_at timestamp with time zone not null,
    received_at timestamp with time zone not null,
    prev_hash bytea,
    hash bytea,
    constraint safety_logs_pkey PRIMARY KEY (id),
    constraint safety_logs_venue_id_seq_key UNIQUE (venue_id, seq) DEFERRABLE INITIALLY DEFERRED,
    constraint safety_logs_level_check CHECK (((level >= 0) AND (level <= 5)))
);

CREATE INDEX safety_logs_session_id_idx ON public.safety_logs USING btree (session_id);

CREATE INDEX safety_logs_user_id_idx ON public.safety_logs USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX safety_logs_venue_id_id_idx ON public.safety_logs USING btree (venue_id, id DESC);

CREATE INDEX safety_logs_venue_id_kind_id_idx ON public.safety_logs USING btree (venue_id, kind, id DESC);

CREATE INDEX safety_logs_venue_id_kind_occurred_at_idx ON public.safety_logs USING btree (venue_id, kind, occurred_at);

CREATE INDEX safety_logs_venue_id_received_at_idx ON public.safety_logs USING btree (venue_id, received_at);

create table public.interventions (
    id uuid not null,
    venue_id uuid not null,
    session_id uuid not null,
    user_id uuid not null,
    level bigint not null,
    status text not null,
    source text not null,
    rule text,
    measures text[] not null,
    reason text,
    ack_by timestamp with time zone,
    acknowledged_by uuid,
    acknowledged_at timestamp with time zone,
    outcome text,
    notes text,
    opened_by uuid,
    opened_at timestamp with time zone not null,
    closed_at timestamp with time zone,
    version bigint not null,
    tier bigint default 0 not null,
    task_id uuid,
    due_at timestamp with time zone,
    constraint interventions_pkey PRIMARY KEY (id),
    constraint interventions_level_check CHECK (((level >= 1) AND (level <= 5))),
    constraint interventions_outcome_check CHECK ((outcome = ANY (ARRAY['fine'::text, 'water_food'::text, 'refused_service'::text, 'ride_arranged'::text, 'left_escorted'::text, 'medical'::text, 'escalate'::text]))),
    constraint interventions_source_check CHECK ((source = ANY (ARRAY['system'::text, 'staff'::text, 'patron'::text]))),
    constraint interventions_status_check CHECK ((status = ANY (ARRAY['open'::text, 'acknowledged'::text, 'escalated'::text, 'closed'::text]))),
    constraint interventions_version_check CHECK ((version > 0))
);

CREATE INDEX interventions_session_id_idx ON public.interventions USING btree (session_id);

CREATE INDEX interventions_venue_id_opened_at_idx ON public.interventions USING btree (venue_id, opened_at);

create table public.safety_checks (
    id uuid not null,
    session_id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    kind text not null,
    sent_at timestamp with time zone not null,
    answer_by timestamp with time zone not null,
    answered_at timestamp with time zone,
    response text,
    score bigint,
    version bigint not null,
    constraint safety_checks_pkey PRIMARY KEY (id),
    constraint safety_checks_kind_check CHECK ((kind = ANY (ARRAY['wellbeing'::text, 'reaction'::text, 'break_reminder'::text]))),
    constraint safety_checks_response_check CHECK ((response = ANY (ARRAY['ok'::text, 'help'::text, 'leave'::text]))),
    constraint safety_checks_version_check CHECK ((version > 0))
);

CREATE INDEX safety_checks_answer_by_idx ON public.safety_checks USING btree (answer_by) WHERE (answered_at IS NULL);

CREATE INDEX safety_checks_session_id_sent_at_idx ON public.safety_checks USING btree (session_id, sent_at);

create table public.incidents (
    id uuid not null,
    venue_id uuid not null,
    kind text not null,
    severity text not null,
    status text not null,
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
    raised_at timestamp with time zone not null,
    last_press_at timestamp with time zone not null,
    repeats bigint not null,
    acked_at timestamp with time zone,
    on_scene_at timestamp with time zone,
    closed_at timestamp with time zone,
    closed_by uuid,
    outcome text,
    tier bigint not null,
    next_tier bigint,
    next_tier_at timestamp with time zone,
    late boolean not null,
    version bigint not null,
    received_at timestamp with time zone,
    received_by jsonb default '[]'::jsonb not null,
    constraint incidents_pkey PRIMARY KEY (id),
    constraint incidents_kind_check CHECK ((kind = ANY (ARRAY['sos'::text, 'help'::text]))),
    constraint incidents_severity_check CHECK ((severity = ANY (ARRAY['medium'::text, 'high'::text, 'critical'::text]))),
    constraint incidents_status_check CHECK ((status = ANY (ARRAY['raised'::text, 'notifying'::text, 'acknowledged'::text, 'on_scene'::text, 'exhausted'::text, 'resolved'::text, 'false_alarm'::text]))),
    constraint incidents_tier_check CHECK (((tier >= 0) AND (tier <= 3))),
    constraint incidents_version_check CHECK ((version > 0))
);

CREATE INDEX incidents_next_tier_at_idx ON public.incidents USING btree (next_tier_at) WHERE (status = ANY (ARRAY['notifying'::text, 'exhausted'::text, 'acknowledged'::text]));

CREATE INDEX incidents_open_idx ON public.incidents USING btree (venue_id, id DESC) WHERE (status <> ALL (ARRAY['resolved'::text, 'false_alarm'::text]));

CREATE INDEX incidents_owner_id_idx ON public.incidents USING btree (owner_id, acked_at) WHERE (owner_id IS NOT NULL);

CREATE INDEX incidents_raised_by_idx ON public.incidents USING btree (raised_by);

CREATE INDEX incidents_venue_id_id_idx ON public.incidents USING btree (venue_id, id DESC);

CREATE INDEX incidents_venue_id_kind_id_idx ON public.incidents USING btree (venue_id, kind, id DESC);

CREATE INDEX incidents_venue_id_raised_at_idx ON public.incidents USING btree (venue_id, raised_at);

CREATE INDEX incidents_venue_id_status_idx ON public.incidents USING btree (venue_id, status);

create table public.incident_events (
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
    at timestamp with time zone not null,
    prev_hash bytea,
    hash bytea,
    constraint incident_events_pkey PRIMARY KEY (id),
    constraint incident_events_incident_id_seq_key UNIQUE (incident_id, seq) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX incident_events_by_user_idx ON public.incident_events USING btree (by_user) WHERE (by_user IS NOT NULL);

create table public.broadcasts (
    id uuid not null,
    venue_id uuid not null,
    kind text not null,
    message text not null,
    audience text not null,
    by_user uuid not null,
    at timestamp with time zone not null,
    sent bigint not null,
    acked bigint not null,
    version bigint not null,
    acked_by jsonb default '[]'::jsonb not null,
    constraint broadcasts_pkey PRIMARY KEY (id),
    constraint broadcasts_audience_check CHECK ((audience = ANY (ARRAY['staff'::text, 'everyone'::text]))),
    constraint broadcasts_kind_check CHECK ((kind = ANY (ARRAY['evacuate'::text, 'shelter'::text, 'medical'::text, 'all_clear'::text, 'info'::text]))),
    constraint broadcasts_version_check CHECK ((version > 0))
);

CREATE INDEX broadcasts_venue_id_at_idx ON public.broadcasts USING btree (venue_id, at DESC);

create table public.reservations (
    id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    kind text not null,
    room_id uuid,
    during tstzrange not null,
    party_size bigint not null,
    status text not null,
    hold_id uuid,
    place bigint,
    created_at timestamp with time zone not null,
    version bigint not null,
    cleaning_minutes bigint not null,
    deposit_minor bigint not null,
    pending jsonb,
    constraint reservations_pkey PRIMARY KEY (id),
    constraint reservations_no_overlap EXCLUDE USING gist (public.uuidrange(room_id, room_id, '[]'::text) WITH &&, during WITH &&) WHERE (((room_id IS NOT NULL) AND (status = ANY (ARRAY['confirmed'::text, 'arrived'::text])))) DEFERRABLE INITIALLY DEFERRED,
    constraint reservations_check CHECK (((room_id IS NOT NULL) OR (kind = 'waitlist'::text) OR (status <> ALL (ARRAY['confirmed'::text, 'arrived'::text])))),
    constraint reservations_check1 CHECK (((cleaning_minutes >= 0) AND (deposit_minor >= 0))),
    constraint reservations_during_check CHECK ((NOT isempty(during))),
    constraint reservations_kind_check CHECK ((kind = ANY (ARRAY['slot'::text, 'waitlist'::text]))),
    constraint reservations_party_size_check CHECK ((party_size > 0)),
    constraint reservations_status_check CHECK ((status = ANY (ARRAY['requested'::text, 'confirmed'::text, 'arrived'::text, 'completed'::text, 'cancelled'::text, 'no_show'::text, 'expired'::text]))),
    constraint reservations_version_check CHECK ((version > 0))
);

CREATE INDEX reservations_room_id_id_idx ON public.reservations USING btree (room_id, id DESC) WHERE (room_id IS NOT NULL);

CREATE INDEX reservations_user_id_id_idx ON public.reservations USING btree (user_id, id DESC);

CREATE INDEX reservations_user_id_idx ON public.reservations USING btree (user_id);

CREATE INDEX reservations_venue_id_during_idx ON public.reservations USING btree (venue_id, lower(during));

CREATE INDEX reservations_venue_id_id_idx ON public.reservations USING btree (venue_id, id DESC);

CREATE INDEX reservations_venue_id_kind_id_idx ON public.reservations USING btree (venue_id, kind, id DESC);

CREATE INDEX reservations_venue_id_status_id_idx ON public.reservations USING btree (venue_id, status, id DESC);

create table public.karaoke_queue (
    id uuid not null,
    venue_id uuid not null,
    room_id uuid not null,
    session_id uuid,
    user_id uuid not null,
    song text not null,
    turn bigint not null,
    taken bigint not null,
    status text not null,
    added_at timestamp with time zone not null,
    show_name boolean not null,
    version bigint not null,
    constraint karaoke_queue_pkey PRIMARY KEY (id),
    constraint karaoke_queue_room_id_key EXCLUDE USING btree (room_id WITH =) WHERE ((status = 'next'::text)) DEFERRABLE INITIALLY DEFERRED,
    constraint karaoke_queue_status_check CHECK ((status = ANY (ARRAY['waiting'::text, 'next'::text, 'singing'::text, 'done'::text, 'skipped'::text]))),
    constraint karaoke_queue_taken_check CHECK ((taken >= 0)),
    constraint karaoke_queue_version_check CHECK ((version > 0))
);

CREATE INDEX karaoke_queue_room_id_status_idx ON public.karaoke_queue USING btree (room_id, status);

CREATE INDEX karaoke_queue_venue_id_added_at_idx ON public.karaoke_queue USING btree (venue_id, added_at);

create table public.transactions (
    id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    kind text not null,
    status text not null,
    tender text not null,
    amount_minor bigint not null,
    tax_minor bigint not null,
    tip_minor bigint not null,
    currency text not null,
    business_day date,
    session_id uuid,
    shift_id uuid,
    till_id uuid,
    payment_id uuid,
    package_id uuid,
    reverses_id uuid,
    reason text,
    note text,
    created_by uuid,
    occurred_at timestamp with time zone not null,
    posted_at timestamp with time zone,
    expires_at timestamp with time zone,
    version bigint not null,
    about_id uuid,
    sources jsonb not null,
    tip_sources jsonb not null,
    bonus_minor bigint not null,
    bonus_days bigint,
    constraint transactions_pkey PRIMARY KEY (id),
    constraint transactions_payment_id_kind_key EXCLUDE USING btree (payment_id WITH =, kind WITH =) WHERE ((kind = ANY (ARRAY['topup'::text, 'purchase'::text]))) DEFERRABLE INITIALLY DEFERRED,
    constraint transactions_check CHECK (((status <> 'posted'::text) OR ((posted_at IS NOT NULL) AND (business_day IS NOT NULL)))),
    constraint transactions_kind_check CHECK ((kind = ANY (ARRAY['topup'::text, 'purchase'::text, 'usage'::text, 'tip'::text, 'grant'::text, 'transfer'::text, 'refund'::text, 'adjustment'::text, 'dispute'::text]))),
    constraint transactions_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'posted'::text, 'voided'::text]))),
    constraint transactions_tender_check CHECK ((tender = ANY (ARRAY['credits'::text, 'card'::text, 'cash'::text]))),
    constraint transactions_version_check CHECK ((version > 0))
);

CREATE INDEX transactions_about_id_idx ON public.transactions USING btree (about_id) WHERE (about_id IS NOT NULL);

CREATE INDEX transactions_card_posted_at_idx ON public.transactions USING btree (venue_id, posted_at) WHERE (payment_id IS NOT NULL);

CREATE INDEX transactions_created_by_id_idx ON public.transactions USING btree (created_by, id DESC);

CREATE INDEX transactions_created_by_idx ON public.transactions USING btree (created_by, occurred_at) WHERE (created_by IS NOT NULL);

CREATE INDEX transactions_pending_idx ON public.transactions USING btree (venue_id, occurred_at) WHERE (status = 'pending'::text);

CREATE INDEX transactions_session_id_id_idx ON public.transactions USING btree (session_id, id DESC) WHERE (session_id IS NOT NULL);

CREATE INDEX transactions_unposted_idx ON public.transactions USING btree (venue_id, status, id DESC) WHERE (status <> 'posted'::text);

CREATE INDEX transactions_user_id_id_idx ON public.transactions USING btree (user_id, id DESC);

CREATE INDEX transactions_user_id_posted_at_idx ON public.transactions USING btree (user_id, posted_at DESC);

CREATE INDEX transactions_venue_id_business_day_id_idx ON public.transactions USING btree (venue_id, business_day, id DESC);

CREATE INDEX transactions_venue_id_business_day_kind_idx ON public.transactions USING btree (venue_id, business_day, kind);

CREATE INDEX transactions_venue_id_id_idx ON public.transactions USING btree (venue_id, id DESC);

CREATE INDEX transactions_venue_id_kind_id_idx ON public.transactions USING btree (venue_id, kind, id DESC);

CREATE INDEX transactions_venue_id_tender_id_idx ON public.transactions USING btree (venue_id, tender, id DESC);

create table public.credits (
    user_id uuid not null,
    currency text not null,
    paid_minor bigint not null,
    bonus_minor bigint not null,
    held_minor bigint not null,
    receivable_minor bigint not null,
    ledger_seq bigint not null,
    frozen_at timestamp with time zone,
    version bigint not null,
    constraint credits_pkey PRIMARY KEY (user_id, currency),
    constraint credits_check CHECK (((paid_minor >= 0) AND (bonus_minor >= 0) AND (held_minor >= 0))),
    constraint credits_receivable_minor_check CHECK ((receivable_minor <= 0)),
    constraint credits_version_check CHECK ((version > 0))
);

create table public.credit_grants (
    id uuid not null,
    user_id uuid not null,
    venue_id uuid,
    source text not null,
    currency text not null,
    amount_minor bigint not null,
    remaining_minor bigint not null,
    priority bigint not null,
    expires_at timestamp with time zone,
    transaction_id uuid,
    reason text,
    created_at timestamp with time zone not null,
    version bigint not null,
    constraint credit_grants_pkey PRIMARY KEY (id),
    constraint credit_grants_check CHECK (((remaining_minor >= 0) AND (remaining_minor <= amount_minor))),
    constraint credit_grants_source_check CHECK ((source = ANY (ARRAY['paid'::text, 'bonus'::text]))),
    constraint credit_grants_version_check CHECK ((version > 0))
);

CREATE INDEX credit_grants_burn_order ON public.credit_grants USING btree (user_id, source, expires_at, priority, created_at) WHERE (remaining_minor > 0);

CREATE INDEX credit_grants_expires_at_idx ON public.credit_grants USING btree (expires_at);

CREATE INDEX credit_grants_user_id_idx ON public.credit_grants USING btree (user_id);

create table public.credit_holds (
    id uuid not null,
    user_id uuid not null,
    venue_id uuid,
    purpose text not null,
    ref_id uuid,
    currency text not null,
    amount_minor bigint not null,
    captured_minor bigint not null,
    sources jsonb not null,
    status text not null,
    expires_at timestamp with time zone,
    created_at timestamp with time zone not null,
    version bigint not null,
    constraint credit_holds_pkey PRIMARY KEY (id),
    constraint credit_holds_check CHECK (((captured_minor >= 0) AND (captured_minor <= amount_minor))),
    constraint credit_holds_status_check CHECK ((status = ANY (ARRAY['open'::text, 'captured'::text, 'released'::text, 'expired'::text]))),
    constraint credit_holds_version_check CHECK ((version > 0))
);

CREATE INDEX credit_holds_expires_at_idx ON public.credit_holds USING btree (expires_at) WHERE (status = 'open'::text);

CREATE INDEX credit_holds_user_id_expires_at_idx ON public.credit_holds USING btree (user_id, expires_at);

create table public.ledger_accounts (
    id uuid not null,
    code text not null,
    kind text not null,
    user_id uuid,
    venue_id uuid,
    currency text not null,
    normal text not null,
    may_be_negative boolean not null,
    balance_minor bigint not null,
    seq bigint not null,
    version bigint not null,
    constraint ledger_accounts_pkey PRIMARY KEY (id),
    constraint ledger_accounts_code_currency_key UNIQUE (code, currency) DEFERRABLE INITIALLY DEFERRED,
    constraint ledger_accounts_check CHECK ((may_be_negative OR (balance_minor >= 0))),
    constraint ledger_accounts_kind_check CHECK ((kind = ANY (ARRAY['paid'::text, 'bonus'::text, 'held'::text, 'receivable'::text, 'revenue'::text, 'tax'::text, 'tips'::text, 'promo_expense'::text, 'refund_clearing'::text, 'dispute_loss'::text, 'till'::text, 'stripe_clearing'::text, 'transit'::text]))),
    constraint ledger_accounts_normal_check CHECK ((normal = ANY (ARRAY['debit'::text, 'credit'::text]))),
    constraint ledger_accounts_version_check CHECK ((version > 0))
);

create table public.ledger_journals (
    id uuid not null,
    venue_id uuid not null,
    seq bigint,
    transaction_id uuid,
    business_day date not null,
    source text not null,
    memo text,
    memo_salt bytea,
    memo_digest bytea,
    posted_at timestamp with time zone not null,
    prev_hash bytea,
    hash bytea,
    constraint ledger_journals_pkey PRIMARY KEY (id),
    constraint ledger_journals_transaction_id_source_key UNIQUE (transaction_id, source) DEFERRABLE INITIALLY DEFERRED,
    constraint ledger_journals_venue_id_seq_key UNIQUE (venue_id, seq) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX ledger_journals_venue_id_business_day_idx ON public.ledger_journals USING btree (venue_id, business_day);

CREATE INDEX ledger_journals_venue_id_business_day_seq_idx ON public.ledger_journals USING btree (venue_id, business_day, seq);

CREATE INDEX ledger_journals_venue_id_source_seq_idx ON public.ledger_journals USING btree (venue_id, source COLLATE "C", seq);

create table public.ledger_postings (
    id uuid not null,
    journal_id uuid not null,
    venue_id uuid not null,
    line bigint not null,
    account_id uuid not null,
    account_code text not null,
    amount_minor bigint not null,
    currency text not null,
    grant_id uuid,
    balance_after_minor bigint,
    constraint ledger_postings_pkey PRIMARY KEY (id)
);

CREATE INDEX ledger_postings_account_id_id_idx ON public.ledger_postings USING btree (account_id, id);

CREATE INDEX ledger_postings_journal_id_idx ON public.ledger_postings USING btree (journal_id);

create table public.purchases (
    id uuid not null,
    transaction_id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    session_id uuid,
    line bigint not null,
    item_id uuid,
    game_id uuid,
    name text not null,
    qty bigint not null,
    unit_price_minor bigint not null,
    tax_rate_bp bigint not null,
    tax_minor bigint not null,
    total_minor bigint not null,
    standard_drinks_milli bigint not null,
    status text not null,
    refunded_qty bigint not null,
    served_by uuid,
    served_at timestamp with time zone,
    created_at timestamp with time zone not null,
    version bigint not null,
    revenue_kind text not null,
    taken jsonb not null,
    constraint purchases_pkey PRIMARY KEY (id),
    constraint purchases_check CHECK (((item_id IS NULL) <> (game_id IS NULL))),
    constraint purchases_check1 CHECK (((refunded_qty >= 0) AND (refunded_qty <= qty))),
    constraint purchases_qty_check CHECK ((qty > 0)),
    constraint purchases_standard_drinks_milli_check CHECK ((standard_drinks_milli >= 0)),
    constraint purchases_status_check CHECK ((status = ANY (ARRAY['ordered'::text, 'served'::text, 'voided'::text, 'refunded'::text]))),
    constraint purchases_version_check CHECK ((version > 0))
);

CREATE INDEX purchases_item_id_created_at_idx ON public.purchases USING btree (item_id, created_at);

CREATE INDEX purchases_session_id_idx ON public.purchases USING btree (session_id);

CREATE INDEX purchases_transaction_id_idx ON public.purchases USING btree (transaction_id);

CREATE INDEX purchases_user_id_created_at_idx ON public.purchases USING btree (user_id, created_at);

CREATE INDEX purchases_venue_id_status_idx ON public.purchases USING btree (venue_id, status);

create table public.refunds (
    id uuid not null,
    transaction_id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    lines jsonb not null,
    amount_minor bigint not null,
    currency text not null,
    destination text not null,
    status text not null,
    reason_code text not null,
    requested_by uuid not null,
    requested_at timestamp with time zone not null,
    decided_by uuid,
    decided_at timestamp with time zone,
    provider_ref text,
    failure_code text,
    journal_id uuid,
    version bigint not null,
    payment_id uuid,
    parts jsonb not null,
    note text,
    tries bigint not null,
    constraint refunds_pkey PRIMARY KEY (id),
    constraint refunds_provider_ref_key UNIQUE (provider_ref) DEFERRABLE INITIALLY DEFERRED,
    constraint refunds_amount_minor_check CHECK ((amount_minor > 0)),
    constraint refunds_check CHECK ((decided_by <> requested_by)),
    constraint refunds_destination_check CHECK ((destination = ANY (ARRAY['original'::text, 'credits'::text]))),
    constraint refunds_status_check CHECK ((status = ANY (ARRAY['requested'::text, 'rejected'::text, 'approved'::text, 'processing'::text, 'succeeded'::text, 'failed'::text]))),
    constraint refunds_version_check CHECK ((version > 0))
);

CREATE INDEX refunds_card_decided_at_idx ON public.refunds USING btree (venue_id, decided_at) WHERE (payment_id IS NOT NULL);

CREATE INDEX refunds_requested_by_id_idx ON public.refunds USING btree (requested_by, id DESC);

CREATE INDEX refunds_transaction_id_idx ON public.refunds USING btree (transaction_id);

CREATE INDEX refunds_user_id_id_idx ON public.refunds USING btree (user_id, id DESC);

CREATE INDEX refunds_user_id_idx ON public.refunds USING btree (user_id);

CREATE INDEX refunds_venue_id_id_idx ON public.refunds USING btree (venue_id, id DESC);

CREATE INDEX refunds_venue_id_status_idx ON public.refunds USING btree (venue_id, status);

create table public.receipts (
    id uuid not null,
    venue_id uuid not null,
    number bigint,
    transaction_id uuid,
    session_id uuid,
    user_id uuid not null,
    body jsonb not null,
    journal_id uuid,
    journal_hash bytea,
    issued_at timestamp with time zone not null,
    constraint receipts_pkey PRIMARY KEY (id),
    constraint receipts_venue_id_number_key UNIQUE (venue_id, number) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX receipts_session_id_idx ON public.receipts USING btree (session_id);

CREATE INDEX receipts_transaction_id_idx ON public.receipts USING btree (transaction_id);

CREATE INDEX receipts_user_id_issued_at_idx ON public.receipts USING btree (user_id, issued_at DESC);

create table public.payments (
    id uuid not null,
    transaction_id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    provider_id text,
    status text not null,
    status_rank bigint not null,
    amount_minor bigint not null,
    refunded_minor bigint not null,
    currency text not null,
    method_id uuid,
    failure_code text,
    last_checked_at timestamp with time zone,
    created_at timestamp with time zone not null,
    version bigint not null,
    history jsonb not null,
    constraint payments_pkey PRIMARY KEY (id),
    constraint payments_provider_id_key UNIQUE (provider_id) DEFERRABLE INITIALLY DEFERRED,
    constraint payments_transaction_id_key EXCLUDE USING btree (transaction_id WITH =) WHERE ((status = ANY (ARRAY['created'::text, 'requires_action'::text, 'processing'::text, 'succeeded'::text, 'partially_refunded'::text, 'refunded'::text, 'disputed'::text, 'dispute_won'::text, 'dispute_lost'::text]))) DEFERRABLE INITIALLY DEFERRED,
    constraint payments_check CHECK (((refunded_minor >= 0) AND (refunded_minor <= amount_minor))),
    constraint payments_status_check CHECK ((status = ANY (ARRAY['created'::text, 'requires_action'::text, 'processing'::text, 'succeeded'::text, 'failed'::text, 'canceled'::text, 'partially_refunded'::text, 'refunded'::text, 'disputed'::text, 'dispute_won'::text, 'dispute_lost'::text]))),
    constraint payments_version_check CHECK ((version > 0))
);

CREATE INDEX payments_status_last_checked_at_idx ON public.payments USING btree (status, last_checked_at);

CREATE INDEX payments_user_id_idx ON public.payments USING btree (user_id);

CREATE INDEX payments_venue_id_created_at_idx ON public.payments USING btree (venue_id, created_at);

create table public.payment_methods (
    id uuid not null,
    user_id uuid not null,
    provider_id text not null,
    brand text not null,
    last4 text not null,
    exp_month bigint not null,
    exp_year bigint not null,
    is_default boolean not null,
    created_at timestamp with time zone not null,
    removed_at timestamp with time zone,
    version bigint not null,
    constraint payment_methods_pkey PRIMARY KEY (id),
    constraint payment_methods_provider_id_key UNIQUE (provider_id) DEFERRABLE INITIALLY DEFERRED,
    constraint payment_methods_version_check CHECK ((version > 0))
);

CREATE INDEX payment_methods_user_id_idx ON public.payment_methods USING btree (user_id);

create table public.stripe_events (
    event_id text not null,
    type text not null,
    object_id text,
    created_at timestamp with time zone not null,
    received_at timestamp with time zone not null,
    payload jsonb,
    status text not null,
    tries bigint not null,
    next_try_at timestamp with time zone,
    error text,
    version bigint not null,
    constraint stripe_events_pkey PRIMARY KEY (event_id),
    constraint stripe_events_status_check CHECK ((status = ANY (ARRAY['received'::text, 'applied'::text, 'ignored'::text, 'parked'::text]))),
    constraint stripe_events_version_check CHECK ((version > 0))
);

CREATE INDEX stripe_events_object_id_created_at_idx ON public.stripe_events USING btree (object_id, created_at);

CREATE INDEX stripe_events_status_next_try_at_idx ON public.stripe_events USING btree (status, next_try_at);

create table public.disputes (
    id uuid not null,
    payment_id uuid not null,
    venue_id uuid not null,
    provider_id text not null,
    amount_minor bigint not null,
    status text not null,
    evidence_due_at timestamp with time zone,
    opened_at timestamp with time zone not null,
    closed_at timestamp with time zone,
    journal_id uuid,
    version bigint not null,
    user_id uuid not null,
    transaction_id uuid not null,
    parts jsonb not null,
    constraint disputes_pkey PRIMARY KEY (id),
    constraint disputes_provider_id_key UNIQUE (provider_id) DEFERRABLE INITIALLY DEFERRED,
    constraint disputes_version_check CHECK ((version > 0))
);

CREATE INDEX disputes_user_id_idx ON public.disputes USING btree (user_id);

CREATE INDEX disputes_venue_id_status_idx ON public.disputes USING btree (venue_id, status);

create table public.credit_packages (
    id uuid not null,
    venue_id uuid not null,
    name text not null,
    price_minor bigint not null,
    credits_minor bigint not null,
    bonus_minor bigint not null,
    bonus_days bigint,
    valid_hours jsonb,
    per_day_cap bigint,
    active boolean not null,
    retired_at timestamp with time zone,
    version bigint not null,
    constraint credit_packages_pkey PRIMARY KEY (id),
    constraint credit_packages_check CHECK (((price_minor >= 0) AND (credits_minor >= 0) AND (bonus_minor >= 0))),
    constraint credit_packages_version_check CHECK ((version > 0))
);

CREATE INDEX credit_packages_venue_id_idx ON public.credit_packages USING btree (venue_id);

create table public.tills (
    id uuid not null,
    venue_id uuid not null,
    staff_id uuid not null,
    shift_id uuid not null,
    drawer text not null,
    currency text not null,
    status text not null,
    opening_minor bigint not null,
    expected_minor bigint not null,
    drops_minor bigint not null,
    counted jsonb,
    counted_minor bigint,
    variance_minor bigint,
    signed_by uuid,
    sign_note text,
    opened_at timestamp with time zone not null,
    ended_at timestamp with time zone,
    closed_at timestamp with time zone,
    version bigint not null,
    constraint tills_pkey PRIMARY KEY (id),
    constraint tills_staff_id_key EXCLUDE USING btree (staff_id WITH =) WHERE ((status = 'open'::text)) DEFERRABLE INITIALLY DEFERRED,
    constraint tills_venue_id_drawer_key EXCLUDE USING btree (venue_id WITH =, drawer WITH =) WHERE ((status = 'open'::text)) DEFERRABLE INITIALLY DEFERRED,
    constraint tills_status_check CHECK ((status = ANY (ARRAY['open'::text, 'ended'::text, 'closed'::text]))),
    constraint tills_version_check CHECK ((version > 0))
);

CREATE INDEX tills_staff_id_idx ON public.tills USING btree (staff_id);

CREATE INDEX tills_venue_id_opened_at_idx ON public.tills USING btree (venue_id, opened_at);

create table public.business_days (
    venue_id uuid not null,
    business_day date not null,
    starts_at timestamp with time zone not null,
    ends_at timestamp with time zone not null,
    status text not null,
    z_number bigint,
    closed_by uuid,
    closed_at timestamp with time zone,
    totals jsonb,
    journal_head_hash bytea,
    version bigint not null,
    constraint business_days_pkey PRIMARY KEY (venue_id, business_day),
    constraint business_days_venue_id_z_number_key UNIQUE (venue_id, z_number) DEFERRABLE INITIALLY DEFERRED,
    constraint business_days_check CHECK ((ends_at > starts_at)),
    constraint business_days_check1 CHECK (((status <> 'closed'::text) OR (z_number IS NOT NULL))),
    constraint business_days_status_check CHECK ((status = ANY (ARRAY['open'::text, 'closed'::text]))),
    constraint business_days_version_check CHECK ((version > 0))
);

create table public.staff_shifts (
    id uuid not null,
    venue_id uuid not null,
    staff_id uuid not null,
    display_name text not null,
    schedule_id uuid,
    status text not null,
    started_at timestamp with time zone not null,
    ended_at timestamp with time zone,
    breaks jsonb not null,
    worked_ms bigint not null,
    late_minutes bigint not null,
    declared_tips_minor bigint,
    auto_ended boolean not null,
    reviewed_by uuid,
    version bigint not null,
    constraint staff_shifts_pkey PRIMARY KEY (id),
    constraint staff_shifts_staff_id_key EXCLUDE USING btree (staff_id WITH =) WHERE ((status = ANY (ARRAY['open'::text, 'on_break'::text]))) DEFERRABLE INITIALLY DEFERRED,
    constraint staff_shifts_check CHECK (((ended_at IS NULL) OR (ended_at >= started_at))),
    constraint staff_shifts_status_check CHECK ((status = ANY (ARRAY['open'::text, 'on_break'::text, 'ended'::text, 'needs_review'::text]))),
    constraint staff_shifts_version_check CHECK ((version > 0)),
    constraint staff_shifts_worked_ms_check CHECK ((worked_ms >= 0))
);

CREATE INDEX staff_shifts_on_duty_idx ON public.staff_shifts USING btree (venue_id, id DESC) WHERE (status = ANY (ARRAY['open'::text, 'on_break'::text]));

CREATE INDEX staff_shifts_staff_id_id_idx ON public.staff_shifts USING btree (staff_id, id DESC);

CREATE INDEX staff_shifts_venue_id_id_idx ON public.staff_shifts USING btree (venue_id, id DESC);

CREATE INDEX staff_shifts_venue_id_started_at_idx ON public.staff_shifts USING btree (venue_id, started_at);

CREATE INDEX staff_shifts_venue_id_status_id_idx ON public.staff_shifts USING btree (venue_id, status, id DESC);

create table public.staff_schedules (
    id uuid not null,
    venue_id uuid not null,
    week date not null,
    staff_id uuid,
    role text not null,
    starts_at timestamp with time zone not null,
    ends_at timestamp with time zone not null,
    status text not null,
    deleted_at timestamp with time zone,
    version bigint not null,
    constraint staff_schedules_pkey PRIMARY KEY (id),
    constraint staff_schedules_no_overlap EXCLUDE USING gist (public.uuidrange(staff_id, staff_id, '[]'::text) WITH &&, tstzrange(starts_at, ends_at) WITH &&) WHERE (((staff_id IS NOT NULL) AND (status = 'published'::text) AND (deleted_at IS NULL))) DEFERRABLE INITIALLY DEFERRED,
    constraint staff_schedules_check CHECK ((ends_at > starts_at)),
    constraint staff_schedules_role_check CHECK ((role = ANY (ARRAY['patron'::text, 'staff'::text, 'management'::text, 'owner'::text]))),
    constraint staff_schedules_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'published'::text, 'cancelled'::text]))),
    constraint staff_schedules_version_check CHECK ((version > 0))
);

CREATE INDEX staff_schedules_venue_id_week_idx ON public.staff_schedules USING btree (venue_id, week);

create table public.staff_tasks (
    id uuid not null,
    venue_id uuid not null,
    title text not null,
    kind text not null,
    priority text not null,
    status text not null,
    assignee_id uuid,
    created_by uuid,
    zone text,
    session_id uuid,
    intervention_id uuid,
    due_at timestamp with time zone,
    accepted_at timestamp with time zone,
    done_at timestamp with time zone,
    blocked_reason text,
    result text,
    overdue_level bigint not null,
    created_at timestamp with time zone not null,
    version bigint not null,
    constraint staff_tasks_pkey PRIMARY KEY (id),
    constraint staff_tasks_priority_check CHECK ((priority = ANY (ARRAY['low'::text, 'normal'::text, 'high'::text, 'critical'::text]))),
    constraint staff_tasks_status_check CHECK ((status = ANY (ARRAY['open'::text, 'accepted'::text, 'in_progress'::text, 'blocked'::text, 'done'::text, 'cancelled'::text]))),
    constraint staff_tasks_version_check CHECK ((version > 0))
);

CREATE INDEX staff_tasks_assignee_id_id_idx ON public.staff_tasks USING btree (assignee_id, id DESC);

CREATE INDEX staff_tasks_assignee_id_status_idx ON public.staff_tasks USING btree (assignee_id, status);

CREATE INDEX staff_tasks_due_at_idx ON public.staff_tasks USING btree (due_at) WHERE (status = ANY (ARRAY['open'::text, 'accepted'::text, 'in_progress'::text, 'blocked'::text]));

CREATE INDEX staff_tasks_free_idx ON public.staff_tasks USING btree (venue_id, id DESC) WHERE (assignee_id IS NULL);

CREATE INDEX staff_tasks_venue_id_id_idx ON public.staff_tasks USING btree (venue_id, id DESC);

CREATE INDEX staff_tasks_venue_id_kind_id_idx ON public.staff_tasks USING btree (venue_id, kind, id DESC);

CREATE INDEX staff_tasks_venue_id_status_priority_idx ON public.staff_tasks USING btree (venue_id, status, priority);

create table public.staff_performance (
    staff_id uuid not null,
    venue_id uuid not null,
    business_day date not null,
    worked_minutes bigint not null,
    tasks_done bigint not null,
    tasks_on_time bigint not null,
    task_ack_ms_p50 bigint,
    sos_ack_ms_p50 bigint,
    sales_minor bigint not null,
    tips_minor bigint not null,
    voids bigint not null,
    constraint staff_performance_pkey PRIMARY KEY (staff_id, venue_id, business_day)
);

create table public.shift_handovers (
    id uuid not null,
    venue_id uuid not null,
    from_shift uuid not null,
    from_staff uuid not null,
    to_shift uuid,
    body jsonb not null,
    watch jsonb not null,
    acknowledged_by uuid,
    acknowledged_at timestamp with time zone,
    at timestamp with time zone not null,
    version bigint not null,
    constraint shift_handovers_pkey PRIMARY KEY (id),
    constraint shift_handovers_version_check CHECK ((version > 0))
);

CREATE INDEX shift_handovers_venue_id_at_idx ON public.shift_handovers USING btree (venue_id, at DESC);

create table public.games (
    id uuid not null,
    venue_id uuid not null,
    asset_tag text not null,
    name text not null,
    zone text,
    pricing text not null,
    price_minor bigint not null,
    tax_rate_bp bigint not null,
    status text not null,
    fault text,
    plays bigint not null,
    session_id uuid,
    retired_at timestamp with time zone,
    version bigint not null,
    constraint games_pkey PRIMARY KEY (id),
    constraint games_venue_id_asset_tag_key UNIQUE (venue_id, asset_tag) DEFERRABLE INITIALLY DEFERRED,
    constraint games_price_minor_check CHECK ((price_minor >= 0)),
    constraint games_pricing_check CHECK ((pricing = ANY (ARRAY['play'::text, 'time'::text]))),
    constraint games_status_check CHECK ((status = ANY (ARRAY['available'::text, 'in_use'::text, 'out_of_order'::text, 'cleaning'::text, 'retired'::text]))),
    constraint games_version_check CHECK ((version > 0))
);

CREATE INDEX games_venue_id_status_idx ON public.games USING btree (venue_id, status);

create table public.karaoke_rooms (
    id uuid not null,
    venue_id uuid not null,
    name text not null,
    capacity bigint not null,
    status text not null,
    rate_bands jsonb not null,
    block_minutes bigint not null,
    min_minutes bigint not null,
    cleaning_minutes bigint not null,
    session_id uuid,
    retired_at timestamp with time zone,
    version bigint not null,
    constraint karaoke_rooms_pkey PRIMARY KEY (id),
    constraint karaoke_rooms_venue_id_name_key EXCLUDE USING btree (venue_id WITH =, name WITH =) WHERE ((retired_at IS NULL)) DEFERRABLE INITIALLY DEFERRED,
    constraint karaoke_rooms_capacity_check CHECK ((capacity > 0)),
    constraint karaoke_rooms_check CHECK (((block_minutes > 0) AND (min_minutes > 0) AND (cleaning_minutes >= 0))),
    constraint karaoke_rooms_status_check CHECK ((status = ANY (ARRAY['ready'::text, 'occupied'::text, 'cleaning'::text, 'reserved'::text, 'out_of_order'::text, 'retired'::text]))),
    constraint karaoke_rooms_version_check CHECK ((version > 0))
);

CREATE INDEX karaoke_rooms_venue_id_status_idx ON public.karaoke_rooms USING btree (venue_id, status);

create table public.menu_items (
    id uuid not null,
    venue_id uuid not null,
    sku text not null,
    name text not null,
    category text,
    price_minor bigint not null,
    tax_code text not null,
    tax_rate_bp bigint not null,
    alcoholic boolean not null,
    abv_bp bigint,
    volume_ml bigint,
    standard_drinks_milli bigint not null,
    allergens text[] not null,
    hours jsonb,
    available boolean not null,
    recipe jsonb not null,
    retired_at timestamp with time zone,
    version bigint not null,
    constraint menu_items_pkey PRIMARY KEY (id),
    constraint menu_items_venue_id_sku_key UNIQUE (venue_id, sku) DEFERRABLE INITIALLY DEFERRED,
    constraint menu_items_check CHECK (((NOT alcoholic) OR ((abv_bp IS NOT NULL) AND (volume_ml IS NOT NULL)))),
    constraint menu_items_price_minor_check CHECK ((price_minor >= 0)),
    constraint menu_items_version_check CHECK ((version > 0))
);

CREATE INDEX menu_items_venue_id_idx ON public.menu_items USING btree (venue_id) WHERE available;

create table public.inventory_levels (
    venue_id uuid not null,
    item_id uuid not null,
    on_hand_milli bigint not null,
    reserved_milli bigint not null,
    reorder_milli bigint not null,
    unit text not null,
    counted_at timestamp with time zone,
    low_since timestamp with time zone,
    version bigint not null,
    unsigned_milli bigint not null,
    constraint inventory_levels_pkey PRIMARY KEY (venue_id, item_id),
    constraint inventory_levels_check CHECK (((on_hand_milli >= reserved_milli) AND (reserved_milli >= 0))),
    constraint inventory_levels_version_check CHECK ((version > 0))
);

create table public.stock_movements (
    id uuid not null,
    venue_id uuid not null,
    item_id uuid not null,
    kind text not null,
    delta_milli bigint not null,
    after_milli bigint not null,
    ref_id uuid,
    reason text,
    by_user uuid,
    signed_by uuid,
    at timestamp with time zone not null,
    constraint stock_movements_pkey PRIMARY KEY (id),
    constraint stock_movements_ref_id_item_id_kind_key UNIQUE (ref_id, item_id, kind) DEFERRABLE INITIALLY DEFERRED,
    constraint stock_movements_after_milli_check CHECK ((after_milli >= 0)),
    constraint stock_movements_kind_check CHECK ((kind = ANY (ARRAY['receive'::text, 'sale'::text, 'return'::text, 'waste'::text, 'count'::text, 'transfer'::text])))
);

CREATE INDEX stock_movements_item_id_at_idx ON public.stock_movements USING btree (item_id, at);

CREATE INDEX stock_movements_venue_id_at_idx ON public.stock_movements USING btree (venue_id, at);

create table public.daily_metrics (
    venue_id uuid not null,
    business_day date not null,
    metric text not null,
    dimension text not null,
    value bigint not null,
    computed_at timestamp with time zone not null,
    ledger_seq bigint,
    constraint daily_metrics_pkey PRIMARY KEY (venue_id, business_day, metric, dimension)
);

create table public.revenue_projections (
    id uuid not null,
    venue_id uuid not null,
    target_day date not null,
    made_at timestamp with time zone not null,
    method text not null,
    low_minor bigint not null,
    mid_minor bigint not null,
    high_minor bigint not null,
    actual_minor bigint,
    constraint revenue_projections_pkey PRIMARY KEY (id),
    constraint revenue_projections_venue_id_target_day_made_at_key UNIQUE (venue_id, target_day, made_at) DEFERRABLE INITIALLY DEFERRED
);

create table public.patron_analytics (
    venue_id uuid not null,
    user_pseudonym uuid not null,
    period date not null,
    visits bigint not null,
    minutes bigint not null,
    spend_minor bigint not null,
    activities jsonb not null,
    cohort text not null,
    updated_at timestamp with time zone not null,
    constraint patron_analytics_pkey PRIMARY KEY (venue_id, user_pseudonym, period)
);

CREATE INDEX patron_analytics_venue_id_cohort_idx ON public.patron_analytics USING btree (venue_id, cohort);

create table public.idempotency_keys (
    actor_type text not null,
    actor_id uuid not null,
    user_id uuid not null,
    method text not null,
    route text not null,
    key text not null,
    fingerprint bytea not null,
    status text not null,
    http_status bigint,
    response jsonb,
    created_at timestamp with time zone not null,
    expires_at timestamp with time zone not null,
    version bigint not null,
    constraint idempotency_keys_pkey PRIMARY KEY (actor_type, actor_id, user_id, method, route, key),
    constraint idempotency_keys_actor_type_check CHECK ((actor_type = ANY (ARRAY['venue'::text, 'session'::text, 'staff'::text, 'account'::text, 'identity'::text, 'platform'::text, 'outside'::text]))),
    constraint idempotency_keys_status_check CHECK ((status = ANY (ARRAY['in_progress'::text, 'done'::text]))),
    constraint idempotency_keys_version_check CHECK ((version > 0))
);

CREATE INDEX idempotency_keys_expires_at_idx ON public.idempotency_keys USING btree (expires_at);

create table public.sync_devices (
    user_id uuid not null,
    device_id text not null,
    last_seq bigint not null,
    clock_skew_ms bigint not null,
    updated_at timestamp with time zone not null,
    version bigint not null,
    constraint sync_devices_pkey PRIMARY KEY (user_id, device_id),
    constraint sync_devices_version_check CHECK ((version > 0))
);

create table public.event_outbox (
    id uuid not null,
    room text not null,
    seq bigint not null,
    type text not null,
    venue_id uuid,
    payload jsonb not null,
    occurred_at timestamp with time zone not null,
    event_version bigint not null,
    hide_from uuid,
    constraint event_outbox_pkey PRIMARY KEY (room, seq),
    constraint event_outbox_seq_check CHECK ((seq > 0))
);

CREATE INDEX event_outbox_occurred_at_idx ON public.event_outbox USING btree (occurred_at);

create table public.notification_deliveries (
    id uuid not null,
    user_id uuid not null,
    event_id uuid not null,
    incident_id uuid,
    channel text not null,
    status text not null,
    tries bigint not null,
    next_try_at timestamp with time zone,
    sent_at timestamp with time zone,
    delivered_at timestamp with time zone,
    acked_at timestamp with time zone,
    error text,
    version bigint not null,
    constraint notification_deliveries_pkey PRIMARY KEY (id),
    constraint notification_deliveries_version_check CHECK ((version > 0))
);

CREATE INDEX notification_deliveries_incident_id_idx ON public.notification_deliveries USING btree (incident_id);

CREATE INDEX notification_deliveries_status_next_try_at_idx ON public.notification_deliveries USING btree (status, next_try_at);

create table public.actor_timers (
    actor_type text not null,
    actor_id uuid not null,
    name text not null,
    venue_id uuid,
    due_at timestamp with time zone not null,
    payload jsonb not null,
    fired_at timestamp with time zone,
    version bigint not null,
    constraint actor_timers_pkey PRIMARY KEY (actor_type, actor_id, name),
    constraint actor_timers_actor_type_check CHECK ((actor_type = ANY (ARRAY['venue'::text, 'session'::text, 'staff'::text, 'account'::text, 'identity'::text, 'platform'::text, 'outside'::text]))),
    constraint actor_timers_version_check CHECK ((version > 0))
);

CREATE INDEX actor_timers_due_at_idx ON public.actor_timers USING btree (due_at) WHERE (fired_at IS NULL);

CREATE INDEX actor_timers_fired_at_idx ON public.actor_timers USING btree (fired_at) WHERE (fired_at IS NOT NULL);

create table public.audit_log (
    id uuid not null,
    seq bigint,
    venue_id uuid,
    at timestamp with time zone not null,
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
    constraint audit_log_pkey PRIMARY KEY (id),
    constraint audit_log_venue_id_seq_key EXCLUDE USING btree (COALESCE(venue_id, '00000000-0000-0000-0000-000000000000'::uuid) WITH =, seq WITH =) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX audit_log_actor_id_at_idx ON public.audit_log USING btree (actor_id, at);

CREATE INDEX audit_log_object_type_object_id_idx ON public.audit_log USING btree (object_type, object_id);

CREATE INDEX audit_log_platform_idx ON public.audit_log USING btree (seq DESC) WHERE (venue_id IS NULL);

CREATE INDEX audit_log_venue_id_action_seq_idx ON public.audit_log USING btree (venue_id, action, seq DESC);

CREATE INDEX audit_log_venue_id_actor_id_seq_idx ON public.audit_log USING btree (venue_id, actor_id, seq DESC);

CREATE INDEX audit_log_venue_id_at_idx ON public.audit_log USING btree (venue_id, at);

CREATE INDEX audit_log_venue_id_object_type_seq_idx ON public.audit_log USING btree (venue_id, object_type, seq DESC);

CREATE INDEX audit_log_venue_id_seq_idx ON public.audit_log USING btree (venue_id, seq DESC);

create table public.erasure_jobs (
    id uuid not null,
    user_id uuid not null,
    kind text not null,
    status text not null,
    requested_at timestamp with time zone not null,
    due_at timestamp with time zone not null,
    done_at timestamp with time zone,
    kept jsonb,
    file_ref text,
    version bigint not null,
    constraint erasure_jobs_pkey PRIMARY KEY (id),
    constraint erasure_jobs_kind_check CHECK ((kind = ANY (ARRAY['export'::text, 'erase'::text]))),
    constraint erasure_jobs_version_check CHECK ((version > 0))
);

CREATE INDEX erasure_jobs_status_due_at_idx ON public.erasure_jobs USING btree (status, due_at);

CREATE INDEX erasure_jobs_user_id_idx ON public.erasure_jobs USING btree (user_id, id DESC);

create table runtime.identities (
    id uuid not null,
    email text not null,
    user_id uuid not null,
    version bigint not null,
    constraint identities_pkey PRIMARY KEY (id),
    constraint identities_email_key UNIQUE (email) DEFERRABLE INITIALLY DEFERRED,
    constraint identities_user_id_key UNIQUE (user_id) DEFERRABLE INITIALLY DEFERRED,
    constraint identities_version_check CHECK ((version > 0))
);

create table runtime.floor_places (
    session_id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    display_name text not null,
    party_size bigint not null,
    activity text not null,
    status text not null,
    zone text,
    station_id uuid,
    safety_level bigint not null,
    started_at timestamp with time zone not null,
    last_fix_at timestamp with time zone,
    charged_minor bigint not null,
    version bigint not null,
    booked_until timestamp with time zone,
    constraint floor_places_pkey PRIMARY KEY (session_id),
    constraint floor_places_activity_check CHECK ((activity = ANY (ARRAY['lounge'::text, 'arcade_time'::text, 'arcade_play'::text, 'table'::text, 'karaoke_room'::text]))),
    constraint floor_places_status_check CHECK ((status = ANY (ARRAY['active'::text, 'paused'::text, 'auto_paused'::text, 'cooling'::text, 'closing'::text, 'closed'::text, 'voided'::text]))),
    constraint floor_places_version_check CHECK ((version > 0))
);

CREATE INDEX floor_places_venue_id_idx ON runtime.floor_places USING btree (venue_id);

create table runtime.open_visits (
    user_id uuid not null,
    session_id uuid not null,
    venue_id uuid not null,
    hold_id uuid not null,
    opened_at timestamp with time zone not null,
    version bigint not null,
    constraint open_visits_pkey PRIMARY KEY (user_id),
    constraint open_visits_version_check CHECK ((version > 0))
);

create table runtime.duty_places (
    staff_id uuid not null,
    venue_id uuid not null,
    shift_id uuid not null,
    display_name text not null,
    on_break boolean not null,
    since timestamp with time zone not null,
    version bigint not null,
    constraint duty_places_pkey PRIMARY KEY (venue_id, staff_id),
    constraint duty_places_version_check CHECK ((version > 0))
);

create table runtime.drawers_in_use (
    till_id uuid not null,
    venue_id uuid not null,
    drawer text not null,
    staff_id uuid not null,
    version bigint not null,
    constraint drawers_in_use_pkey PRIMARY KEY (till_id),
    constraint drawers_in_use_venue_id_drawer_key UNIQUE (venue_id, drawer) DEFERRABLE INITIALLY DEFERRED,
    constraint drawers_in_use_version_check CHECK ((version > 0))
);

create table runtime.dead_letters (
    message_id uuid not null,
    actor_type text not null,
    actor_id uuid not null,
    command text not null,
    error text not null,
    payload bytea not null,
    replayable boolean not null,
    at timestamp with time zone not null,
    constraint dead_letters_pkey PRIMARY KEY (message_id),
    constraint dead_letters_actor_type_check CHECK ((actor_type = ANY (ARRAY['venue'::text, 'session'::text, 'staff'::text, 'account'::text, 'identity'::text, 'platform'::text, 'outside'::text])))
);

create table runtime.flush (
    journal_id uuid not null,
    "position" bigint not null,
    updated_at timestamp with time zone not null,
    constraint flush_pkey PRIMARY KEY (journal_id),
    constraint flush_position_check CHECK (("position" >= 0))
);

CREATE UNIQUE INDEX flush_one_idx ON runtime.flush USING btree ((true));

create table runtime.pending_sends (
    id uuid not null,
    "position" bigint not null,
    payload bytea not null,
    constraint pending_sends_pkey PRIMARY KEY (id)
);

CREATE INDEX pending_sends_position_idx ON runtime.pending_sends USING btree ("position");

create table runtime.refused_rows (
    id bigint generated always as identity not null,
    journal_id uuid not null,
    "position" bigint not null,
    table_name text not null,
    row_key text not null,
    actor text not null,
    entry bytea not null,
    error text not null,
    refused_at timestamp with time zone not null,
    constraint refused_rows_pkey PRIMARY KEY (id)
);

CREATE INDEX refused_rows_position_idx ON runtime.refused_rows USING btree (journal_id, "position");

create table runtime.room_cursors (
    room text not null,
    seq bigint not null,
    constraint room_cursors_pkey PRIMARY KEY (room),
    constraint room_cursors_seq_check CHECK ((seq > 0))
);

create table runtime.chain_heads (
    venue_id uuid not null,
    chain text not null,
    seq bigint not null,
    hash bytea,
    constraint chain_heads_pkey PRIMARY KEY (venue_id, chain),
    constraint chain_heads_seq_check CHECK ((seq >= 0))
);

create table runtime.jobs (
    name text not null,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    state jsonb default '{}'::jsonb not null,
    next_at timestamp with time zone not null,
    kept_at timestamp with time zone,
    runs bigint default 0 not null,
    failures bigint default 0 not null,
    error text,
    constraint jobs_pkey PRIMARY KEY (name)
);

CREATE OR REPLACE FUNCTION public.refuse_unbalanced_journal()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
    excess bigint;
begin
    select sum(amount_minor) into excess
    from ledger_postings
    where journal_id = new.journal_id and currency = new.currency;
    if excess <> 0 then
        raise exception 'journal % is out of balance by % in %',
            new.journal_id, excess, new.currency
            using errcode = 'check_violation', constraint = 'ledger_postings_balanced';
    end if;
    return null;
end
$function$;

CREATE OR REPLACE FUNCTION public.refuse_change_of_closed_day()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
    if tg_op = 'DELETE' or new is distinct from old then
        raise exception 'business day % of venue % is closed', old.business_day, old.venue_id
            using errcode = 'check_violation', constraint = 'business_days_frozen';
    end if;
    return new;
end
$function$;

CREATE OR REPLACE FUNCTION public.user_was_at(someone uuid, venues uuid[])
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
RETURN ((EXISTS (SELECT FROM public.sessions WHERE ((sessions.user_id = user_was_at.someone) AND (sessions.venue_id = ANY (user_was_at.venues))))) OR (EXISTS (SELECT FROM public.session_history WHERE ((session_history.user_id = user_was_at.someone) AND (session_history.venue_id = ANY (user_was_at.venues))))) OR (EXISTS (SELECT FROM public.reservations WHERE ((reservations.user_id = user_was_at.someone) AND (reservations.venue_id = ANY (user_was_at.venues))))) OR (EXISTS (SELECT FROM public.user_roles WHERE ((user_roles.user_id = user_was_at.someone) AND (user_roles.venue_id = ANY (user_was_at.venues)) AND (user_roles.revoked_at IS NULL)))));

CREATE OR REPLACE FUNCTION public.venue_takes_patrons(place uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
RETURN (EXISTS (SELECT FROM public.venues WHERE ((venues.id = venue_takes_patrons.place) AND (venues.deleted_at IS NULL) AND (venues.status <> 'suspended'::text))));

CREATE OR REPLACE FUNCTION public.business_day_is_open(place uuid, day date)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
RETURN COALESCE((SELECT (business_days.status = 'open'::text) FROM public.business_days WHERE ((business_days.venue_id = business_day_is_open.place) AND (business_days.business_day = business_day_is_open.day))), (SELECT (business_day_is_open.day = (((now() AT TIME ZONE venues.tz) - (venues.cutover_local)::interval))::date) FROM public.venues WHERE (venues.id = business_day_is_open.place)), false);

CREATE OR REPLACE FUNCTION public.took_part(someone uuid, incident uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
RETURN (EXISTS (SELECT FROM public.incident_events WHERE ((incident_events.incident_id = took_part.incident) AND (incident_events.by_user = took_part.someone))));

create view public.users_for_staff with (security_barrier=true) as
 SELECT id,
    display_name,
    avatar,
    photo,
    status,
    created_at,
    (age_verified_at IS NOT NULL) AS age_verified
   FROM public.users
  WHERE (public.caller_is_staff() AND (deleted_at IS NULL) AND public.user_was_at(id, public.caller_venues()));

create view public.exclusions_for_management with (security_barrier=true) as
 SELECT id,
    user_id,
    venue_id,
    kind,
    starts_at,
    ends_at,
    ended_at
   FROM public.exclusions
  WHERE (public.caller_is_management() AND ((venue_id IS NULL) OR (venue_id = ANY (public.caller_venues()))));

CREATE OR REPLACE FUNCTION public.user_is_excluded(someone uuid, place uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
RETURN (public.caller_is_staff() AND (place = ANY (public.caller_venues())) AND (EXISTS (SELECT FROM public.exclusions WHERE ((exclusions.user_id = user_is_excluded.someone) AND ((exclusions.venue_id IS NULL) OR (exclusions.venue_id = user_is_excluded.place)) AND (exclusions.starts_at <= now()) AND ((exclusions.ended_at IS NULL) OR (exclusions.ended_at > now())) AND ((exclusions.ends_at IS NULL) OR (exclusions.ends_at > now()) OR (exclusions.kind = 'self_exclusion'::text))))));

CREATE OR REPLACE FUNCTION public.incident_location_reports(incident uuid)
 RETURNS SETOF public.location_reports
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT report.id,
     report.session_id,
     report.venue_id,
     report.user_id,
     report.lat,
     report.lon,
     report.accuracy_m,
     report.distance_m,
     report.fix_at,
     report.received_at,
     report.verdict,
     report.incident_id
    FROM public.location_reports report
   WHERE ((report.incident_id = incident_location_reports.incident) AND public.caller_is_management() AND (report.venue_id = ANY (public.caller_venues())));
END;

create view public.tills_of_staff with (security_barrier=true) as
 SELECT id,
    venue_id,
    staff_id,
    shift_id,
    drawer,
    currency,
    status,
    opening_minor,
        CASE
            WHEN (counted_minor IS NOT NULL) THEN expected_minor
            ELSE NULL::bigint
        END AS expected_minor,
    counted,
    counted_minor,
    variance_minor,
    signed_by,
    opened_at,
    ended_at,
    closed_at,
    version
   FROM public.tills
  WHERE (public.caller_is_staff() AND (staff_id = public.caller_id()) AND (venue_id = ANY (public.caller_venues())));

create view public.shifts_on_duty with (security_barrier=true) as
 SELECT id,
    venue_id,
    staff_id,
    display_name,
    status,
    started_at
   FROM public.staff_shifts
  WHERE (public.caller_is_staff() AND (venue_id = ANY (public.caller_venues())) AND (status = ANY (ARRAY['open'::text, 'on_break'::text])));

create view public.erasure_progress with (security_barrier=true) as
 SELECT id,
    kind,
    status,
    requested_at,
    due_at,
    done_at
   FROM public.erasure_jobs
  WHERE public.caller_is_owner();

CREATE OR REPLACE FUNCTION public.venue_busyness(place uuid)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT
         CASE
             WHEN ((10 * present.persons) >= (9 * venues.capacity)) THEN 'full'::text
             WHEN ((10 * present.persons) >= (4 * venues.capacity)) THEN 'lively'::text
             ELSE 'quiet'::text
         END AS "case"
    FROM public.venues,
     LATERAL ( SELECT (COALESCE(sum(sessions.party_size), (0)::numeric))::bigint AS persons
            FROM public.sessions
           WHERE ((sessions.venue_id = venues.id) AND (sessions.status <> ALL (ARRAY['closed'::text, 'voided'::text])))) present
   WHERE ((venues.id = venue_busyness.place) AND (public.caller_id() IS NOT NULL));
END;

CREATE OR REPLACE FUNCTION public.rooms_taken(rooms uuid[], span tstzrange)
 RETURNS TABLE(room_id uuid, during tstzrange)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT booked.room_id,
     booked.during
    FROM public.reservations booked
   WHERE ((booked.room_id = ANY (rooms_taken.rooms)) AND (booked.during && rooms_taken.span) AND (booked.status = ANY (ARRAY['confirmed'::text, 'arrived'::text])) AND (public.caller_id() IS NOT NULL))
   ORDER BY booked.during;
END;

CREATE OR REPLACE FUNCTION public.items_sold_out(items uuid[])
 RETURNS SETOF uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT item.id
    FROM public.menu_items item
   WHERE ((item.id = ANY (items_sold_out.items)) AND (public.caller_id() IS NOT NULL) AND ((EXISTS ( SELECT
            FROM (jsonb_to_recordset(item.recipe) part(item_id uuid, amount_milli bigint)
              LEFT JOIN public.inventory_levels level ON (((level.venue_id = item.venue_id) AND (level.item_id = part.item_id))))
           WHERE (COALESCE((level.on_hand_milli - level.reserved_milli), (0)::bigint) < part.amount_milli))) OR ((item.recipe = '[]'::jsonb) AND (EXISTS ( SELECT
            FROM public.inventory_levels level
           WHERE ((level.venue_id = item.venue_id) AND (level.item_id = item.id) AND ((level.on_hand_milli - level.reserved_milli) < 1000)))))));
END;

CREATE OR REPLACE FUNCTION public.every_venue_id()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT COALESCE(array_agg(venues.id ORDER BY venues.id), '{}'::uuid[]) AS "coalesce"
    FROM public.venues
   WHERE public.caller_is_owner();
END;

create table runtime.approvals_used (
    venue_id uuid not null,
    decider_id uuid not null,
    business_day date not null,
    kind text not null,
    used_minor bigint not null,
    version bigint not null,
    constraint approvals_used_pkey PRIMARY KEY (venue_id, decider_id, business_day, kind),
    constraint approvals_used_kind_check CHECK ((kind = ANY (ARRAY['refund'::text, 'grant'::text]))),
    constraint approvals_used_used_minor_check CHECK ((used_minor >= 0)),
    constraint approvals_used_version_check CHECK ((version > 0))
);

create table runtime.time_used (
    user_id uuid not null,
    business_day date not null,
    active_ms bigint not null,
    version bigint not null,
    constraint time_used_pkey PRIMARY KEY (user_id, business_day),
    constraint time_used_active_ms_check CHECK ((active_ms >= 0)),
    constraint time_used_version_check CHECK ((version > 0))
);

CREATE OR REPLACE FUNCTION public.sees_transaction(wanted uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT (EXISTS ( SELECT
            FROM public.transactions
           WHERE ((transactions.id = sees_transaction.wanted) AND ((transactions.user_id = public.caller_id()) OR (public.caller_is_staff() AND (transactions.venue_id = ANY (public.caller_venues()))))))) AS "exists";
END;

CREATE OR REPLACE FUNCTION public.moved_by(wanted uuid)
 RETURNS TABLE(journal_id uuid, account_code text, amount_minor bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT journal.id,
     line.account_code,
     line.amount_minor
    FROM (public.ledger_journals journal
      JOIN public.ledger_postings line ON ((line.journal_id = journal.id)))
   WHERE ((journal.transaction_id = moved_by.wanted) AND public.sees_transaction(moved_by.wanted))
   ORDER BY journal.seq, line.line;
END;

CREATE OR REPLACE FUNCTION public.refunded_of(wanted uuid)
 RETURNS TABLE(purchase_id uuid, qty bigint, amount_minor bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT part.purchase_id,
     (sum(part.qty))::bigint AS sum,
     (sum(part.amount_minor))::bigint AS sum
    FROM public.refunds,
     LATERAL jsonb_to_recordset(refunds.lines) part(purchase_id uuid, qty bigint, amount_minor bigint)
   WHERE ((refunds.transaction_id = refunded_of.wanted) AND (refunds.status <> ALL (ARRAY['rejected'::text, 'failed'::text])) AND public.sees_transaction(refunded_of.wanted))
   GROUP BY part.purchase_id;
END;

CREATE OR REPLACE FUNCTION public.trial_balance()
 RETURNS TABLE(currency text, balance_minor bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT account.currency,
     (sum(account.balance_minor))::bigint AS sum
    FROM public.ledger_accounts account
   WHERE public.caller_is_owner()
   GROUP BY account.currency
   ORDER BY account.currency;
END;

create table runtime.recent_plays (
    game_id uuid not null,
    user_id uuid not null,
    venue_id uuid not null,
    played_at timestamp with time zone not null,
    version bigint not null,
    constraint recent_plays_pkey PRIMARY KEY (game_id, user_id),
    constraint recent_plays_version_check CHECK ((version > 0))
);

CREATE INDEX recent_plays_venue_id_idx ON runtime.recent_plays USING btree (venue_id, played_at);

create table runtime.schedule_weeks (
    venue_id uuid not null,
    week date not null,
    ends_at timestamp with time zone not null,
    version bigint not null,
    constraint schedule_weeks_pkey PRIMARY KEY (venue_id, week),
    constraint schedule_weeks_version_check CHECK ((version > 0))
);

create table runtime.shift_claims (
    schedule_id uuid not null,
    venue_id uuid not null,
    week date not null,
    staff_id uuid not null,
    starts_at timestamp with time zone not null,
    ends_at timestamp with time zone not null,
    version bigint not null,
    constraint shift_claims_pkey PRIMARY KEY (schedule_id),
    constraint shift_claims_check CHECK ((ends_at > starts_at)),
    constraint shift_claims_version_check CHECK ((version > 0))
);

CREATE INDEX shift_claims_ends_at_idx ON runtime.shift_claims USING btree (ends_at);

CREATE OR REPLACE FUNCTION public.schedule_version(place uuid, monday date)
 RETURNS bigint
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
RETURN COALESCE((SELECT (schedule_weeks.version + 1) FROM runtime.schedule_weeks WHERE ((schedule_weeks.venue_id = schedule_version.place) AND (schedule_weeks.week = schedule_version.monday) AND public.caller_is_staff() AND (schedule_version.place = ANY (public.caller_venues())))), (1)::bigint);

CREATE OR REPLACE FUNCTION public.staff_figures(someone uuid, asked uuid[], since timestamp with time zone)
 RETURNS TABLE(week date, worked_minutes bigint, tasks_done bigint, tasks_on_time bigint, task_seconds_p50 bigint, sos_seconds_p50 bigint, sales_minor bigint, tips_minor bigint, voids bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 WITH places AS (
          SELECT venues.id,
             venues.tz,
             venues.cutover_local
            FROM public.venues
           WHERE ((venues.id = ANY (staff_figures.asked)) AND (venues.id = ANY (public.caller_venues())) AND (public.caller_is_management() OR (public.caller_is_staff() AND (staff_figures.someone = public.caller_id()))))
         ), facts AS (
          SELECT places_1.id AS venue_id,
             shift.started_at AS at,
             shift.worked_ms,
             NULL::boolean AS on_time,
             NULL::bigint AS task_ms,
             NULL::bigint AS sos_ms,
             NULL::bigint AS sale_minor,
             NULL::bigint AS tip_minor,
             NULL::boolean AS voided
            FROM (public.staff_shifts shift
              JOIN places places_1 ON ((places_1.id = shift.venue_id)))
           WHERE ((shift.staff_id = staff_figures.someone) AND (shift.started_at >= staff_figures.since))
         UNION ALL
          SELECT places_1.id,
             task.done_at,
             NULL::bigint AS worked_ms,
             ((task.due_at IS NULL) OR (task.done_at <= task.due_at)) AS on_time,
             ((EXTRACT(epoch FROM (task.accepted_at - task.created_at)) * (1000)::numeric))::bigint AS task_ms,
             NULL::bigint AS sos_ms,
             NULL::bigint AS sale_minor,
             NULL::bigint AS tip_minor,
             NULL::boolean AS voided
            FROM (public.staff_tasks task
              JOIN places places_1 ON ((places_1.id = task.venue_id)))
           WHERE ((task.assignee_id = staff_figures.someone) AND (task.status = 'done'::text) AND (task.done_at >= staff_figures.since))
         UNION ALL
          SELECT places_1.id,
             incident.acked_at,
             NULL::bigint AS worked_ms,
             NULL::boolean AS on_time,
             NULL::bigint AS task_ms,
             ((EXTRACT(epoch FROM (incident.acked_at - incident.raised_at)) * (1000)::numeric))::bigint AS sos_ms,
             NULL::bigint AS sale_minor,
             NULL::bigint AS tip_minor,
             NULL::boolean AS voided
            FROM (public.incidents incident
              JOIN places places_1 ON ((places_1.id = incident.venue_id)))
           WHERE ((incident.owner_id = staff_figures.someone) AND (incident.acked_at >= staff_figures.since))
         UNION ALL
          SELECT places_1.id,
             sale.occurred_at,
             NULL::bigint AS worked_ms,
             NULL::boolean AS on_time,
             NULL::bigint AS task_ms,
             NULL::bigint AS sos_ms,
                 CASE
                     WHEN ((sale.kind = ANY (ARRAY['purchase'::text, 'topup'::text])) AND (sale.status = 'posted'::text)) THEN sale.amount_minor
                     ELSE NULL::bigint
                 END AS sale_minor,
                 CASE
                     WHEN (sale.status = 'posted'::text) THEN sale.tip_minor
                     ELSE NULL::bigint
                 END AS tip_minor,
             (sale.status = 'voided'::text) AS voided
            FROM (public.transactions sale
              JOIN places places_1 ON ((places_1.id = sale.venue_id)))
           WHERE ((sale.created_by = staff_figures.someone) AND (sale.user_id <> staff_figures.someone) AND (sale.occurred_at >= staff_figures.since))
         UNION ALL
          SELECT places_1.id,
             tip.occurred_at,
             NULL::bigint AS worked_ms,
             NULL::boolean AS on_time,
             NULL::bigint AS task_ms,
             NULL::bigint AS sos_ms,
             NULL::bigint AS sale_minor,
             tip.amount_minor,
             NULL::boolean AS voided
            FROM ((public.transactions sale
              JOIN public.transactions tip ON ((tip.about_id = sale.id)))
              JOIN places places_1 ON ((places_1.id = sale.venue_id)))
           WHERE ((sale.created_by = staff_figures.someone) AND (sale.user_id <> staff_figures.someone) AND (sale.occurred_at >= staff_figures.since) AND (tip.kind = 'tip'::text) AND (tip.status = 'posted'::text))
         )
  SELECT (date_trunc('week'::text, ((facts.at AT TIME ZONE places.tz) - (places.cutover_local)::interval)))::date AS week,
     ((COALESCE(sum(facts.worked_ms), (0)::numeric))::bigint / 60000) AS worked_minutes,
     count(*) FILTER (WHERE (facts.on_time IS NOT NULL)) AS tasks_done,
     count(*) FILTER (WHERE facts.on_time) AS tasks_on_time,
     (percentile_disc((0.5)::double precision) WITHIN GROUP (ORDER BY facts.task_ms) / 1000) AS task_seconds_p50,
     (percentile_disc((0.5)::double precision) WITHIN GROUP (ORDER BY facts.sos_ms) / 1000) AS sos_seconds_p50,
     (COALESCE(sum(facts.sale_minor), (0)::numeric))::bigint AS sales_minor,
     (COALESCE(sum(facts.tip_minor), (0)::numeric))::bigint AS tips_minor,
     count(*) FILTER (WHERE facts.voided) AS voids
    FROM (facts
      JOIN places ON ((places.id = facts.venue_id)))
   GROUP BY GROUPING SETS ((((date_trunc('week'::text, ((facts.at AT TIME ZONE places.tz) - (places.cutover_local)::interval)))::date)), ());
END;

create table runtime.safety_holds (
    venue_id uuid not null,
    user_id uuid not null,
    session_id uuid,
    intervention_id uuid,
    level bigint not null,
    since timestamp with time zone not null,
    ends_at timestamp with time zone,
    version bigint not null,
    constraint safety_holds_pkey PRIMARY KEY (venue_id, user_id),
    constraint safety_holds_level_check CHECK (((level >= 1) AND (level <= 5))),
    constraint safety_holds_version_check CHECK ((version > 0))
);

create table runtime.trading (
    venue_id uuid not null,
    z_number bigint not null,
    closed_through date not null,
    version bigint not null,
    constraint trading_pkey PRIMARY KEY (venue_id),
    constraint trading_version_check CHECK ((version > 0)),
    constraint trading_z_number_check CHECK ((z_number > 0))
);

create table runtime.planned_settings (
    id uuid not null,
    venue_id uuid not null,
    effective_at timestamp with time zone not null,
    patch jsonb not null,
    set_by uuid,
    planned_at timestamp with time zone not null,
    version bigint not null,
    constraint planned_settings_pkey PRIMARY KEY (id),
    constraint planned_settings_version_check CHECK ((version > 0))
);

CREATE INDEX planned_settings_venue_id_idx ON runtime.planned_settings USING btree (venue_id);

create table runtime.platform_settings (
    name text not null,
    value bigint,
    set_by uuid,
    set_at timestamp with time zone not null,
    version bigint not null,
    constraint platform_settings_pkey PRIMARY KEY (name),
    constraint platform_settings_version_check CHECK ((version > 0))
);

CREATE OR REPLACE FUNCTION public.day_figures_unchecked(place uuid, day date, starts timestamp with time zone, ends timestamp with time zone)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 WITH lines AS (
          SELECT posting.account_code AS code,
             posting.amount_minor AS minor,
             journal.source,
             transaction.kind
            FROM ((public.ledger_journals journal
              JOIN public.ledger_postings posting ON ((posting.journal_id = journal.id)))
              LEFT JOIN public.transactions transaction ON ((transaction.id = journal.transaction_id)))
           WHERE ((journal.venue_id = day_figures_unchecked.place) AND (journal.business_day = day_figures_unchecked.day))
         ), earned AS (
          SELECT split_part(lines.code, ':'::text, 4) AS kind,
             (sum(lines.minor))::bigint AS minor
            FROM lines
           WHERE (lines.code ~~ 'venue:%:revenue:%'::text)
           GROUP BY (split_part(lines.code, ':'::text, 4))
         ), owed AS (
          SELECT
                 CASE
                     WHEN (lines.source ~~ 'bonus_expired%'::text) THEN 'expired'::text
                     WHEN ((lines.kind = 'topup'::text) AND (lines.code ~~ 'user:%:bonus'::text)) THEN 'granted'::text
                     WHEN (lines.kind = 'topup'::text) THEN 'sold'::text
                     WHEN (lines.kind = 'grant'::text) THEN 'granted'::text
                     WHEN (lines.kind = ANY (ARRAY['purchase'::text, 'usage'::text, 'tip'::text])) THEN 'used'::text
                     WHEN (lines.kind = ANY (ARRAY['refund'::text, 'dispute'::text])) THEN 'refunded'::text
                     ELSE 'other'::text
                 END AS why,
             (sum(lines.minor))::bigint AS minor
            FROM lines
           WHERE (lines.code ~~ 'user:%'::text)
           GROUP BY
                 CASE
                     WHEN (lines.source ~~ 'bonus_expired%'::text) THEN 'expired'::text
                     WHEN ((lines.kind = 'topup'::text) AND (lines.code ~~ 'user:%:bonus'::text)) THEN 'granted'::text
                     WHEN (lines.kind = 'topup'::text) THEN 'sold'::text
                     WHEN (lines.kind = 'grant'::text) THEN 'granted'::text
                     WHEN (lines.kind = ANY (ARRAY['purchase'::text, 'usage'::text, 'tip'::text])) THEN 'used'::text
                     WHEN (lines.kind = ANY (ARRAY['refund'::text, 'dispute'::text])) THEN 'refunded'::text
                     ELSE 'other'::text
                 END
         ), closed_before AS (
          SELECT business_days.business_day,
             (((business_days.totals -> 'liability'::text) ->> 'closing_minor'::text))::bigint AS minor
            FROM public.business_days
           WHERE ((business_days.venue_id = day_figures_unchecked.place) AND (business_days.business_day < day_figures_unchecked.day) AND (business_days.status = 'closed'::text))
           ORDER BY business_days.business_day DESC
          LIMIT 1
         ), opening AS (
          SELECT (((COALESCE(( SELECT closed_before.minor
                    FROM closed_before), (0)::bigint))::numeric + COALESCE(sum(posting.amount_minor), (0)::numeric)))::bigint AS minor
            FROM (public.ledger_journals journal
              JOIN public.ledger_postings posting ON ((posting.journal_id = journal.id)))
           WHERE ((journal.venue_id = day_figures_unchecked.place) AND (posting.account_code ~~ 'user:%'::text) AND (journal.business_day < day_figures_unchecked.day) AND (journal.business_day > COALESCE(( SELECT closed_before.business_day
                    FROM closed_before), '-infinity'::date)))
         ), booked AS (
          SELECT transactions.id,
             transactions.venue_id,
             transactions.user_id,
             transactions.kind,
             transactions.status,
             transactions.tender,
             transactions.amount_minor,
             transactions.tax_minor,
             transactions.tip_minor,
             transactions.currency,
             transactions.business_day,
             transactions.session_id,
             transactions.shift_id,
             transactions.till_id,
             transactions.payment_id,
             transactions.package_id,
             transactions.reverses_id,
             transactions.reason,
             transactions.note,
             transactions.created_by,
             transactions.occurred_at,
             transactions.posted_at,
             transactions.expires_at,
             transactions.version,
             transactions.about_id,
             transactions.sources,
             transactions.tip_sources,
             transactions.bonus_minor,
             transactions.bonus_days
            FROM public.transactions
           WHERE ((transactions.venue_id = day_figures_unchecked.place) AND (transactions.business_day = day_figures_unchecked.day))
         ), pending AS (
          SELECT transactions.id,
             transactions.amount_minor,
             transactions.occurred_at
            FROM public.transactions
           WHERE ((transactions.venue_id = day_figures_unchecked.place) AND (transactions.status = 'pending'::text) AND (transactions.kind = 'purchase'::text) AND (transactions.occurred_at < day_figures_unchecked.ends))
         )
  SELECT jsonb_build_object('net_minor', COALESCE(( SELECT sum(earned.minor) AS sum
            FROM earned), (0)::numeric), 'tax_minor', COALESCE(( SELECT sum(lines.minor) AS sum
            FROM lines
           WHERE (lines.code ~~ 'venue:%:tax'::text)), (0)::numeric), 'tips_minor', COALESCE(( SELECT sum(lines.minor) AS sum
            FROM lines
           WHERE (lines.code ~~ 'venue:%:tips'::text)), (0)::numeric), 'promo_minor', COALESCE(( SELECT (- sum(lines.minor))
            FROM lines
           WHERE (lines.code ~~ 'venue:%:promo_expense'::text)), (0)::numeric), 'net_by_kind', COALESCE(( SELECT jsonb_object_agg(earned.kind, earned.minor ORDER BY earned.kind) AS jsonb_object_agg
            FROM earned), '{}'::jsonb), 'tax_by_rate', COALESCE(( SELECT jsonb_agg(by_rate.line ORDER BY (by_rate.line ->> 'what'::text), ((by_rate.line ->> 'rate_bp'::text))::bigint) AS jsonb_agg
            FROM ( SELECT jsonb_build_object('what', 'goods', 'rate_bp', sold.tax_rate_bp, 'gross_minor', sum(sold.total_minor), 'tax_minor', sum(sold.tax_minor)) AS line
                    FROM (public.purchases sold
                      JOIN booked ON ((booked.id = sold.transaction_id)))
                   WHERE (booked.status = 'posted'::text)
                   GROUP BY sold.tax_rate_bp
                 UNION ALL
                  SELECT jsonb_build_object('what', booked.kind, 'rate_bp', NULL::unknown, 'gross_minor', sum(booked.amount_minor), 'tax_minor', sum(booked.tax_minor)) AS jsonb_build_object
                    FROM booked
                   WHERE ((booked.status = 'posted'::text) AND (booked.kind = ANY (ARRAY['usage'::text, 'refund'::text, 'adjustment'::text])))
                   GROUP BY booked.kind) by_rate), '[]'::jsonb), 'tenders', COALESCE(( SELECT jsonb_agg(by_tender.line ORDER BY (by_tender.line ->> 'kind'::text), (by_tender.line ->> 'tender'::text)) AS jsonb_agg
            FROM ( SELECT jsonb_build_object('kind', booked.kind, 'tender', booked.tender, 'count', count(*), 'amount_minor', sum(booked.amount_minor), 'tip_minor', sum(booked.tip_minor)) AS line
                    FROM booked
                   WHERE (booked.status = 'posted'::text)
                   GROUP BY booked.kind, booked.tender) by_tender), '[]'::jsonb), 'refunds', ( SELECT jsonb_build_object('count', count(*), 'amount_minor', COALESCE(sum(booked.amount_minor), (0)::numeric)) AS jsonb_build_object
            FROM booked
           WHERE ((booked.status = 'posted'::text) AND (booked.kind = 'refund'::text))), 'voids', ( SELECT jsonb_build_object('count', count(*), 'amount_minor', COALESCE(sum(booked.amount_minor), (0)::numeric)) AS jsonb_build_object
            FROM booked
           WHERE (booked.status = 'voided'::text)), 'tills', COALESCE(( SELECT jsonb_agg(jsonb_build_object('till_id', tills.id, 'staff_id', tills.staff_id, 'drawer', tills.drawer, 'status', tills.status, 'opening_minor', tills.opening_minor, 'drops_minor', tills.drops_minor, 'expected_minor',
                 CASE
                     WHEN (tills.counted_minor IS NOT NULL) THEN tills.expected_minor
                     ELSE NULL::bigint
                 END, 'counted_minor', tills.counted_minor, 'variance_minor', tills.variance_minor) ORDER BY tills.id) AS jsonb_agg
            FROM public.tills
           WHERE ((tills.venue_id = day_figures_unchecked.place) AND (tills.opened_at >= day_figures_unchecked.starts) AND (tills.opened_at < day_figures_unchecked.ends))), '[]'::jsonb), 'liability', jsonb_build_object('opening_minor', ( SELECT opening.minor
            FROM opening), 'sold_minor', COALESCE(( SELECT owed.minor
            FROM owed
           WHERE (owed.why = 'sold'::text)), (0)::bigint), 'granted_minor', COALESCE(( SELECT owed.minor
            FROM owed
           WHERE (owed.why = 'granted'::text)), (0)::bigint), 'used_minor', (- COALESCE(( SELECT owed.minor
            FROM owed
           WHERE (owed.why = 'used'::text)), (0)::bigint)), 'refunded_minor', COALESCE(( SELECT owed.minor
            FROM owed
           WHERE (owed.why = 'refunded'::text)), (0)::bigint), 'expired_minor', (- COALESCE(( SELECT owed.minor
            FROM owed
           WHERE (owed.why = 'expired'::text)), (0)::bigint)), 'other_minor', COALESCE(( SELECT owed.minor
            FROM owed
           WHERE (owed.why = 'other'::text)), (0)::bigint), 'closing_minor', ((( SELECT opening.minor
            FROM opening))::numeric + COALESCE(( SELECT sum(owed.minor) AS sum
            FROM owed), (0)::numeric))), 'open_orders_count', ( SELECT count(*) AS count
            FROM pending), 'open_orders', COALESCE(( SELECT jsonb_agg(jsonb_build_object('transaction_id', pending.id, 'amount_minor', pending.amount_minor, 'ordered_at', to_char((pending.occurred_at AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'::text), 'name', COALESCE(( SELECT string_agg(((sold.qty || ' × '::text) || sold.name), ', '::text ORDER BY sold.line) AS string_agg
                    FROM public.purchases sold
                   WHERE (sold.transaction_id = pending.id)), ''::text)) ORDER BY pending.occurred_at, pending.id) AS jsonb_agg
            FROM ( SELECT pending_1.id,
                     pending_1.amount_minor,
                     pending_1.occurred_at
                    FROM pending pending_1
                   ORDER BY pending_1.occurred_at, pending_1.id
                  LIMIT 100) pending), '[]'::jsonb), 'journal_head', ( SELECT encode(ledger_journals.hash, 'hex'::text) AS encode
            FROM public.ledger_journals
           WHERE (ledger_journals.venue_id = day_figures_unchecked.place)
           ORDER BY ledger_journals.seq DESC
          LIMIT 1)) AS jsonb_build_object;
END;

CREATE OR REPLACE FUNCTION public.day_figures(place uuid, day date, starts timestamp with time zone, ends timestamp with time zone)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT public.day_figures_unchecked(place, day, starts, ends) AS day_figures_unchecked
   WHERE (public.caller_is_management() AND (place = ANY (public.caller_venues())));
END;

CREATE OR REPLACE FUNCTION public.chain_head_of(place uuid, name text)
 RETURNS TABLE(seq bigint, hash bytea)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT head.seq,
     head.hash
    FROM runtime.chain_heads head
   WHERE ((head.chain = chain_head_of.name) AND public.caller_is_owner() AND ((head.venue_id = ANY (public.caller_venues())) OR (head.venue_id = '00000000-0000-0000-0000-000000000000'::uuid)) AND (head.venue_id = COALESCE(chain_head_of.place, '00000000-0000-0000-0000-000000000000'::uuid)));
END;

CREATE OR REPLACE FUNCTION public.audit_links_of_platform(after_seq bigint, until_seq bigint, most bigint)
 RETURNS SETOF public.audit_log
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT audit_log.id,
     audit_log.seq,
     audit_log.venue_id,
     audit_log.at,
     audit_log.actor_id,
     audit_log.role,
     audit_log.action,
     audit_log.object_type,
     audit_log.object_id,
     NULL::jsonb AS jsonb,
     NULL::jsonb AS jsonb,
     NULL::bytea AS bytea,
     audit_log.detail_digest,
     audit_log.request_id,
     audit_log.ip,
     audit_log.prev_hash,
     audit_log.hash
    FROM public.audit_log
   WHERE ((audit_log.venue_id IS NULL) AND (audit_log.seq > audit_links_of_platform.after_seq) AND (audit_log.seq <= audit_links_of_platform.until_seq) AND public.caller_is_owner())
   ORDER BY audit_log.seq
  LIMIT audit_links_of_platform.most;
END;

CREATE OR REPLACE FUNCTION public.venue_figures(place uuid)
 RETURNS TABLE(present bigint, sessions bigint, on_duty bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT (COALESCE(sum(seat.party_size), (0)::numeric))::bigint AS "coalesce",
     count(*) AS count,
     ( SELECT count(*) AS count
            FROM runtime.duty_places duty
           WHERE (duty.venue_id = venue_figures.place)) AS count
    FROM runtime.floor_places seat
   WHERE ((seat.venue_id = venue_figures.place) AND (seat.version > 1) AND public.caller_is_owner() AND (venue_figures.place = ANY (public.caller_venues())));
END;

create table runtime.kept_exclusions (
    id uuid not null,
    identity_hash bytea not null,
    kind text not null,
    venue_id uuid,
    starts_at timestamp with time zone not null,
    ends_at timestamp with time zone,
    version bigint not null,
    constraint kept_exclusions_pkey PRIMARY KEY (id),
    constraint kept_exclusions_kind_check CHECK ((kind = ANY (ARRAY['cool_off'::text, 'self_exclusion'::text, 'venue_ban'::text]))),
    constraint kept_exclusions_version_check CHECK ((version > 0))
);

CREATE OR REPLACE FUNCTION public.people_found(wanted text, after uuid, most bigint)
 RETURNS SETOF uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 WITH alike AS MATERIALIZED (
          SELECT users.id
            FROM public.users
           WHERE ((public.trigrams(users.display_name) @> public.trigrams(people_found.wanted)) AND (users.deleted_at IS NULL) AND (POSITION((lower(people_found.wanted)) IN (lower(users.display_name))) > 0))
         UNION
          SELECT users.id
            FROM public.users
           WHERE ((lower(users.email) = lower(people_found.wanted)) AND (users.deleted_at IS NULL) AND public.caller_is_management())
         )
  SELECT alike.id
    FROM alike
   WHERE (public.caller_is_staff() AND ((people_found.after IS NULL) OR (alike.id < people_found.after)) AND public.user_was_at(alike.id, public.caller_venues()))
   ORDER BY alike.id DESC
  LIMIT people_found.most;
END;

CREATE OR REPLACE FUNCTION public.people_seen(someones uuid[])
 RETURNS TABLE(id uuid, display_name text, avatar text, photo text, status text, created_at timestamp with time zone, age_verified boolean, excluded boolean, roles text[], session_id uuid, session_venue_id uuid, session_status text, safety_level bigint, started_at timestamp with time zone, email text, email_verified boolean, phone text, birth_date date, emergency_contact jsonb, version bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT one.id,
     one.display_name,
     one.avatar,
     one.photo,
     one.status,
     one.created_at,
     (one.age_verified_at IS NOT NULL),
     (EXISTS ( SELECT
            FROM public.exclusions
           WHERE ((exclusions.user_id = one.id) AND ((exclusions.venue_id IS NULL) OR (exclusions.venue_id = ANY (public.caller_venues()))) AND (exclusions.starts_at <= now()) AND ((exclusions.ended_at IS NULL) OR (exclusions.ended_at > now())) AND ((exclusions.ends_at IS NULL) OR (exclusions.ends_at > now()) OR (exclusions.kind = 'self_exclusion'::text))))) AS "exists",
     ARRAY( SELECT DISTINCT user_roles.role
            FROM public.user_roles
           WHERE ((user_roles.user_id = one.id) AND (user_roles.revoked_at IS NULL) AND (user_roles.venue_id = ANY (public.caller_venues())))
           ORDER BY user_roles.role) AS "array",
     visit.id,
     visit.venue_id,
     visit.status,
     visit.safety_level,
     visit.started_at,
         CASE
             WHEN public.caller_is_management() THEN one.email
             ELSE NULL::text
         END AS "case",
         CASE
             WHEN public.caller_is_management() THEN (one.email_verified_at IS NOT NULL)
             ELSE NULL::boolean
         END AS "case",
         CASE
             WHEN public.caller_is_management() THEN one.phone
             ELSE NULL::text
         END AS "case",
         CASE
             WHEN public.caller_is_management() THEN one.birth_date
             ELSE NULL::date
         END AS "case",
         CASE
             WHEN public.caller_is_management() THEN one.emergency_contact
             ELSE NULL::jsonb
         END AS "case",
     one.version
    FROM (public.users one
      LEFT JOIN LATERAL ( SELECT sessions.id,
             sessions.venue_id,
             sessions.user_id,
             sessions.display_name,
             sessions.status,
             sessions.activity,
             sessions.zone,
             sessions.station_id,
             sessions.party_size,
             sessions.business_day,
             sessions.started_at,
             sessions.status_since,
             sessions.ended_at,
             sessions.cause,
             sessions.paused_ms,
             sessions.pauses_used,
             sessions.safety_level,
             sessions.held_minor,
             sessions.hold_id,
             sessions.charged_minor,
             sessions.reservation_id,
             sessions.assisted,
             sessions.note,
             sessions.geofence,
             sessions.meter,
             sessions.deadline_at,
             sessions.version,
             sessions.table_name
            FROM public.sessions
           WHERE ((sessions.user_id = one.id) AND (sessions.venue_id = ANY (public.caller_venues())) AND (sessions.status = ANY (ARRAY['active'::text, 'paused'::text, 'auto_paused'::text, 'cooling'::text, 'closing'::text])))
          LIMIT 1) visit ON (true))
   WHERE ((one.id = ANY (people_seen.someones)) AND (one.deleted_at IS NULL) AND public.caller_is_staff() AND public.user_was_at(one.id, public.caller_venues()))
   ORDER BY one.id DESC;
END;

CREATE OR REPLACE FUNCTION public.day_bounds(place uuid, day date)
 RETURNS TABLE(starts_at timestamp with time zone, ends_at timestamp with time zone)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT COALESCE(known.starts_at, ((day_bounds.day + venue.cutover_local) AT TIME ZONE venue.tz)) AS "coalesce",
     COALESCE(known.ends_at, (((day_bounds.day + 1) + venue.cutover_local) AT TIME ZONE venue.tz)) AS "coalesce"
    FROM (public.venues venue
      LEFT JOIN public.business_days known ON (((known.venue_id = venue.id) AND (known.business_day = day_bounds.day))))
   WHERE (venue.id = day_bounds.place);
END;

CREATE OR REPLACE FUNCTION public.visits_of_day(place uuid, day date, asked timestamp with time zone)
 RETURNS TABLE(user_id uuid, persons bigint, started_at timestamp with time zone, ended_at timestamp with time zone)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT session_history.user_id,
     COALESCE(((session_history.summary ->> 'party_size'::text))::bigint, (1)::bigint) AS "coalesce",
     session_history.started_at,
     session_history.ended_at
    FROM public.session_history
   WHERE ((session_history.venue_id = visits_of_day.place) AND (session_history.status = 'closed'::text) AND (session_history.business_day = visits_of_day.day))
 UNION ALL
  SELECT sessions.user_id,
     sessions.party_size,
     sessions.started_at,
     COALESCE(sessions.ended_at, visits_of_day.asked) AS "coalesce"
    FROM public.sessions
   WHERE ((sessions.venue_id = visits_of_day.place) AND (sessions.business_day = visits_of_day.day) AND (sessions.status <> ALL (ARRAY['closed'::text, 'voided'::text])));
END;

CREATE OR REPLACE FUNCTION public.presence_of_day(place uuid, day date, asked timestamp with time zone)
 RETURNS TABLE(persons bigint, since timestamp with time zone, until timestamp with time zone)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT visit.persons,
     GREATEST(visit.started_at, bounds.starts_at) AS "greatest",
     LEAST(visit.ended_at, bounds.ends_at) AS "least"
    FROM public.day_bounds(presence_of_day.place, presence_of_day.day) bounds(starts_at, ends_at),
     LATERAL ( SELECT COALESCE(((session_history.summary ->> 'party_size'::text))::bigint, (1)::bigint) AS persons,
             session_history.started_at,
             session_history.ended_at
            FROM public.session_history
           WHERE ((session_history.venue_id = presence_of_day.place) AND (session_history.status = 'closed'::text) AND (session_history.started_at < bounds.ends_at) AND (session_history.started_at > (bounds.starts_at - '2 days'::interval)) AND (session_history.ended_at > bounds.starts_at))
         UNION ALL
          SELECT sessions.party_size,
             sessions.started_at,
             COALESCE(sessions.ended_at, presence_of_day.asked) AS "coalesce"
            FROM public.sessions
           WHERE ((sessions.venue_id = presence_of_day.place) AND (sessions.status <> ALL (ARRAY['closed'::text, 'voided'::text])) AND (sessions.started_at < bounds.ends_at) AND (COALESCE(sessions.ended_at, presence_of_day.asked) > bounds.starts_at))) visit;
END;

CREATE OR REPLACE FUNCTION public.sums_of_day(place uuid, day date, asked timestamp with time zone)
 RETURNS TABLE(metric text, dimension text, value bigint)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 WITH line AS (
          SELECT split_part(posting.account_code, ':'::text, 3) AS account,
             split_part(posting.account_code, ':'::text, 4) AS sort,
             posting.amount_minor,
             to_char((journal.posted_at AT TIME ZONE venue.tz), 'HH24'::text) AS hour,
             deal.tender,
             deal.session_id,
             (NOT (deal.kind IS DISTINCT FROM 'refund'::text)) AS refund,
             (NOT (deal.kind IS DISTINCT FROM 'usage'::text)) AS usage
            FROM (((public.ledger_journals journal
              JOIN public.venues venue ON ((venue.id = journal.venue_id)))
              JOIN public.ledger_postings posting ON ((posting.journal_id = journal.id)))
              LEFT JOIN public.transactions deal ON ((deal.id = journal.transaction_id)))
           WHERE ((journal.venue_id = sums_of_day.place) AND (journal.business_day = sums_of_day.day) AND (split_part(posting.account_code, ':'::text, 3) = ANY (ARRAY['revenue'::text, 'tax'::text, 'tips'::text])))
         ), sale AS (
          SELECT line.amount_minor,
             line.hour,
             line.tender,
             line.usage,
             line.session_id
            FROM line
           WHERE ((line.account = ANY (ARRAY['revenue'::text, 'tax'::text])) AND (NOT line.refund))
         ), booked AS (
          SELECT sale.session_id,
             (sum(sale.amount_minor))::bigint AS minor
            FROM sale
           WHERE sale.usage
           GROUP BY sale.session_id
         ), cost AS (
          SELECT booked.session_id,
             booked.minor,
             COALESCE(segment.activity, 'other'::text) AS activity,
             (COALESCE(sum(segment.charge_minor), (0)::numeric))::bigint AS minor_of
            FROM (booked
              LEFT JOIN public.session_segments segment ON (((segment.session_id = booked.session_id) AND ((segment.business_day = sums_of_day.day) OR (NOT (EXISTS ( SELECT
                    FROM public.session_segments one
                   WHERE ((one.session_id = booked.session_id) AND (one.business_day = sums_of_day.day)))))))))
           GROUP BY booked.session_id, booked.minor, segment.activity
         ), ranked AS (
          SELECT cost.session_id,
             cost.minor,
             cost.activity,
             cost.minor_of,
             sum(cost.minor_of) OVER (PARTITION BY cost.session_id) AS whole,
             row_number() OVER (PARTITION BY cost.session_id ORDER BY cost.minor_of DESC, cost.activity) AS rank
            FROM cost
         ), part AS (
          SELECT ranked.session_id,
             ranked.minor,
             ranked.activity,
             ranked.rank,
                 CASE
                     WHEN (ranked.rank > 1) THEN ((((ranked.minor * ranked.minor_of))::numeric / GREATEST(ranked.whole, (1)::numeric)))::bigint
                     ELSE (0)::bigint
                 END AS minor_of
            FROM ranked
         ), split AS (
          SELECT part.activity,
                 CASE part.rank
                     WHEN 1 THEN ((part.minor)::numeric - sum(part.minor_of) OVER (PARTITION BY part.session_id))
                     ELSE (part.minor_of)::numeric
                 END AS minor_of
            FROM part
         ), sold AS (
          SELECT COALESCE(purchase.item_id, purchase.game_id) AS thing,
             purchase.game_id,
             purchase.qty,
             purchase.total_minor
            FROM (public.transactions deal
              JOIN public.purchases purchase ON ((purchase.transaction_id = deal.id)))
           WHERE ((deal.venue_id = sums_of_day.place) AND (deal.business_day = sums_of_day.day) AND (deal.kind = 'purchase'::text) AND (deal.status = 'posted'::text) AND (purchase.status <> 'voided'::text))
         ), segment AS (
          SELECT session_segments.activity,
             session_segments.station_id,
             session_segments.active_ms
            FROM public.session_segments
           WHERE ((session_segments.venue_id = sums_of_day.place) AND (session_segments.business_day = sums_of_day.day) AND (NOT (EXISTS ( SELECT
                    FROM public.session_history
                   WHERE ((session_history.id = session_segments.session_id) AND (session_history.status = 'voided'::text))))))
         ), visit AS (
          SELECT visits_of_day.user_id,
             visits_of_day.persons,
             visits_of_day.started_at,
             visits_of_day.ended_at
            FROM public.visits_of_day(sums_of_day.place, sums_of_day.day, sums_of_day.asked) visits_of_day(user_id, persons, started_at, ended_at)
         ), there AS (
          SELECT presence_of_day.persons,
             presence_of_day.since,
             presence_of_day.until
            FROM public.presence_of_day(sums_of_day.place, sums_of_day.day, sums_of_day.asked) presence_of_day(persons, since, until)
         ), step AS (
          SELECT sum(moves.persons) OVER (ORDER BY moves.at, moves.persons) AS present
            FROM ( SELECT there.since AS at,
                     there.persons
                    FROM there
                 UNION ALL
                  SELECT there.until,
                     (- there.persons)
                    FROM there) moves
         ), slot AS (
          SELECT to_char((moment.at AT TIME ZONE venue.tz), 'HH24:MI'::text) AS slot,
             ( SELECT (COALESCE(sum(there.persons), (0)::numeric))::bigint AS "coalesce"
                    FROM there
                   WHERE ((there.since <= moment.at) AND (moment.at < there.until))) AS present
            FROM public.venues venue,
             public.day_bounds(sums_of_day.place, sums_of_day.day) bounds(starts_at, ends_at),
             LATERAL generate_series(bounds.starts_at, (bounds.ends_at - '00:00:01'::interval), '00:15:00'::interval) moment(at)
           WHERE ((venue.id = sums_of_day.place) AND (moment.at <= sums_of_day.asked))
         )
  SELECT 'gross_minor'::text,
     ''::text,
     (COALESCE(sum(sale.amount_minor), (0)::numeric))::bigint AS "coalesce"
    FROM sale
 UNION ALL
  SELECT 'refunds_minor'::text,
     ''::text,
     (COALESCE((- sum(line.amount_minor)), (0)::numeric))::bigint AS "coalesce"
    FROM line
   WHERE ((line.account = ANY (ARRAY['revenue'::text, 'tax'::text])) AND line.refund)
 UNION ALL
  SELECT 'tax_minor'::text,
     ''::text,
     (COALESCE(sum(line.amount_minor), (0)::numeric))::bigint AS "coalesce"
    FROM line
   WHERE (line.account = 'tax'::text)
 UNION ALL
  SELECT 'net_minor'::text,
     ''::text,
     (COALESCE(sum(line.amount_minor), (0)::numeric))::bigint AS "coalesce"
    FROM line
   WHERE (line.account = 'revenue'::text)
 UNION ALL
  SELECT 'tips_minor'::text,
     ''::text,
     (COALESCE(sum(line.amount_minor), (0)::numeric))::bigint AS "coalesce"
    FROM line
   WHERE (line.account = 'tips'::text)
 UNION ALL
  SELECT 'net_by_kind'::text,
     line.sort,
     (sum(line.amount_minor))::bigint AS sum
    FROM line
   WHERE (line.account = 'revenue'::text)
   GROUP BY line.sort
 UNION ALL
  SELECT 'gross_by_hour'::text,
     sale.hour,
     (sum(sale.amount_minor))::bigint AS sum
    FROM sale
   GROUP BY sale.hour
 UNION ALL
  SELECT 'gross_by_tender'::text,
     COALESCE(sale.tender, 'none'::text) AS "coalesce",
     (sum(sale.amount_minor))::bigint AS sum
    FROM sale
   GROUP BY sale.tender
 UNION ALL
  SELECT 'gross_by_activity'::text,
     split.activity,
     (sum(split.minor_of))::bigint AS sum
    FROM split
   GROUP BY split.activity
 UNION ALL
  SELECT 'gross_by_activity'::text,
     'orders'::text,
     (sum(sale.amount_minor))::bigint AS sum
    FROM sale
   WHERE (NOT sale.usage)
  HAVING (count(*) > 0)
 UNION ALL
  SELECT 'gross_by_item'::text,
     (sold.thing)::text AS thing,
     (sum(sold.total_minor))::bigint AS sum
    FROM sold
   GROUP BY sold.thing
 UNION ALL
  SELECT 'sold_by_item'::text,
     (sold.thing)::text AS thing,
     (sum(sold.qty))::bigint AS sum
    FROM sold
   GROUP BY sold.thing
 UNION ALL
  SELECT 'plays_by_game'::text,
     (sold.game_id)::text AS game_id,
     (sum(sold.qty))::bigint AS sum
    FROM sold
   WHERE (sold.game_id IS NOT NULL)
   GROUP BY sold.game_id
 UNION ALL
  SELECT 'minutes_by_activity'::text,
     segment.activity,
     ((sum(segment.active_ms) / (60000)::numeric))::bigint AS int8
    FROM segment
   GROUP BY segment.activity
 UNION ALL
  SELECT 'minutes_by_station'::text,
     (segment.station_id)::text AS station_id,
     ((sum(segment.active_ms) / (60000)::numeric))::bigint AS int8
    FROM segment
   WHERE (segment.station_id IS NOT NULL)
   GROUP BY segment.station_id
 UNION ALL
  SELECT 'visits'::text,
     ''::text,
     count(*) AS count
    FROM visit
 UNION ALL
  SELECT 'patrons'::text,
     ''::text,
     count(DISTINCT visit.user_id) AS count
    FROM visit
 UNION ALL
  SELECT 'peak_persons'::text,
     ''::text,
     (COALESCE(max(step.present), (0)::numeric))::bigint AS "coalesce"
    FROM step
 UNION ALL
  SELECT 'persons_by_slot'::text,
     slot.slot,
     max(slot.present) AS max
    FROM slot
   GROUP BY slot.slot
 UNION ALL
  SELECT 'visits_by_dwell'::text,
         CASE
             WHEN ((visit.ended_at - visit.started_at) < '00:30:00'::interval) THEN '000-030'::text
             WHEN ((visit.ended_at - visit.started_at) < '01:00:00'::interval) THEN '030-060'::text
             WHEN ((visit.ended_at - visit.started_at) < '02:00:00'::interval) THEN '060-120'::text
             WHEN ((visit.ended_at - visit.started_at) < '04:00:00'::interval) THEN '120-240'::text
             ELSE '240-'::text
         END AS "case",
     count(*) AS count
    FROM visit
   GROUP BY
         CASE
             WHEN ((visit.ended_at - visit.started_at) < '00:30:00'::interval) THEN '000-030'::text
             WHEN ((visit.ended_at - visit.started_at) < '01:00:00'::interval) THEN '030-060'::text
             WHEN ((visit.ended_at - visit.started_at) < '02:00:00'::interval) THEN '060-120'::text
             WHEN ((visit.ended_at - visit.started_at) < '04:00:00'::interval) THEN '120-240'::text
             ELSE '240-'::text
         END;
END;

CREATE OR REPLACE FUNCTION public.sums_of_day_for_caller(place uuid, day date, asked timestamp with time zone)
 RETURNS TABLE(metric text, dimension text, value bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT figure.metric,
     figure.dimension,
     figure.value
    FROM public.sums_of_day(sums_of_day_for_caller.place, sums_of_day_for_caller.day, sums_of_day_for_caller.asked) figure(metric, dimension, value)
   WHERE (public.caller_is_management() AND (sums_of_day_for_caller.place = ANY (public.caller_venues())));
END;

create view public.countable_patrons as
 SELECT venue_id,
    user_pseudonym,
    period,
    visits,
    minutes,
    spend_minor,
    activities,
    cohort,
    updated_at
   FROM public.patron_analytics one
  WHERE (NOT (EXISTS ( SELECT
           FROM (public.users patron
             LEFT JOIN public.user_preferences wish ON ((wish.user_id = patron.id)))
          WHERE ((patron.pseudonym = one.user_pseudonym) AND ((patron.deleted_at IS NOT NULL) OR COALESCE(wish.analytics_opt_out, false))))));

create view public.patron_cohorts with (security_barrier=true) as
 SELECT venue_id,
    period,
    cohort,
    count(*) AS patrons,
    (sum(visits))::bigint AS visits,
    (sum(minutes))::bigint AS minutes,
    (sum(spend_minor))::bigint AS spend_minor
   FROM public.countable_patrons
  WHERE (public.caller_is_management() AND (venue_id = ANY (public.caller_venues())))
  GROUP BY venue_id, period, cohort
 HAVING (count(*) >= 5);

create view public.patron_spend_bands with (security_barrier=true) as
 SELECT countable_patrons.venue_id,
    countable_patrons.period,
    spent.band,
    count(*) AS patrons,
    (sum(countable_patrons.visits))::bigint AS visits
   FROM public.countable_patrons,
    LATERAL ( SELECT
                CASE
                    WHEN (countable_patrons.spend_minor < (1000 * countable_patrons.visits)) THEN '0-1000'::text
                    WHEN (countable_patrons.spend_minor < (3000 * countable_patrons.visits)) THEN '1000-3000'::text
                    WHEN (countable_patrons.spend_minor < (6000 * countable_patrons.visits)) THEN '3000-6000'::text
                    ELSE '6000-'::text
                END AS band) spent
  WHERE (public.caller_is_management() AND (countable_patrons.venue_id = ANY (public.caller_venues())))
  GROUP BY countable_patrons.venue_id, countable_patrons.period, spent.band
 HAVING (count(*) >= 5);

create view public.patron_activities with (security_barrier=true) as
 SELECT countable_patrons.venue_id,
    countable_patrons.period,
    did.activity,
    count(*) AS patrons,
    (sum(did.minutes_at))::bigint AS minutes
   FROM public.countable_patrons,
    LATERAL ( SELECT jsonb_each_text.key AS activity,
            (jsonb_each_text.value)::bigint AS minutes_at
           FROM jsonb_each_text(countable_patrons.activities) jsonb_each_text(key, value)) did
  WHERE (public.caller_is_management() AND (countable_patrons.venue_id = ANY (public.caller_venues())))
  GROUP BY countable_patrons.venue_id, countable_patrons.period, did.activity
 HAVING (count(*) >= 5);

create view public.patron_returns with (security_barrier=true) as
 SELECT venue_id,
    period,
    count(*) AS patrons,
    count(*) FILTER (WHERE ((visits > 1) OR (cohort < to_char((period)::timestamp with time zone, 'YYYY-MM'::text)))) AS returned
   FROM public.countable_patrons
  WHERE (public.caller_is_management() AND (venue_id = ANY (public.caller_venues())))
  GROUP BY venue_id, period
 HAVING (count(*) >= 5);

CREATE OR REPLACE FUNCTION public.venue_of_receipts(place uuid)
 RETURNS TABLE(name text, address text, tax_id text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT venues.name,
     venues.address,
     venues.tax_id
    FROM public.venues
   WHERE ((venues.id = venue_of_receipts.place) AND ((public.caller_is_staff() AND (venue_of_receipts.place = ANY (public.caller_venues()))) OR (EXISTS ( SELECT
            FROM public.receipts
           WHERE ((receipts.venue_id = venue_of_receipts.place) AND (receipts.user_id = public.caller_id()))))));
END;

create table runtime.room_snapshots (
    room text not null,
    seq bigint not null,
    view json not null,
    kept_at timestamp with time zone not null,
    constraint room_snapshots_pkey PRIMARY KEY (room),
    constraint room_snapshots_seq_check CHECK ((seq > 0))
);

CREATE OR REPLACE FUNCTION public.forget_events(before timestamp with time zone, most integer)
 RETURNS bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 WITH old AS MATERIALIZED (
          SELECT event.room,
             event.seq
            FROM (public.event_outbox event
              JOIN runtime.room_snapshots kept ON ((kept.room = event.room)))
           WHERE ((event.occurred_at < forget_events.before) AND (event.seq <= kept.seq))
          LIMIT forget_events.most
         ), forgotten AS (
          DELETE FROM public.event_outbox
            USING old
           WHERE ((event_outbox.room = old.room) AND (event_outbox.seq = old.seq))
           RETURNING 1 AS "?column?"
         )
  SELECT count(*) AS count
    FROM forgotten;
END;

CREATE OR REPLACE FUNCTION public.scrub_person(someone uuid, as_whom uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 UPDATE public.safety_logs SET notes = NULL::text, notes_salt = NULL::bytea
   WHERE ((safety_logs.user_id = scrub_person.someone) AND (safety_logs.notes IS NOT NULL));
 UPDATE public.audit_log SET before = NULL::jsonb, after = NULL::jsonb, detail_salt = NULL::bytea
   WHERE ((audit_log.object_type = 'user'::text) AND (audit_log.object_id = (scrub_person.someone)::text) AND (audit_log.detail_salt IS NOT NULL));
 UPDATE public.incident_events SET detail = NULL::jsonb, detail_salt = NULL::bytea
   WHERE ((incident_events.detail_salt IS NOT NULL) AND (incident_events.incident_id IN ( SELECT incidents.id
            FROM public.incidents
           WHERE ((incidents.raised_by = scrub_person.someone) AND (incidents.closed_at IS NOT NULL)))));
 UPDATE public.incidents SET raised_by_name = NULL::text, note = NULL::text, lat = NULL::double precision, lon = NULL::double precision, accuracy_m = NULL::double precision
   WHERE ((incidents.raised_by = scrub_person.someone) AND (incidents.closed_at IS NOT NULL));
 UPDATE public.interventions SET notes = NULL::text
   WHERE ((interventions.user_id = scrub_person.someone) AND (interventions.closed_at IS NOT NULL));
 UPDATE public.session_history SET user_id = scrub_person.as_whom
   WHERE (session_history.user_id = scrub_person.someone);
 UPDATE public.session_segments SET user_id = scrub_person.as_whom
   WHERE (session_segments.user_id = scrub_person.someone);
 UPDATE public.sessions_auth SET ip = NULL::text, user_agent = NULL::text, device_id = NULL::text
   WHERE (sessions_auth.user_id = scrub_person.someone);
 UPDATE public.transactions SET note = NULL::text
   WHERE ((transactions.user_id = scrub_person.someone) AND (transactions.note IS NOT NULL));
 DELETE FROM public.location_reports
   WHERE (location_reports.user_id = scrub_person.someone);
 DELETE FROM public.age_verifications
   WHERE (age_verifications.user_id = scrub_person.someone);
 DELETE FROM public.user_preferences
   WHERE (user_preferences.user_id = scrub_person.someone);
 DELETE FROM public.push_devices
   WHERE (push_devices.user_id = scrub_person.someone);
 DELETE FROM public.auth_tokens
   WHERE (auth_tokens.user_id = scrub_person.someone);
 DELETE FROM public.sync_devices
   WHERE (sync_devices.user_id = scrub_person.someone);
 DELETE FROM public.notification_deliveries
   WHERE (notification_deliveries.user_id = scrub_person.someone);
 DELETE FROM public.patron_analytics
   WHERE (patron_analytics.user_pseudonym = scrub_person.as_whom);
 DELETE FROM public.event_outbox
   WHERE (event_outbox.room = ('user:'::text || scrub_person.someone));
 UPDATE runtime.room_cursors SET seq = room_cursors.seq
   WHERE (room_cursors.room = ('user:'::text || scrub_person.someone));
 DELETE FROM runtime.room_snapshots
   WHERE (room_snapshots.room = ('user:'::text || scrub_person.someone));
END;

create table runtime.reconciliations (
    venue_id uuid not null,
    business_day date not null,
    compared_at timestamp with time zone not null,
    totals jsonb not null,
    findings jsonb not null,
    constraint reconciliations_pkey PRIMARY KEY (venue_id, business_day)
);

CREATE OR REPLACE FUNCTION public.reconciliation_of(venue uuid, day date)
 RETURNS TABLE(compared_at timestamp with time zone, totals jsonb, findings jsonb)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 SELECT compared.compared_at,
     compared.totals,
     compared.findings
    FROM runtime.reconciliations compared
   WHERE ((compared.venue_id = reconciliation_of.venue) AND (compared.business_day = reconciliation_of.day) AND public.caller_is_owner() AND (reconciliation_of.venue = ANY (public.caller_venues())));
END;

create table runtime.replays (
    message_id uuid not null,
    asked_at timestamp with time zone default now() not null,
    done_at timestamp with time zone,
    result text,
    constraint replays_pkey PRIMARY KEY (message_id)
);

CREATE OR REPLACE FUNCTION public.forget_location_reports(before timestamp with time zone, most integer)
 RETURNS bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 WITH gone AS (
          DELETE FROM public.location_reports
           WHERE (location_reports.id IN ( SELECT old.id
                    FROM public.location_reports old
                   WHERE ((old.received_at < forget_location_reports.before) AND (old.incident_id IS NULL))
                  LIMIT forget_location_reports.most))
           RETURNING 1 AS "?column?"
         )
  SELECT count(*) AS count
    FROM gone;
END;

CREATE OR REPLACE FUNCTION public.forget_age_verifications(before timestamp with time zone, most integer)
 RETURNS bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 WITH gone AS (
          DELETE FROM public.age_verifications
           WHERE (age_verifications.id IN ( SELECT old.id
                    FROM public.age_verifications old
                   WHERE (old.at < forget_age_verifications.before)
                  LIMIT forget_age_verifications.most))
           RETURNING 1 AS "?column?"
         )
  SELECT count(*) AS count
    FROM gone;
END;

CREATE OR REPLACE FUNCTION public.forget_exclusions(before timestamp with time zone, most integer)
 RETURNS bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 WITH gone AS (
          DELETE FROM public.exclusions
           WHERE (exclusions.id IN ( SELECT old.id
                    FROM public.exclusions old
                   WHERE ((old.ended_at < forget_exclusions.before) AND ((old.ends_at IS NULL) OR (old.ends_at < forget_exclusions.before)))
                  LIMIT forget_exclusions.most))
           RETURNING 1 AS "?column?"
         )
  SELECT count(*) AS count
    FROM gone;
END;

CREATE OR REPLACE FUNCTION public.forget_session_history(before timestamp with time zone, most integer)
 RETURNS bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
BEGIN ATOMIC
 WITH gone AS (
          DELETE FROM public.session_history
           WHERE (session_history.id IN ( SELECT old.id
                    FROM public.session_history old
                   WHERE (old.ended_at < forget_session_history.before)
                  LIMIT forget_session_history.most))
           RETURNING 1 AS "?column?"
         )
  SELECT count(*) AS count
    FROM gone;
END;

CREATE CONSTRAINT TRIGGER ledger_postings_balanced AFTER INSERT ON public.ledger_postings DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.refuse_unbalanced_journal();

CREATE TRIGGER business_days_frozen BEFORE DELETE OR UPDATE ON public.business_days FOR EACH ROW WHEN ((old.status = 'closed'::text)) EXECUTE FUNCTION public.refuse_change_of_closed_day();

alter table public.users enable row level security;
alter table public.users force row level security;

alter table public.user_roles enable row level security;
alter table public.user_roles force row level security;

alter table public.sessions_auth enable row level security;
alter table public.sessions_auth force row level security;

alter table public.user_preferences enable row level security;
alter table public.user_preferences force row level security;

alter table public.auth_tokens enable row level security;
alter table public.auth_tokens force row level security;

alter table public.push_devices enable row level security;
alter table public.push_devices force row level security;

alter table public.age_verifications enable row level security;
alter table public.age_verifications force row level security;

alter table public.user_limits enable row level security;
alter table public.user_limits force row level security;

alter table public.exclusions enable row level security;
alter table public.exclusions force row level security;

alter table public.venues enable row level security;
alter table public.venues force row level security;

alter table public.venue_settings enable row level security;
alter table public.venue_settings force row level security;

alter table public.sessions enable row level security;
alter table public.sessions force row level security;

alter table public.session_segments enable row level security;
alter table public.session_segments force row level security;

alter table public.session_history enable row level security;
alter table public.session_history force row level security;

alter table public.location_reports enable row level security;
alter table public.location_reports force row level security;

alter table public.safety_logs enable row level security;
alter table public.safety_logs force row level security;

alter table public.interventions enable row level security;
alter table public.interventions force row level security;

alter table public.safety_checks enable row level security;
alter table public.safety_checks force row level security;

alter table public.incidents enable row level security;
alter table public.incidents force row level security;

alter table public.incident_events enable row level security;
alter table public.incident_events force row level security;

alter table public.broadcasts enable row level security;
alter table public.broadcasts force row level security;

alter table public.reservations enable row level security;
alter table public.reservations force row level security;

alter table public.karaoke_queue enable row level security;
alter table public.karaoke_queue force row level security;

alter table public.transactions enable row level security;
alter table public.transactions force row level security;

alter table public.credits enable row level security;
alter table public.credits force row level security;

alter table public.credit_grants enable row level security;
alter table public.credit_grants force row level security;

alter table public.credit_holds enable row level security;
alter table public.credit_holds force row level security;

alter table public.ledger_accounts enable row level security;
alter table public.ledger_accounts force row level security;

alter table public.ledger_journals enable row level security;
alter table public.ledger_journals force row level security;

alter table public.ledger_postings enable row level security;
alter table public.ledger_postings force row level security;

alter table public.purchases enable row level security;
alter table public.purchases force row level security;

alter table public.refunds enable row level security;
alter table public.refunds force row level security;

alter table public.receipts enable row level security;
alter table public.receipts force row level security;

alter table public.payments enable row level security;
alter table public.payments force row level security;

alter table public.payment_methods enable row level security;
alter table public.payment_methods force row level security;

alter table public.stripe_events enable row level security;
alter table public.stripe_events force row level security;

alter table public.disputes enable row level security;
alter table public.disputes force row level security;

alter table public.credit_packages enable row level security;
alter table public.credit_packages force row level security;

alter table public.tills enable row level security;
alter table public.tills force row level security;

alter table public.business_days enable row level security;
alter table public.business_days force row level security;

alter table public.staff_shifts enable row level security;
alter table public.staff_shifts force row level security;

alter table public.staff_schedules enable row level security;
alter table public.staff_schedules force row level security;

alter table public.staff_tasks enable row level security;
alter table public.staff_tasks force row level security;

alter table public.staff_performance enable row level security;
alter table public.staff_performance force row level security;

alter table public.shift_handovers enable row level security;
alter table public.shift_handovers force row level security;

alter table public.games enable row level security;
alter table public.games force row level security;

alter table public.karaoke_rooms enable row level security;
alter table public.karaoke_rooms force row level security;

alter table public.menu_items enable row level security;
alter table public.menu_items force row level security;

alter table public.inventory_levels enable row level security;
alter table public.inventory_levels force row level security;

alter table public.stock_movements enable row level security;
alter table public.stock_movements force row level security;

alter table public.daily_metrics enable row level security;
alter table public.daily_metrics force row level security;

alter table public.revenue_projections enable row level security;
alter table public.revenue_projections force row level security;

alter table public.patron_analytics enable row level security;
alter table public.patron_analytics force row level security;

alter table public.idempotency_keys enable row level security;
alter table public.idempotency_keys force row level security;

alter table public.sync_devices enable row level security;
alter table public.sync_devices force row level security;

alter table public.event_outbox enable row level security;
alter table public.event_outbox force row level security;

alter table public.notification_deliveries enable row level security;
alter table public.notification_deliveries force row level security;

alter table public.actor_timers enable row level security;
alter table public.actor_timers force row level security;

alter table public.audit_log enable row level security;
alter table public.audit_log force row level security;

alter table public.erasure_jobs enable row level security;
alter table public.erasure_jobs force row level security;

create policy management on public.users for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND public.user_was_at(id, ( SELECT public.caller_venues() AS caller_venues))));

create policy node on public.users for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.users for select to lastlight_reader
    using ((id = ( SELECT public.caller_id() AS caller_id)));

create policy management on public.user_roles for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND (role = 'staff'::text) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.user_roles for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.user_roles for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy owner on public.user_roles for select to lastlight_reader
    using ((( SELECT public.caller_is_owner() AS caller_is_owner) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.sessions_auth for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.sessions_auth for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy node on public.user_preferences for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.user_preferences for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy node on public.auth_tokens for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy node on public.push_devices for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.push_devices for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy node on public.age_verifications for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.age_verifications for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy staff on public.age_verifications for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.user_limits for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.user_limits for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy node on public.exclusions for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.exclusions for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy node on public.venues for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy patrons on public.venues for select to lastlight_reader
    using (((( SELECT public.caller_id() AS caller_id) IS NOT NULL) AND (deleted_at IS NULL) AND (status <> 'suspended'::text)));

create policy staff on public.venues for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy management on public.venue_settings for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.venue_settings for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy node on public.sessions for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.sessions for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy staff on public.sessions for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.session_segments for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.session_segments for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy staff on public.session_segments for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.session_history for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.session_history for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy staff on public.session_history for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.location_reports for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.location_reports for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy management on public.safety_logs for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.safety_logs for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.safety_logs for select to lastlight_reader
    using (((user_id = ( SELECT public.caller_id() AS caller_id)) AND (kind = 'verification'::text)));

create policy staff on public.safety_logs for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (by_user = ( SELECT public.caller_id() AS caller_id)) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.interventions for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy staff on public.interventions for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.safety_checks for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.safety_checks for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy staff on public.safety_checks for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy management on public.incidents for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.incidents for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy silent on public.incidents as restrictive for select to lastlight_reader
    using (((NOT silent) OR (status = ANY (ARRAY['resolved'::text, 'false_alarm'::text])) OR (raised_by IS DISTINCT FROM ( SELECT public.caller_id() AS caller_id))));

create policy staff on public.incidents for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[])) AND ((status <> ALL (ARRAY['resolved'::text, 'false_alarm'::text])) OR ((( SELECT public.caller_id() AS caller_id) = raised_by) OR (( SELECT public.caller_id() AS caller_id) = owner_id)) OR public.took_part(( SELECT public.caller_id() AS caller_id), id))));

create policy incidents on public.incident_events for select to lastlight_reader
    using ((EXISTS ( SELECT
   FROM public.incidents
  WHERE (incidents.id = incident_events.incident_id))));

create policy node on public.incident_events for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy node on public.broadcasts for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy present on public.broadcasts for select to lastlight_reader
    using (((audience = 'everyone'::text) AND (EXISTS ( SELECT
   FROM public.sessions
  WHERE ((sessions.venue_id = broadcasts.venue_id) AND (sessions.user_id = ( SELECT public.caller_id() AS caller_id)) AND (sessions.status <> ALL (ARRAY['closed'::text, 'voided'::text])))))));

create policy staff on public.broadcasts for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.reservations for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.reservations for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy staff on public.reservations for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.karaoke_queue for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.karaoke_queue for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy staff on public.karaoke_queue for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy management on public.transactions for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.transactions for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.transactions for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy staff on public.transactions for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (created_by = ( SELECT public.caller_id() AS caller_id)) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[])) AND ((business_day IS NULL) OR public.business_day_is_open(venue_id, business_day))));

create policy management on public.credits for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND public.user_was_at(user_id, ( SELECT public.caller_venues() AS caller_venues))));

create policy node on public.credits for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.credits for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy management on public.credit_grants for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.credit_grants for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.credit_grants for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy management on public.credit_holds for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.credit_holds for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.credit_holds for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy node on public.ledger_accounts for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy owner on public.ledger_accounts for select to lastlight_reader
    using ((( SELECT public.caller_is_owner() AS caller_is_owner) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.ledger_journals for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy owner on public.ledger_journals for select to lastlight_reader
    using ((( SELECT public.caller_is_owner() AS caller_is_owner) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.ledger_postings for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy owner on public.ledger_postings for select to lastlight_reader
    using ((( SELECT public.caller_is_owner() AS caller_is_owner) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.purchases for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.purchases for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy staff on public.purchases for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy management on public.refunds for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.refunds for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.refunds for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy staff on public.refunds for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (requested_by = ( SELECT public.caller_id() AS caller_id)) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.receipts for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.receipts for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy staff on public.receipts for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy management on public.payments for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.payments for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.payments for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy node on public.payment_methods for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.payment_methods for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy node on public.stripe_events for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy owner on public.stripe_events for select to lastlight_reader
    using (( SELECT public.caller_is_owner() AS caller_is_owner));

create policy node on public.disputes for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy owner on public.disputes for select to lastlight_reader
    using ((( SELECT public.caller_is_owner() AS caller_is_owner) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.credit_packages for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy patrons on public.credit_packages for select to lastlight_reader
    using (((( SELECT public.caller_id() AS caller_id) IS NOT NULL) AND (retired_at IS NULL) AND public.venue_takes_patrons(venue_id)));

create policy staff on public.credit_packages for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy management on public.tills for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.tills for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy management on public.business_days for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.business_days for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy management on public.staff_shifts for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.staff_shifts for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.staff_shifts for select to lastlight_reader
    using ((staff_id = ( SELECT public.caller_id() AS caller_id)));

create policy management on public.staff_schedules for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.staff_schedules for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy staff on public.staff_schedules for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (status = 'published'::text) AND (deleted_at IS NULL) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy management on public.staff_tasks for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.staff_tasks for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy staff on public.staff_tasks for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[])) AND ((assignee_id IS NULL) OR (assignee_id = ( SELECT public.caller_id() AS caller_id)))));

create policy management on public.staff_performance for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.staff_performance for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.staff_performance for select to lastlight_reader
    using ((staff_id = ( SELECT public.caller_id() AS caller_id)));

create policy node on public.shift_handovers for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy staff on public.shift_handovers for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.games for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy patrons on public.games for select to lastlight_reader
    using (((( SELECT public.caller_id() AS caller_id) IS NOT NULL) AND (retired_at IS NULL) AND public.venue_takes_patrons(venue_id)));

create policy staff on public.games for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.karaoke_rooms for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy patrons on public.karaoke_rooms for select to lastlight_reader
    using (((( SELECT public.caller_id() AS caller_id) IS NOT NULL) AND (retired_at IS NULL) AND public.venue_takes_patrons(venue_id)));

create policy staff on public.karaoke_rooms for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.menu_items for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy patrons on public.menu_items for select to lastlight_reader
    using (((( SELECT public.caller_id() AS caller_id) IS NOT NULL) AND (retired_at IS NULL) AND public.venue_takes_patrons(venue_id)));

create policy staff on public.menu_items for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.inventory_levels for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy staff on public.inventory_levels for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.stock_movements for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy staff on public.stock_movements for select to lastlight_reader
    using ((( SELECT public.caller_is_staff() AS caller_is_staff) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy management on public.daily_metrics for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.daily_metrics for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy node on public.revenue_projections for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy owner on public.revenue_projections for select to lastlight_reader
    using ((( SELECT public.caller_is_owner() AS caller_is_owner) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy node on public.patron_analytics for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy node on public.idempotency_keys for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy node on public.sync_devices for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.sync_devices for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy node on public.event_outbox for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy management on public.notification_deliveries for select to lastlight_reader
    using ((( SELECT public.caller_is_management() AS caller_is_management) AND (EXISTS ( SELECT
   FROM public.incidents
  WHERE ((incidents.id = notification_deliveries.incident_id) AND (incidents.venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[])))))));

create policy node on public.notification_deliveries for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.notification_deliveries for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

create policy node on public.actor_timers for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy node on public.audit_log for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy owner on public.audit_log for select to lastlight_reader
    using ((( SELECT public.caller_is_owner() AS caller_is_owner) AND (venue_id = ANY (( SELECT public.caller_venues() AS caller_venues)::uuid[]))));

create policy platform on public.audit_log for select to lastlight_reader
    using ((( SELECT public.caller_is_owner() AS caller_is_owner) AND (venue_id IS NULL) AND (actor_id = ( SELECT public.caller_id() AS caller_id))));

create policy node on public.erasure_jobs for all to lastlight_owner, lastlight_writer
    using (true) with check (true);

create policy own on public.erasure_jobs for select to lastlight_reader
    using ((user_id = ( SELECT public.caller_id() AS caller_id)));

grant create, usage on schema public to lastlight_owner;

grant usage on schema public to lastlight_reader;

grant usage on schema public to lastlight_writer;

grant usage on schema runtime to lastlight_reader;

grant usage on schema runtime to lastlight_writer;

grant select on runtime.migrations to lastlight_reader;

grant select on runtime.migrations to lastlight_writer;

grant insert, select, update on public.users to lastlight_writer;

grant select on public.user_roles to lastlight_reader;

grant delete, insert, select, update on public.user_roles to lastlight_writer;

grant delete, insert, select, update on public.sessions_auth to lastlight_writer;

grant select on public.user_preferences to lastlight_reader;

grant delete, insert, select, update on public.user_preferences to lastlight_writer;

grant delete, insert, select, update on public.auth_tokens to lastlight_writer;

grant select on public.push_devices to lastlight_reader;

grant delete, insert, select, update on public.push_devices to lastlight_writer;

grant select on public.age_verifications to lastlight_reader;

grant insert, select on public.age_verifications to lastlight_writer;

grant select on public.user_limits to lastlight_reader;

grant delete, insert, select, update on public.user_limits to lastlight_writer;

grant select on public.exclusions to lastlight_reader;

grant insert, select, update on public.exclusions to lastlight_writer;

grant select on public.venues to lastlight_reader;

grant delete, insert, select, update on public.venues to lastlight_writer;

grant select on public.venue_settings to lastlight_reader;

grant delete, insert, select, update on public.venue_settings to lastlight_writer;

grant select on public.sessions to lastlight_reader;

grant delete, insert, select, update on public.sessions to lastlight_writer;

grant select on public.session_segments to lastlight_reader;

grant delete, insert, select, update on public.session_segments to lastlight_writer;

grant select on public.session_history to lastlight_reader;

grant insert, select, update on public.session_history to lastlight_writer;

grant select on public.location_reports to lastlight_reader;

grant insert, select on public.location_reports to lastlight_writer;

grant select on public.safety_logs to lastlight_reader;

grant insert, select on public.safety_logs to lastlight_writer;

grant select on public.interventions to lastlight_reader;

grant delete, insert, select, update on public.interventions to lastlight_writer;

grant select on public.safety_checks to lastlight_reader;

grant delete, insert, select, update on public.safety_checks to lastlight_writer;

grant select on public.incidents to lastlight_reader;

grant delete, insert, select, update on public.incidents to lastlight_writer;

grant select on public.incident_events to lastlight_reader;

grant insert, select on public.incident_events to lastlight_writer;

grant select on public.broadcasts to lastlight_reader;

grant delete, insert, select, update on public.broadcasts to lastlight_writer;

grant select on public.reservations to lastlight_reader;

grant delete, insert, select, update on public.reservations to lastlight_writer;

grant select on public.karaoke_queue to lastlight_reader;

grant delete, insert, select, update on public.karaoke_queue to lastlight_writer;

grant select on public.transactions to lastlight_reader;

grant insert, select, update on public.transactions to lastlight_writer;

grant select on public.credits to lastlight_reader;

grant insert, select, update on public.credits to lastlight_writer;

grant select on public.credit_grants to lastlight_reader;

grant insert, select, update on public.credit_grants to lastlight_writer;

grant select on public.credit_holds to lastlight_reader;

grant insert, select, update on public.credit_holds to lastlight_writer;

grant select on public.ledger_accounts to lastlight_reader;

grant insert, select, update on public.ledger_accounts to lastlight_writer;

grant select on public.ledger_journals to lastlight_reader;

grant insert, select on public.ledger_journals to lastlight_writer;

grant select on public.ledger_postings to lastlight_reader;

grant insert, select on public.ledger_postings to lastlight_writer;

grant select on public.purchases to lastlight_reader;

grant insert, select, update on public.purchases to lastlight_writer;

grant select on public.refunds to lastlight_reader;

grant insert, select, update on public.refunds to lastlight_writer;

grant select on public.receipts to lastlight_reader;

grant insert, select on public.receipts to lastlight_writer;

grant select on public.payments to lastlight_reader;

grant insert, select, update on public.payments to lastlight_writer;

grant select on public.payment_methods to lastlight_reader;

grant delete, insert, select, update on public.payment_methods to lastlight_writer;

grant delete, insert, select, update on public.stripe_events to lastlight_writer;

grant select on public.disputes to lastlight_reader;

grant insert, select, update on public.disputes to lastlight_writer;

grant select on public.credit_packages to lastlight_reader;

grant delete, insert, select, update on public.credit_packages to lastlight_writer;

grant select on public.tills to lastlight_reader;

grant insert, select, update on public.tills to lastlight_writer;

grant select on public.business_days to lastlight_reader;

grant insert, select, update on public.business_days to lastlight_writer;

grant select on public.staff_shifts to lastlight_reader;

grant delete, insert, select, update on public.staff_shifts to lastlight_writer;

grant select on public.staff_schedules to lastlight_reader;

grant delete, insert, select, update on public.staff_schedules to lastlight_writer;

grant select on public.staff_tasks to lastlight_reader;

grant delete, insert, select, update on public.staff_tasks to lastlight_writer;

grant select on public.staff_performance to lastlight_reader;

grant delete, insert, select, update on public.staff_performance to lastlight_writer;

grant select on public.shift_handovers to lastlight_reader;

grant delete, insert, select, update on public.shift_handovers to lastlight_writer;

grant select on public.games to lastlight_reader;

grant delete, insert, select, update on public.games to lastlight_writer;

grant select on public.karaoke_rooms to lastlight_reader;

grant delete, insert, select, update on public.karaoke_rooms to lastlight_writer;

grant select on public.menu_items to lastlight_reader;

grant delete, insert, select, update on public.menu_items to lastlight_writer;

grant select on public.inventory_levels to lastlight_reader;

grant delete, insert, select, update on public.inventory_levels to lastlight_writer;

grant select on public.stock_movements to lastlight_reader;

grant insert, select on public.stock_movements to lastlight_writer;

grant select on public.daily_metrics to lastlight_reader;

grant delete, insert, select, update on public.daily_metrics to lastlight_writer;

grant select on public.revenue_projections to lastlight_reader;

grant delete, insert, select, update on public.revenue_projections to lastlight_writer;

grant delete, insert, select, update on public.patron_analytics to lastlight_writer;

grant delete, insert, select, update on public.idempotency_keys to lastlight_writer;

grant select on public.sync_devices to lastlight_reader;

grant delete, insert, select, update on public.sync_devices to lastlight_writer;

grant insert, select on public.event_outbox to lastlight_writer;

grant select on public.notification_deliveries to lastlight_reader;

grant delete, insert, select, update on public.notification_deliveries to lastlight_writer;

grant delete, insert, select, update on public.actor_timers to lastlight_writer;

grant select on public.audit_log to lastlight_reader;

grant insert, select on public.audit_log to lastlight_writer;

grant select on public.erasure_jobs to lastlight_reader;

grant delete, insert, select, update on public.erasure_jobs to lastlight_writer;

grant delete, insert, select, update on runtime.identities to lastlight_writer;

grant delete, insert, select, update on runtime.floor_places to lastlight_writer;

grant delete, insert, select, update on runtime.open_visits to lastlight_writer;

grant delete, insert, select, update on runtime.duty_places to lastlight_writer;

grant delete, insert, select, update on runtime.drawers_in_use to lastlight_writer;

grant delete, insert, select on runtime.dead_letters to lastlight_writer;

grant select on runtime.flush to lastlight_reader;

grant delete, insert, select, update on runtime.flush to lastlight_writer;

grant delete, insert, select, update on runtime.pending_sends to lastlight_writer;

grant delete, insert, select, update on runtime.refused_rows to lastlight_writer;

grant delete, insert, select, update on runtime.room_cursors to lastlight_writer;

grant delete, insert, select, update on runtime.chain_heads to lastlight_writer;

grant delete, insert, select, update on runtime.jobs to lastlight_writer;

grant select on public.users_for_staff to lastlight_reader;

grant select on public.exclusions_for_management to lastlight_reader;

grant select on public.tills_of_staff to lastlight_reader;

grant select on public.shifts_on_duty to lastlight_reader;

grant select on public.erasure_progress to lastlight_reader;

grant delete, insert, select, update on runtime.approvals_used to lastlight_writer;

grant delete, insert, select, update on runtime.time_used to lastlight_writer;

grant delete, insert, select, update on runtime.recent_plays to lastlight_writer;

grant delete, insert, select, update on runtime.schedule_weeks to lastlight_writer;

grant delete, insert, select, update on runtime.shift_claims to lastlight_writer;

grant delete, insert, select, update on runtime.safety_holds to lastlight_writer;

grant delete, insert, select, update on runtime.trading to lastlight_writer;

grant delete, insert, select, update on runtime.planned_settings to lastlight_writer;

grant delete, insert, select, update on runtime.platform_settings to lastlight_writer;

grant delete, insert, select, update on runtime.kept_exclusions to lastlight_writer;

grant select on public.patron_cohorts to lastlight_reader;

grant select on public.patron_spend_bands to lastlight_reader;

grant select on public.patron_activities to lastlight_reader;

grant select on public.patron_returns to lastlight_reader;

grant delete, insert, select, update on runtime.room_snapshots to lastlight_writer;

grant delete, insert, select, update on runtime.reconciliations to lastlight_writer;

grant delete, insert, select, update on runtime.replays to lastlight_writer;

grant select (id, email, display_name, pseudonym, created_at, phone, birth_date, age_verified_at, email_verified_at, phone_verified_at, status, suspended_reason, role_grants, locale, terms_version, avatar, photo, emergency_contact, erased_at, deleted_at, version) on public.users to lastlight_reader;

grant select (id, user_id, family_id, created_at, expires_at, rotated_at, device_id, ip, user_agent, venue_id, elevated_until, revoked_at, revoke_reason, version) on public.sessions_auth to lastlight_reader;

grant select (event_id, type, object_id, created_at, received_at, status, tries, next_try_at, error, version) on public.stripe_events to lastlight_reader;
