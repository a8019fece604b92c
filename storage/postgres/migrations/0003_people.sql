-- Users & Auth: accounts, roles, tokens, limits, exclusions.
-- Columns are those of protocol.records; a test compares both directions.

-- One account per person over all venues and roles.
create table users (
    id uuid not null,
    email text,
    password_hash text,
    display_name text,
    pseudonym uuid not null,
    created_at timestamptz not null,
    phone text,
    birth_date date,
    age_verified_at timestamptz,
    email_verified_at timestamptz,
    phone_verified_at timestamptz,
    status text not null check (status in ('active', 'suspended', 'erased')),
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
    erased_at timestamptz,
    deleted_at timestamptz,
    version bigint not null,
    primary key (id),
    constraint users_email_key exclude using btree (
        lower(email) with =
    ) where (deleted_at is null) deferrable initially deferred,
    check (deleted_at is not null or email is not null),
    check (version > 0)
);
create index users_name_search on users using gin (trigrams(display_name));
create index users_status_idx on users (status);

-- A role at a venue. venue_id null means every venue, and is for owners only.
create table user_roles (
    id uuid not null,
    user_id uuid not null,
    venue_id uuid,
    role text not null check (role in ('patron', 'staff', 'management', 'owner')),
    granted_by uuid,
    granted_at timestamptz not null,
    revoked_at timestamptz,
    revoked_by uuid,
    version bigint not null,
    primary key (id),
    constraint user_roles_user_id_venue_id_role_key exclude using btree (
        user_id with =,
        coalesce(venue_id, '00000000-0000-0000-0000-000000000000') with =,
        role with =
    ) where (revoked_at is null) deferrable initially deferred,
    check (venue_id is not null or role = 'owner'),
    check (version > 0)
);
create index user_roles_venue_id_role_idx on user_roles (venue_id, role);

-- A token family on one device: the current refresh token and its immediate predecessor.
create table sessions_auth (
    id uuid not null,
    user_id uuid not null,
    family_id uuid not null,
    token_hash bytea not null,
    generation bigint not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    prev_token_hash bytea,
    rotated_at timestamptz,
    device_id text,
    ip text,
    user_agent text,
    venue_id uuid,
    elevated_until timestamptz,
    revoked_at timestamptz,
    revoke_reason text,
    version bigint not null,
    primary key (id),
    constraint sessions_auth_token_hash_key
        unique (token_hash)
        deferrable initially deferred,
    check (version > 0)
);
create index sessions_auth_prev_token_hash_idx on sessions_auth (prev_token_hash);
create index sessions_auth_user_id_idx on sessions_auth (user_id) where revoked_at is null;
create index sessions_auth_expires_at_idx on sessions_auth (expires_at);

-- App settings and consent, with the time of each consent.
create table user_preferences (
    user_id uuid not null,
    locale text,
    channels jsonb not null,
    quiet_hours jsonb,
    marketing_consent_at timestamptz,
    analytics_opt_out boolean not null,
    accessibility jsonb not null,
    version bigint not null,
    primary key (user_id),
    check (version > 0)
);

-- A single-use token: reset, verification or transfer code. Five tries at most.
create table auth_tokens (
    id uuid not null,
    user_id uuid not null,
    kind text not null
        check (kind in (
            'password_reset', 'email_verification', 'phone_verification',
            'transfer_code'
        )),
    token_hash bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    tries bigint not null,
    version bigint not null,
    primary key (id),
    constraint auth_tokens_token_hash_key
        unique (token_hash)
        deferrable initially deferred,
    check (tries between 0 and 5),
    check (version > 0)
);
create index auth_tokens_expires_at_idx on auth_tokens (expires_at);

-- Where a person's pushes go; five at most.
create table push_devices (
    id uuid not null,
    user_id uuid not null,
    device_id text not null,
    platform text not null check (platform in ('fcm', 'apns')),
    token text not null,
    app text not null,
    last_ok_at timestamptz,
    failed_at timestamptz,
    version bigint not null,
    primary key (id),
    constraint push_devices_user_id_device_id_key
        unique (user_id, device_id)
        deferrable initially deferred,
    check (version > 0)
);
create index push_devices_token_idx on push_devices (token);

-- Proof that a document was seen: no image, no number, the birth date only as a hash.
create table age_verifications (
    id uuid not null,
    user_id uuid not null,
    venue_id uuid not null,
    verified_by uuid not null,
    document_type text not null,
    birth_date_hash bytea not null,
    document_expires date,
    method text not null,
    at timestamptz not null,
    primary key (id)
);
create index age_verifications_user_id_at_idx on age_verifications (user_id, at desc);

-- A patron's own limit; lowering acts at once, raising after 24 h and a confirmation (Rule 7).
create table user_limits (
    id uuid not null,
    user_id uuid not null,
    kind text not null check (kind in ('spend', 'topup', 'time')),
    period text not null check (period in ('day', 'week', 'month')),
    value bigint,
    effective_at timestamptz not null,
    pending_value bigint,
    pending_removal boolean not null,
    pending_effective_at timestamptz,
    confirmed_at timestamptz,
    superseded_at timestamptz,
    version bigint not null,
    primary key (id),
    constraint user_limits_user_id_kind_period_key exclude using btree (
        user_id with =, kind with =, period with =
    ) where (superseded_at is null) deferrable initially deferred,
    check (version > 0)
);
create index user_limits_pending_effective_at_idx on user_limits (pending_effective_at);

-- A cool-off, self-exclusion or ban. venue_id null means every venue; only ever extended.
create table exclusions (
    id uuid not null,
    user_id uuid not null,
    venue_id uuid,
    kind text not null check (kind in ('cool_off', 'self_exclusion', 'venue_ban')),
    starts_at timestamptz not null,
    ends_at timestamptz,
    reason text,
    created_by uuid not null,
    ended_at timestamptz,
    ended_by uuid,
    identity_hash bytea,
    version bigint not null,
    primary key (id),
    check (ends_at is null or ends_at > starts_at),
    check (version > 0)
);
create index exclusions_user_id_idx on exclusions (user_id) where ended_at is null;
create index exclusions_ends_at_idx on exclusions (ends_at);
