-- All that a check-in is decided by, in one round trip and without a lock.
select u.status as user_status, u.token_version, u.display_name, u.deleted_at is not null as deleted,
    case when u.age_verified_at is not null then date_part('year',
        age((now() at time zone v.tz)::date, u.birth_date))::int end as age_years,
    v.status as venue_status, f.seated, f.capacity,
    ((now() at time zone v.tz) - v.cutover_local)::date::text as business_day,
    c.version as wallet_version, c.paid_minor, c.bonus_minor, c.held_minor, c.receivable_minor,
    c.ledger_seq,
    (select coalesce(json_agg(json_build_object('id', g.id, 'source', g.source,
            'remaining_minor', g.remaining_minor)
            order by g.priority, coalesce(g.expires_at, 'infinity'), g.source, g.created_at), '[]')
       from credit_grants g where g.user_id = u.id and g.currency = v.currency
        and g.remaining_minor > 0
        and (g.source = 'paid' or g.expires_at is null or g.expires_at > now())) as lots,
    (select e.kind from exclusions e
      where e.user_id = u.id and (e.venue_id is null or e.venue_id = v.id)
        and e.starts_at <= now() and coalesce(e.ended_at > now(),
            e.kind = 'self_exclusion' or e.ends_at is null or e.ends_at > now())
      order by e.kind <> 'venue_ban', e.starts_at limit 1) as excluded_by,
    (select h.level from safety_holds h where h.venue_id = v.id and h.user_id = u.id
        and (h.ends_at is null or h.ends_at > now())) as safety_hold,
    (select s.id from sessions s where s.user_id = u.id
        and s.status in ('active', 'paused', 'auto_paused', 'cooling', 'closing')) as open_session,
    (select coalesce(sum(t.amount_minor), 0)::int8 from transactions t where t.user_id = u.id
        and t.kind = 'usage' and t.venue_id = v.id and t.status = 'posted'
        and t.business_day = ((now() at time zone v.tz) - v.cutover_local)::date) as time_paid_minor,
    (select json_agg(l) from user_limits l where l.user_id = u.id and l.kind = 'spend'
        and l.superseded_at is null) as limits,
    k.fingerprint, k.http_status, k.response
from users u
join venues v on v.id = :venue_id::uuid
join venue_floor f on f.venue_id = v.id
left join credits c on c.user_id = u.id and c.currency = v.currency
left join idempotency_keys k on k.user_id = u.id and k.method = 'POST'
    and k.route = '/api/sessions/checkin' and k.key = :key::text
where u.id = :user_id::uuid
