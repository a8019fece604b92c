-- Closing business days, planning settings, and checking chains of hashes.

-- How far a venue's days are closed: the last Z number given, and the last day.
create table runtime.trading (
    venue_id uuid not null,
    z_number bigint not null,
    closed_through date not null,
    version bigint not null,
    primary key (venue_id),
    check (z_number > 0),
    check (version > 0)
);

-- Settings that come into force later; patch is a JSON merge patch.
create table runtime.planned_settings (
    id uuid not null,
    venue_id uuid not null,
    effective_at timestamptz not null,
    patch jsonb not null,
    set_by uuid,
    planned_at timestamptz not null,
    version bigint not null,
    primary key (id),
    check (version > 0)
);
create index planned_settings_venue_id_idx on runtime.planned_settings (venue_id);

-- A setting of the whole node that was ever changed; without a value it is the default.
create table runtime.platform_settings (
    name text not null,
    value bigint,
    set_by uuid,
    set_at timestamptz not null,
    version bigint not null,
    primary key (name),
    check (version > 0)
);
grant select, insert, update, delete
    on runtime.trading, runtime.planned_settings, runtime.platform_settings
    to lastlight_writer;

create index audit_log_venue_id_seq_idx on audit_log (venue_id, seq desc);
create index tills_venue_id_opened_at_idx on tills (venue_id, opened_at);
create index transactions_pending_idx on transactions (venue_id, occurred_at)
    where status = 'pending';

-- What the ledger says of one business day: the figures of its report, as one JSON object. Days
-- are found by the venue's journals and postings alone, whatever the node showed meanwhile. $3, $4
-- bound the tills. Amounts are minor units; of user accounts a credit is a liability of the house.
create function day_figures_unchecked(
    place uuid, day date, starts timestamptz, ends timestamptz
) returns jsonb
    language sql stable
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        with lines as (
            select
                posting.account_code as code, posting.amount_minor as minor, journal.source,
                transaction.kind
            from ledger_journals as journal
            join ledger_postings as posting on posting.journal_id = journal.id
            left join transactions as transaction on transaction.id = journal.transaction_id
            where journal.venue_id = place and journal.business_day = day
        ),
        earned as (
            select split_part(code, ':', 4) as kind, sum(minor)::bigint as minor
            from lines where code like 'venue:%:revenue:%' group by 1
        ),
        owed as (
            select
                case
                    when source like 'bonus_expired%' then 'expired'
                    when kind = 'topup' and code like 'user:%:bonus' then 'granted'
                    when kind = 'topup' then 'sold'
                    when kind = 'grant' then 'granted'
                    when kind in ('purchase', 'usage', 'tip') then 'used'
                    when kind in ('refund', 'dispute') then 'refunded'
                    else 'other'
                end as why,
                sum(minor)::bigint as minor
            from lines where code like 'user:%' group by 1
        ),
        closed_before as (
            select business_day, (totals -> 'liability' ->> 'closing_minor')::bigint as minor
            from business_days
            where venue_id = place and business_day < day and status = 'closed'
            order by business_day desc limit 1
        ),
        opening as (
            select (
                coalesce((select minor from closed_before), 0)
                + coalesce(sum(posting.amount_minor), 0)
            )::bigint as minor
            from ledger_journals as journal
            join ledger_postings as posting on posting.journal_id = journal.id
            where journal.venue_id = place and posting.account_code like 'user:%'
                and journal.business_day < day
                and journal.business_day
                    > coalesce((select business_day from closed_before), '-infinity'::date)
        ),
        booked as (
            select * from transactions
            where venue_id = place and business_day = day
        ),
        pending as (
            select id, amount_minor, occurred_at from transactions
            where venue_id = place and status = 'pending' and kind = 'purchase'
                and occurred_at < ends
        )
        select jsonb_build_object(
            'net_minor', coalesce((select sum(minor) from earned), 0),
            'tax_minor', coalesce((
                select sum(minor) from lines where code like 'venue:%:tax'
            ), 0),
            'tips_minor', coalesce((
                select sum(minor) from lines where code like 'venue:%:tips'
            ), 0),
            'promo_minor', coalesce((
                select -sum(minor) from lines where code like 'venue:%:promo_expense'
            ), 0),
            'net_by_kind', coalesce((
                select jsonb_object_agg(kind, minor order by kind) from earned
            ), '{}'),
            'tax_by_rate', coalesce((
                select jsonb_agg(line order by line ->> 'what', (line ->> 'rate_bp')::bigint)
                from (
                    select jsonb_build_object(
                        'what', 'goods', 'rate_bp', sold.tax_rate_bp,
                        'gross_minor', sum(sold.total_minor), 'tax_minor', sum(sold.tax_minor)
                    ) as line
                    from purchases as sold join booked on booked.id = sold.transaction_id
                    where booked.status = 'posted'
                    group by sold.tax_rate_bp
                    union all
                    select jsonb_build_object(
                        'what', kind, 'rate_bp', null,
                        'gross_minor', sum(amount_minor), 'tax_minor', sum(tax_minor)
                    )
                    from booked
                    where status = 'posted' and kind in ('usage', 'refund', 'adjustment')
                    group by kind
                ) as by_rate
            ), '[]'),
            'tenders', coalesce((
                select jsonb_agg(line order by line ->> 'kind', line ->> 'tender')
                from (
                    select jsonb_build_object(
                        'kind', kind, 'tender', tender, 'count', count(*),
                        'amount_minor', sum(amount_minor), 'tip_minor', sum(tip_minor)
                    ) as line
                    from booked where status = 'posted' group by kind, tender
                ) as by_tender
            ), '[]'),
            'refunds', (
                select jsonb_build_object(
                    'count', count(*), 'amount_minor', coalesce(sum(amount_minor), 0)
                ) from booked where status = 'posted' and kind = 'refund'
            ),
            'voids', (
                select jsonb_build_object(
                    'count', count(*), 'amount_minor', coalesce(sum(amount_minor), 0)
                ) from booked where status = 'voided'
            ),
            'tills', coalesce((
                select jsonb_agg(jsonb_build_object(
                    'till_id', id, 'staff_id', staff_id, 'drawer', drawer, 'status', status,
                    'opening_minor', opening_minor, 'drops_minor', drops_minor,
                    -- Blind: what should be there is not said before it was counted.
                    'expected_minor', case when counted_minor is not null then expected_minor end,
                    'counted_minor', counted_minor, 'variance_minor', variance_minor
                ) order by id)
                from tills
                where venue_id = place and opened_at >= starts and opened_at < ends
            ), '[]'),
            'liability', jsonb_build_object(
                'opening_minor', (select minor from opening),
                'sold_minor', coalesce((select minor from owed where why = 'sold'), 0),
                'granted_minor', coalesce((select minor from owed where why = 'granted'), 0),
                'used_minor', -coalesce((select minor from owed where why = 'used'), 0),
                'refunded_minor', coalesce((select minor from owed where why = 'refunded'), 0),
                'expired_minor', -coalesce((select minor from owed where why = 'expired'), 0),
                'other_minor', coalesce((select minor from owed where why = 'other'), 0),
                'closing_minor', (select minor from opening)
                    + coalesce((select sum(minor) from owed), 0)
            ),
            'open_orders_count', (select count(*) from pending),
            'open_orders', coalesce((
                select jsonb_agg(jsonb_build_object(
                    'transaction_id', pending.id, 'amount_minor', pending.amount_minor,
                    'ordered_at',
                        to_char(
                            pending.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'
                        ),
                    'name', coalesce((
                        select string_agg(sold.qty || ' × ' || sold.name, ', ' order by sold.line)
                        from purchases as sold where sold.transaction_id = pending.id
                    ), '')
                ) order by pending.occurred_at, pending.id)
                from (select * from pending order by occurred_at, id limit 100) as pending
            ), '[]'),
            'journal_head', (
                select encode(hash, 'hex') from ledger_journals
                where venue_id = place order by seq desc limit 1
            )
        );
    end;
