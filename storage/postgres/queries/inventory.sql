-- What a venue has: machines, rooms, food and drink.

-- name: games
-- Machines of a venue after $2, oldest first, at most $3. $1: venue, $4: zone, $5: status.
select *
from games
where venue_id = $1 and retired_at is null and ($2::uuid is null or id > $2)
    and ($4::text is null or zone = $4) and ($5::text is null or status = $5)
order by id
limit $3;

-- name: rooms
-- Rooms of a venue after $2, oldest first, at most $3. $1: venue, $4: persons, $5: status.
select *
from karaoke_rooms
where venue_id = $1 and retired_at is null and ($2::uuid is null or id > $2)
    and ($4::bigint is null or capacity >= $4) and ($5::text is null or status = $5)
order by id
limit $3;

-- name: day_of_venue
-- When a trading day of a venue begins and ends, and its weekly hours. $1: venue, $2: day.
select tz, hours,
    ($2::date + cutover_local) at time zone tz as starts_at,
    ($2::date + 1 + cutover_local) at time zone tz as ends_at
from venues
where id = $1;

-- name: rooms_taken
-- When rooms are taken, in order. $1: rooms, $2 and $3: from and until.
select room_id, lower(during) as starts_at, upper(during) as ends_at
from rooms_taken($1::uuid[], tstzrange($2, $3));

-- name: menu_items
-- Food and drink of a venue after $2, oldest first, at most $3. $1: venue, $4: category.
select *
from menu_items
where venue_id = $1 and retired_at is null and ($2::uuid is null or id > $2)
    and ($4::text is null or category = $4)
order by id
limit $3;

-- name: sold_out
-- Which of the items $1 can't be made of what is on hand.
select id from items_sold_out($1::uuid[]) as gone (id);
