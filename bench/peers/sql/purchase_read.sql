-- All that a purchase is decided by, in one round trip and without a lock.
select u.status as user_status, u.token_version, u.deleted_at is not null as deleted,
    case when u.age_verified_at is not null then date_part('year',
        age((now() at time zone v.tz)::date, u.birth_date))::int end as age_years,
    v.status as venue_status, v.last_orders_at,
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
    s.id as session_id, s.status as session_status, s.party_size, s.safety_level,
    (select json_agg(l) from user_limits l where l.user_id = u.id and l.kind = 'spend'
        and l.superseded_at is null) as limits,
    (select json_agg(json_build_object('id', i.id, 'name', i.name, 'price_minor', i.price_minor,
            'tax_rate_bp', i.tax_rate_bp, 'alcoholic', i.alcoholic,
            'is_drink', i.volume_ml is not null,
            'standard_drinks_milli', i.standard_drinks_milli, 'hours', i.hours,
            'available', i.available, 'stocked', l.item_id is not null,
            'free_milli', l.on_hand_milli - l.reserved_milli))
       from menu_items i left join inventory_levels l
         on l.venue_id = i.venue_id and l.item_id = i.id
      where i.id = any (:item_ids::uuid[]) and i.venue_id = v.id and i.retired_at is null) as items,
    k.fingerprint, k.http_status, k.response
from users u
join venues v on v.id = :venue_id::uuid
left join credits c on c.user_id = u.id and c.currency = v.currency
left join sessions s on s.user_id = u.id and s.venue_id = v.id
    and s.status in ('active', 'paused', 'auto_paused', 'cooling', 'closing')
left join idempotency_keys k on k.user_id = u.id and k.method = 'POST'
    and k.route = '/api/transactions/purchase' and k.key = :key::text
where u.id = :user_id::uuid
