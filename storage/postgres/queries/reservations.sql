-- Bookings and places in line, newest first. Ids are given in order of time.

-- name: reservations_at
-- Bookings of venue $1 before $3, at most $2. $4: kind, $5: status, $6: room.
select *
from reservations
where venue_id = $1 and ($3::uuid is null or id < $3)
    and ($4::text is null or kind = $4) and ($5::text is null or status = $5)
    and ($6::uuid is null or room_id = $6)
order by id desc
limit $2;

-- name: own_reservations
-- The caller's own bookings before $2, at most $3. $1: user, $4: kind, $5: status, $6: room,
-- $7: venue.
select *
from reservations
where user_id = $1 and ($2::uuid is null or id < $2)
    and ($4::text is null or kind = $4) and ($5::text is null or status = $5)
    and ($6::uuid is null or room_id = $6) and ($7::uuid is null or venue_id = $7)
order by id desc
limit $3;
