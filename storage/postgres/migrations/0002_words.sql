-- What tables, policies and queries are written with.

-- Rooms and people in exclusion constraints: ids have no GiST operators without an extension.
create type uuidrange as range (subtype = uuid);

-- All three-character pieces of a text, without case. A text that contains another, of three
-- characters at least, contains all its pieces; so a GIN index narrows a search by substring.
create function trigrams(value text) returns text[]
    language sql immutable strict parallel safe
    return (
        select coalesce(array_agg(distinct substr(lower(value), n, 3)), '{}')
        from generate_series(1, length(value) - 2) as n
    );

-- Who asks. Set by set_config(..., true) within the transaction; absent, it is nobody.
create function caller_id() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('app.user_id', true), '')::uuid;

-- The caller's role at each of caller_venues(): patron, staff, management or owner.
create function caller_role() returns text
    language sql stable parallel safe
    return nullif(current_setting('app.role', true), '');

-- The venues that the question is about, written as a,b or {a,b}.
create function caller_venues() returns uuid[]
    language sql stable parallel safe
    return coalesce(
        string_to_array(
            nullif(btrim(current_setting('app.venue_ids', true), '{} '), ''), ','
        )::uuid[],
        '{}'
    );

create function caller_is_staff() returns boolean
    language sql stable parallel safe
    return coalesce(caller_role() in ('staff', 'management', 'owner'), false);

create function caller_is_management() returns boolean
    language sql stable parallel safe
    return coalesce(caller_role() in ('management', 'owner'), false);

create function caller_is_owner() returns boolean
    language sql stable parallel safe
    return coalesce(caller_role() = 'owner', false);
