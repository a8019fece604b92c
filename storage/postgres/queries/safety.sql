-- Incidents and the safety register.

-- name: incidents
-- Incidents of venue $1 before $3, newest first, at most $2. $4: kind, $5: open or not,
-- $6: raised since.
select *
from incidents
where venue_id = $1 and ($3::uuid is null or id < $3) and ($4::text is null or kind = $4)
    and ($5::boolean is null or (status not in ('resolved', 'false_alarm')) = $5)
    and ($6::timestamptz is null or raised_at >= $6)
order by id desc
limit $2;

-- name: incidents_for_staff
-- As incidents, the open ones and those that $7 had a part in, each by their index.
select *
from incidents
where id = any (array(
        select id from incidents
        where venue_id = $1 and status not in ('resolved', 'false_alarm')
        union all
        select id from incidents where raised_by = $7 and venue_id = $1
        union all
        select id from incidents where owner_id = $7 and venue_id = $1
        union all
        select incident_id from incident_events where by_user = $7
    ))
    and venue_id = $1 and ($3::uuid is null or id < $3) and ($4::text is null or kind = $4)
    and ($5::boolean is null or (status not in ('resolved', 'false_alarm')) = $5)
    and ($6::timestamptz is null or raised_at >= $6)
order by id desc
limit $2;

-- name: incident_timeline
-- What happened in the incidents $1, in order.
select *
from incident_events
where incident_id = any ($1::uuid[])
order by incident_id, seq;

-- name: safety_logs
-- Lines of the register of venue $1 before $3, newest first, at most $2. $4: session, $5: user,
-- $6: kind, $7 and $8: received from and until.
select *
from safety_logs
where venue_id = $1 and ($3::uuid is null or id < $3)
    and ($4::uuid is null or session_id = $4) and ($5::uuid is null or user_id = $5)
    and ($6::text is null or kind = $6)
    and ($7::timestamptz is null or received_at >= $7)
    and ($8::timestamptz is null or received_at < $8)
order by id desc
limit $2;
