-- What a receipt says of its venue, whether or not the venue takes patrons now.
create function venue_of_receipts(place uuid)
    returns table (name text, address text, tax_id text)
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select venues.name, venues.address, venues.tax_id
        from venues
        where venues.id = place and (
            (caller_is_staff() and place = any (caller_venues()))
            or exists (
                select from receipts
                where receipts.venue_id = place and receipts.user_id = caller_id()
            )
        );
    end;

-- A day is open before anything of it is booked as well: its row comes with the first revenue, and
-- cash that staff took for a top-up is none.
create or replace function business_day_is_open(place uuid, day date) returns boolean
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    return coalesce(
        (select status = 'open' from business_days where venue_id = place and business_day = day),
        (select day = ((now() at time zone tz) - cutover_local)::date
            from venues where id = place),
        false
    );
