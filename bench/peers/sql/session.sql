-- A visit with its segments and its hold, and who may read it; one round trip.
select s.user_id, s.venue_id, s.status, s.activity, s.station_id, s.zone, s.party_size,
    s.business_day::text as business_day, s.started_at, s.status_since, s.deadline_at, s.ended_at,
    s.safety_level, s.held_minor, s.charged_minor, s.table_name, s.note, s.meter, s.version,
    s.hold_id, h.status as hold_status, h.expires_at as hold_expires_at,
    u.token_version, u.status as user_status,
    (select json_agg(json_build_object('id', g.id, 'activity', g.activity,
            'station_id', g.station_id, 'rate_minor_per_h', g.rate_minor_per_h, 'mode', g.mode,
            'started_ms', (extract(epoch from g.started_at) * 1000)::int8,
            'ended_ms', (extract(epoch from g.ended_at) * 1000)::int8,
            'business_day', g.business_day) order by g.seq)
       from session_segments g where g.session_id = s.id) as segments
from users u
left join sessions s on s.id = :session_id::uuid
left join credit_holds h on h.id = s.hold_id
where u.id = :user_id::uuid
