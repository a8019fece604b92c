-- By what people can be reached outside the apps, and what became of it.

-- name: reach
-- The ways to the people $1. Devices that pushes do not reach any more are left out.
select
    one.id, one.email, one.phone, wishes.channels, wishes.quiet_hours,
    (
        select jsonb_agg(jsonb_build_object(
            'device_id', device.device_id, 'platform', device.platform, 'token', device.token,
            'last_ok_at', device.last_ok_at
        ) order by device.id)
        from push_devices as device
        where device.user_id = one.id and device.failed_at is null
    ) as devices
from users as one
left join user_preferences as wishes on wishes.user_id = one.id
where one.id = any ($1::uuid[]) and one.deleted_at is null;

-- name: owners_of_all
-- Who owns every venue.
select distinct user_id from user_roles
where venue_id is null and role = 'owner' and revoked_at is null;

-- name: workers
-- Who has a role besides that of a patron, anywhere; at most $1.
select distinct user_id from user_roles
where role in ('staff', 'management', 'owner') and revoked_at is null
order by user_id
limit $1;

-- name: venue_signs
-- What messages call each venue, the oldest first.
select id, name, tz from venues order by id;

-- name: incident_deliveries
-- What became of the alerts of the incidents $1, by person and way; nothing of addresses.
select
    incident_id, user_id, channel, count(*) as alerts,
    count(sent_at) as sent, count(delivered_at) as delivered, sum(tries)::bigint as tries,
    min(sent_at) as first_sent_at, max(sent_at) as last_sent_at,
    min(delivered_at) as first_delivered_at,
    (array_agg(status order by id desc))[1] as status,
    (array_agg(error order by id desc))[1] as error
from notification_deliveries
where incident_id = any ($1::uuid[])
group by incident_id, user_id, channel
order by incident_id, (array_agg(id order by id))[1];
