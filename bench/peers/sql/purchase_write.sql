-- A whole purchase in one statement, which is one transaction: all of it hangs on the wallet being
-- as it was read, and a check of the table refuses it if the stock is gone meanwhile. Parts run last
-- to first as far as they do not need one another, so that stock, for which all who buy the same
-- thing wait, is taken right before the commit.
with wallet as (
    update credits set paid_minor = paid_minor - :paid_minor::int8,
        bonus_minor = bonus_minor - :bonus_minor::int8, ledger_seq = ledger_seq + 1,
        version = version + 1
    where user_id = :user_id::uuid and currency = :currency::text
        and version = :wallet_version::int8
    returning user_id
), stock as (
    update inventory_levels l set on_hand_milli = l.on_hand_milli - need.milli,
        low_since = case when l.on_hand_milli - need.milli <= l.reorder_milli
            then coalesce(l.low_since, :now::timestamptz) end,
        version = l.version + 1
    from wallet, unnest(:stock_ids::uuid[], :stock_millis::int8[]) as need (item_id, milli)
    where l.venue_id = :venue_id::uuid and l.item_id = need.item_id
    returning l.item_id, need.milli, l.on_hand_milli
), movements as (
    insert into stock_movements (id, venue_id, item_id, kind, delta_milli, after_milli, ref_id,
        by_user, at)
    select uuidv7(), :venue_id::uuid, stock.item_id, 'sale', -stock.milli, stock.on_hand_milli,
        :transaction_id::uuid, :user_id::uuid, :now::timestamptz
    from stock
), lots as (
    update credit_grants g set remaining_minor = g.remaining_minor - part.amount_minor,
        version = g.version + 1
    from wallet, unnest(:lot_ids::uuid[], :lot_amounts::int8[]) as part (id, amount_minor)
    where g.id = part.id
), sale as (
    insert into transactions (id, venue_id, user_id, kind, status, tender, amount_minor, tax_minor,
        tip_minor, currency, business_day, session_id, note, created_by, occurred_at, posted_at,
        sources, version)
    select :transaction_id::uuid, :venue_id::uuid, :user_id::uuid, 'purchase', 'posted', 'credits',
        :total_minor::int8, :tax_minor::int8, 0, :currency::text, :business_day::text::date,
        :session_id::uuid, :note::text, :user_id::uuid, :now::timestamptz, :now::timestamptz,
        :sources::text::jsonb, 1
    from wallet
), lines as (
    insert into purchases (id, transaction_id, venue_id, user_id, session_id, line, item_id, name,
        qty, unit_price_minor, tax_rate_bp, tax_minor, total_minor, standard_drinks_milli, status,
        revenue_kind, created_at, version)
    select part.id, :transaction_id::uuid, :venue_id::uuid, :user_id::uuid, :session_id::uuid,
        part.line, part.item_id, part.name, part.qty, part.unit_minor, part.tax_bp, part.tax_minor,
        part.qty * part.unit_minor, part.drinks_milli, 'ordered', part.revenue_kind,
        :now::timestamptz, 1
    from wallet, unnest(:line_ids::uuid[], :line_items::uuid[], :line_names::text[],
        :line_qtys::int8[], :line_units::int8[], :line_tax_bps::int8[], :line_taxes::int8[],
        :line_drinks::int8[], :line_kinds::text[]) with ordinality as part
        (id, item_id, name, qty, unit_minor, tax_bp, tax_minor, drinks_milli, revenue_kind, line)
), journal as (
    insert into ledger_journals (id, venue_id, transaction_id, business_day, source, posted_at)
    select :journal_id::uuid, :venue_id::uuid, :transaction_id::uuid, :business_day::text::date,
        'purchase', :now::timestamptz
    from wallet where :total_minor::int8 > 0
), postings as (
    insert into ledger_postings (id, journal_id, venue_id, line, account_code, amount_minor,
        currency, grant_id)
    select part.id, :journal_id::uuid, :venue_id::uuid, part.line, part.code, part.amount_minor,
        :currency::text, part.grant_id
    from wallet, unnest(:posting_ids::uuid[], :posting_codes::text[], :posting_amounts::int8[],
        :posting_grants::uuid[]) with ordinality as part (id, code, amount_minor, grant_id, line)
), receipt as (
    insert into receipts (id, venue_id, transaction_id, user_id, body, journal_id, issued_at)
    select :receipt_id::uuid, :venue_id::uuid, :transaction_id::uuid, :user_id::uuid,
        :receipt::text::jsonb, :journal_id::uuid, :now::timestamptz
    from wallet
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
    select :user_id::uuid, 'POST', '/api/transactions/purchase', :key::text, :fingerprint::bytea,
        'done', 201, :response::text::jsonb, :now::timestamptz,
        :now::timestamptz + interval '24 hours'
    from wallet
)
select count(*)::int as written from wallet
