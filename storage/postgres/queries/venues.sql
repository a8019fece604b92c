-- Places, as patrons see them.

-- name: public_venues
-- Venues that take patrons after $1, oldest first, at most $2. $3, $4: latitude and longitude in
-- degrees, or null; the distance is along the great circle, R = 6 371 008.8 m.
select
    id, name, address, tz, currency, lat, lon, hours, status,
    venue_busyness(id) as busyness,
    -- least() passes over null, so no position must be told apart before.
    case when $3::double precision is not null then round(
        2 * 6371008.8 * asin(sqrt(least(1.0,
            sin(radians(lat - $3::double precision) / 2) ^ 2
            + cos(radians($3::double precision)) * cos(radians(lat))
                * sin(radians(lon - $4::double precision) / 2) ^ 2
        )))
    )::bigint end as distance_m
from venues
where deleted_at is null and status <> 'suspended' and ($1::uuid is null or id > $1)
order by id
limit $2;
