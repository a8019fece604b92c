-- Who asks, and how far the flush is: the beginning of every query's snapshot.

-- name: begin_query
-- The caller's context for this transaction, and the flush position in its snapshot.
-- $1: user, $2: role at each of the venues $3, which are joined by commas.
select
    set_config('app.user_id', $1, true) as user_id,
    set_config('app.role', $2, true) as role,
    set_config('app.venue_ids', $3, true) as venue_ids,
    (select position from runtime.flush) as position;

-- name: begin_own_query
-- The flush position in the snapshot of a query of the node itself.
select position from runtime.flush;

-- name: ask_for_every_venue
-- Owners of everything ask about every venue. The role was set by a statement before.
select set_config('app.venue_ids', array_to_string(every_venue_id(), ','), true);

-- name: venues_asked
-- The venues that the question is about.
select venue_id from unnest(caller_venues()) as place (venue_id) order by venue_id;

-- name: venue_on_show
-- A venue, if the caller may know of it. $1: venue.
select id, tz from venues where id = $1 and deleted_at is null;
