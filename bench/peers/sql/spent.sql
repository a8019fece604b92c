-- What own limits count, for the few who have any: purchases, time and tips of the last 30 days.
select t.business_day::text as business_day, sum(t.amount_minor + t.tip_minor)::int8 as spent_minor
from transactions t
where t.user_id = :user_id::uuid and t.status = 'posted' and t.kind in ('purchase', 'usage', 'tip')
    and t.business_day > :business_day::text::date - 30
group by t.business_day
