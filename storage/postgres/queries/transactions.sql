-- What is on sale.

-- name: credit_packages
-- Packages on sale at a venue after $2, oldest first, at most $3. $1: venue.
select *
from credit_packages
where venue_id = $1 and active and retired_at is null and ($2::uuid is null or id > $2)
order by id
limit $3;
