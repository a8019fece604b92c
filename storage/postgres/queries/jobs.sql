-- When jobs are planned and how they stand, and what operators ask of the node.

-- name: jobs
-- All jobs that were ever planned.
select name, next_at, kept_at, started_at, finished_at, runs, failures, error, state
from runtime.jobs order by name;

-- name: keep_job
-- How a job stands. $1: name. $2: next. $3: kept. $4: started. $5: finished. $6: runs.
-- $7: failures. $8: error. $9: what it last did.
insert into runtime.jobs (
    name, next_at, kept_at, started_at, finished_at, runs, failures, error, state
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (name) do update set
    next_at = excluded.next_at, kept_at = excluded.kept_at, started_at = excluded.started_at,
    finished_at = excluded.finished_at, runs = excluded.runs, failures = excluded.failures,
    error = excluded.error, state = excluded.state;

-- name: dead_letters
-- The newest messages that failed and effects that were given up, at most $1.
select message_id, actor_type, command, error, replayable, at
from runtime.dead_letters order by at desc, message_id desc limit $1;

-- name: ask_replays
-- Have dead messages sent again: those of $1 that are there and can be.
insert into runtime.replays (message_id)
select message_id from runtime.dead_letters where message_id = any ($1::uuid[]) and replayable
on conflict (message_id) do update set asked_at = now(), done_at = null, result = null
returning message_id;

-- name: replays_asked
-- Dead messages that are to be sent again, at most $1.
select asked.message_id, letter.payload, letter.replayable
from runtime.replays as asked
left join runtime.dead_letters as letter using (message_id)
where asked.done_at is null
order by asked.asked_at limit $1;

-- name: replay_done
-- $1: message. $2: now. $3: what became of it.
update runtime.replays set done_at = $2, result = $3 where message_id = $1;