revoke execute on function day_figures_unchecked(uuid, date, timestamptz, timestamptz) from public;
grant execute on function day_figures_unchecked(uuid, date, timestamptz, timestamptz)
    to lastlight_writer;

-- The same for people: management of the venue sees sums of a ledger whose lines it may not see.
create function day_figures(place uuid, day date, starts timestamptz, ends timestamptz)
    returns jsonb
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select day_figures_unchecked(place, day, starts, ends)
        where caller_is_management() and place = any (caller_venues());
    end;

-- Where a chain of hashes stands, for owners of the venue; the platform's chain has no venue.
create function chain_head_of(place uuid, name text) returns table (seq bigint, hash bytea)
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select head.seq, head.hash
        from runtime.chain_heads as head
        where head.chain = name and caller_is_owner()
            and (
                head.venue_id = any (caller_venues())
                or head.venue_id = '00000000-0000-0000-0000-000000000000'
            )
            and head.venue_id = coalesce(place, '00000000-0000-0000-0000-000000000000');
    end;

-- The platform's own trail, as far as its hashes go: for checking it whole without reading what
-- others did there.
create function audit_links_of_platform(after_seq bigint, until_seq bigint, most bigint)
    returns setof audit_log
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select
            id, seq, venue_id, at, actor_id, role, action, object_type, object_id,
            null::jsonb, null::jsonb, null::bytea, detail_digest, request_id, ip, prev_hash, hash
        from audit_log
        where venue_id is null and seq > after_seq and seq <= until_seq and caller_is_owner()
        order by seq
        limit most;
    end;

-- Persons in a venue and what it took today, for owners.
create function venue_figures(place uuid)
    returns table (present bigint, sessions bigint, on_duty bigint)
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select
            coalesce(sum(seat.party_size), 0)::bigint, count(*)::bigint,
            (select count(*) from runtime.duty_places as duty where duty.venue_id = place)
        from runtime.floor_places as seat
        where seat.venue_id = place and seat.version > 1
            and caller_is_owner() and place = any (caller_venues());
    end;
