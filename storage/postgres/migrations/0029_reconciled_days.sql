-- What comparing a day's cards with the provider found (Rule 11), and who may read it.

create table runtime.reconciliations (
    venue_id uuid not null,
    business_day date not null,
    compared_at timestamptz not null,
    -- The provider's own sums of the day.
    totals jsonb not null,
    -- A list each of what is not here, what is not there, and what differs.
    findings jsonb not null,
    primary key (venue_id, business_day)
);
grant select, insert, update, delete on runtime.reconciliations to lastlight_writer;

-- A compared day for an owner of its venue; nothing for anybody else.
create function reconciliation_of(venue uuid, day date)
    returns table (compared_at timestamptz, totals jsonb, findings jsonb)
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select compared.compared_at, compared.totals, compared.findings
        from runtime.reconciliations as compared
        where compared.venue_id = venue and compared.business_day = day
            and public.caller_is_owner() and venue = any (public.caller_venues());
    end;
revoke execute on function reconciliation_of(uuid, date) from public;
grant execute on function reconciliation_of(uuid, date) to lastlight_reader;

create index transactions_card_posted_at_idx on transactions (venue_id, posted_at)
    where payment_id is not null;
create index refunds_card_decided_at_idx on refunds (venue_id, decided_at)
    where payment_id is not null;
