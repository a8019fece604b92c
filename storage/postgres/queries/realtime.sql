-- What connections and tokens are told when memory does not know it.

-- name: missed_events
-- Durable events of a room after a seq, in order, at most $3. $1: room, $2: seq.
select id, seq, type, venue_id, payload, occurred_at, event_version, hide_from
from event_outbox
where room = $1 and seq > $2
order by seq
limit $3;

-- name: last_seq
-- The last seq given in a room, 0 if none was. $1: room.
select coalesce((select seq from runtime.room_cursors where room = $1), 0);

-- name: ended_families
-- Logins that were ended since $1.
select family_id, revoked_at from sessions_auth where revoked_at >= $1;

-- name: raised_versions
-- People whose token version was ever raised, and to whom a token was given since $1: only those
-- can hold one of an earlier version that has not ended by itself.
select distinct u.id, u.token_version
from users as u
join sessions_auth as s on s.user_id = u.id
where u.token_version > 1 and greatest(s.created_at, s.rotated_at) >= $1;
