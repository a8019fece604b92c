-- What a venue says of itself, kept in memory for five seconds; its status is read each time.
select v.name, v.tz, v.currency, v.lat, v.lon, v.radius_m, v.hours,
    (select coalesce(jsonb_object_agg(s.key, s.value), '{}') from venue_settings s
      where s.venue_id = v.id and s.superseded_at is null) as settings
from venues v where v.id = :venue_id::uuid
