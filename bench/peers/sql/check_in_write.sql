-- A whole check-in in one statement, which is one transaction: all of it hangs on the wallet being
-- as it was read. Parts run last to first as far as they do not need one another, so that the floor,
-- for which all of a venue waits, is taken right before the commit.
with wallet as (
    update credits set paid_minor = paid_minor - :paid_minor::int8,
        bonus_minor = bonus_minor - :bonus_minor::int8, held_minor = held_minor + :hold_minor::int8,
        ledger_seq = ledger_seq + 1, version = version + 1
    where user_id = :user_id::uuid and currency = :currency::text
        and version = :wallet_version::int8
    returning user_id
), floor as (
    update venue_floor set seated = seated + :party_size::int8
    from wallet where venue_id = :venue_id::uuid
), lots as (
    update credit_grants g set remaining_minor = g.remaining_minor - part.amount_minor,
        version = g.version + 1
    from wallet, unnest(:lot_ids::uuid[], :lot_amounts::int8[]) as part (id, amount_minor)
    where g.id = part.id
), session as (
    insert into sessions (id, venue_id, user_id, display_name, status, activity, party_size,
        business_day, started_at, status_since, safety_level, held_minor, hold_id, charged_minor,
        assisted, meter, version)
    select :session_id::uuid, :venue_id::uuid, :user_id::uuid, :display_name::text, 'active',
        :activity::text, :party_size::int8, :business_day::text::date, :now::timestamptz,
        :now::timestamptz, 0, :hold_minor::int8, :hold_id::uuid, 0, false, :meter::text::jsonb, 1
    from wallet
), segment as (
    insert into session_segments (id, session_id, venue_id, user_id, seq, activity,
        rate_minor_per_h, mode, started_at, active_ms, business_day, charge_minor, version)
    select :segment_id::uuid, :session_id::uuid, :venue_id::uuid, :user_id::uuid, 1,
        :activity::text, :rate_minor_per_h::int8, 'continuous', :now::timestamptz, 0,
        :business_day::text::date, 0, 1
    from wallet
), hold as (
    insert into credit_holds (id, user_id, venue_id, purpose, ref_id, currency, amount_minor,
        captured_minor, sources, status, expires_at, created_at, version)
    select :hold_id::uuid, :user_id::uuid, :venue_id::uuid, 'session', :session_id::uuid,
        :currency::text, :hold_minor::int8, 0, :sources::text::jsonb, 'open',
        :now::timestamptz + interval '24 hours', :now::timestamptz, 1
    from wallet
), journal as (
    insert into ledger_journals (id, venue_id, business_day, source, posted_at)
    select :journal_id::uuid, :venue_id::uuid, :business_day::text::date, :journal_source::text,
        :now::timestamptz
    from wallet where :hold_minor::int8 > 0
), postings as (
    insert into ledger_postings (id, journal_id, venue_id, line, account_code, amount_minor,
        currency, grant_id)
    select part.id, :journal_id::uuid, :venue_id::uuid, part.line, part.code, part.amount_minor,
        :currency::text, part.grant_id
    from wallet, unnest(:posting_ids::uuid[], :posting_codes::text[], :posting_amounts::int8[],
        :posting_grants::uuid[]) with ordinality as part (id, code, amount_minor, grant_id, line)
), events as (
    insert into event_outbox (id, rooms, type, venue_id, payload, occurred_at, event_version)
    select told.id, string_to_array(told.rooms, ' '), told.type, told.venue_id,
        told.payload::jsonb, :now::timestamptz, 1
    from wallet, unnest(:event_ids::uuid[], :event_rooms::text[], :event_types::text[],
        :event_venues::uuid[], :event_payloads::text[])
        as told (id, rooms, type, venue_id, payload)
), key as (
    insert into idempotency_keys (user_id, method, route, key, fingerprint, status, http_status,
        response, created_at, expires_at)
    select :user_id::uuid, 'POST', '/api/sessions/checkin', :key::text, :fingerprint::bytea,
        'done', 201, :response::text::jsonb, :now::timestamptz,
        :now::timestamptz + interval '24 hours'
    from wallet
)
select count(*)::int as written from wallet
