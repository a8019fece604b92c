-- name: flush_position
-- How far the journal is flushed, in the snapshot of the transaction.
select position from runtime.flush;

-- name: venues
-- Venues to load at start.
select id from venues where deleted_at is null order by id;

-- name: room_seq
-- The last seq given in a room. $1: room.
select coalesce((select seq from runtime.room_cursors where room = $1), 0);

-- name: answer
-- The stored answer of a key. $1 to $6: the primary key.
select response from idempotency_keys
where actor_type = $1 and actor_id = $2 and user_id = $3 and method = $4 and route = $5
    and key = $6 and status = 'done';

-- name: due_timers
-- Unfired timers due until $1, after ($2, $3, $4, $5) in order, at most $6.
select * from actor_timers
where fired_at is null and due_at <= $1
    and ($2::timestamptz is null or (due_at, actor_type, actor_id, name) > ($2, $3, $4, $5))
order by due_at, actor_type, actor_id, name
limit $6;

-- name: pending_sends
-- What was sent and not handled, in journal order.
select payload from runtime.pending_sends order by position, id;
