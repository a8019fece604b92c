-- Incidents and the safety register.

-- name: incidents
-- Incidents before $2, newest first, at most $3. $1: venue, $4: kind, $5: open or not,
-- $6: raised since.
select *
from incidents
where ($1::uuid is null or venue_id = $1) and ($2::uuid is null or id < $2)
    and ($4::text is null or kind = $4)
    and ($5::boolean is null or (status not in ('resolved', 'false_alarm')) = $5)
    and ($6::timestamptz is null or raised_at >= $6)
order by id desc
limit $3;

-- name: incident_timeline
-- What happened in the incidents $1, in order.
select *
from incident_events
where incident_id = any ($1::uuid[])
order by incident_id, seq;

-- name: safety_logs
-- Lines of the register before $2, newest first, at most $3. $1: venue, $4: session, $5: user,
-- $6: kind, $7 and $8: received from and until.
select *
from safety_logs
where ($1::uuid is null or venue_id = $1) and ($2::uuid is null or id < $2)
    and ($4::uuid is null or session_id = $4) and ($5::uuid is null or user_id = $5)
    and ($6::text is null or kind = $6)
    and ($7::timestamptz is null or received_at >= $7)
    and ($8::timestamptz is null or received_at < $8)
order by id desc
limit $3;
