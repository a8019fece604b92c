-- What the events of rooms come to: read for whoever comes back, kept so that events can go.

-- name: kept_view
-- The view of a room as it was kept. $1: room.
select seq, view from runtime.room_snapshots where room = $1;

-- name: rooms_behind
-- Rooms whose view is to be kept anew: $1 events or more are not in it, or some are not and it was
-- last kept before $2 or never; at most $3.
select cursor.room
from runtime.room_cursors as cursor
left join runtime.room_snapshots as kept on kept.room = cursor.room
where cursor.seq - coalesce(kept.seq, 0) >= $1
    or (cursor.seq > coalesce(kept.seq, 0) and coalesce(kept.kept_at < $2, true))
order by cursor.room
limit $3;

-- name: hold_room
-- Keep an erasure from a person's own room meanwhile. $1: room.
select seq from runtime.room_cursors where room = $1 and room like 'user:%' for update;

-- name: keep_view
-- $1: room. $2: seq. $3: view. $4: now.
insert into runtime.room_snapshots (room, seq, view, kept_at) values ($1, $2, $3::json, $4)
on conflict (room) do update
set seq = excluded.seq, view = excluded.view, kept_at = excluded.kept_at
where room_snapshots.seq < excluded.seq;

-- name: forget_events
-- Forget events that happened before $1, at most $2; see the function.
select forget_events($1, $2);
