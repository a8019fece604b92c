-- People as others see them, masked by the role of the caller.

-- name: people_found
-- Ids of people with these characters in their name, newest first. $1: text, $2: after, $3: how many.
select people_found($1, $2, $3) as id;

-- name: people_seen
-- What the caller may see of these people, newest first. $1: ids.
select
    id, display_name, avatar, photo, status, created_at, age_verified, excluded, roles,
    session_id, session_venue_id, session_status, safety_level, started_at,
    email, email_verified, phone, birth_date, emergency_contact, version
from people_seen($1);

-- name: exclusions_seen
-- Kind and dates of what keeps somebody out at $2, for management. $1: user.
select id, kind, venue_id, starts_at, ends_at
from exclusions_for_management
where user_id = $1 and starts_at <= $2 and (ended_at is null or ended_at > $2)
    and (ends_at is null or ends_at > $2 or kind = 'self_exclusion')
order by starts_at desc, id
limit 100;

-- name: wallets_seen
-- What somebody has, for management of a venue where they were. $1: user.
select currency, paid_minor, bonus_minor, held_minor, receivable_minor
from credits
where user_id = $1
order by currency;
