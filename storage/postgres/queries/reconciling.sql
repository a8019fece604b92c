-- What is compared with the provider's books, and what that found.

-- name: days_to_compare
-- Closed days since $1 that were not compared yet, or whose findings may have healed: those are
-- compared again while they ended after $2, at most once after $3. Oldest first, at most $4.
select day.venue_id, day.business_day, day.starts_at, day.ends_at
from business_days as day
left join runtime.reconciliations as compared
    on compared.venue_id = day.venue_id and compared.business_day = day.business_day
where day.status = 'closed' and day.ends_at >= $1 and (
    compared.compared_at is null
    or (compared.findings <> '[]' and day.ends_at >= $2 and compared.compared_at < $3)
)
order by day.business_day, day.venue_id
limit $4;

-- name: our_entries
-- What our books have of cards: of venue $1 from $2 until before $3, and whatever the provider calls
-- one of $4, or has the id of one of $5.
select
    'charge' as kind, payment.id, payment.provider_id,
    payment.provider_id as provider_payment_id, payment.venue_id, payment.amount_minor,
    coalesce(transaction.posted_at is not null, false) as counts,
    coalesce(
        payment.venue_id = $1 and transaction.posted_at >= $2 and transaction.posted_at < $3, false
    ) as of_day
from payments as payment
left join transactions as transaction
    on transaction.id = payment.transaction_id and transaction.payment_id = payment.id
where payment.provider_id = any ($4) or payment.id = any ($5) or payment.id in (
    select payment_id from transactions
    where venue_id = $1 and posted_at >= $2 and posted_at < $3 and payment_id is not null
        and kind in ('topup', 'purchase')
)
union all
select
    'refund', refund.id, refund.provider_ref, payment.provider_id, refund.venue_id,
    refund.amount_minor, refund.status in ('processing', 'succeeded'),
    refund.status = 'succeeded' and refund.venue_id = $1
        and refund.decided_at >= $2 and refund.decided_at < $3
from refunds as refund
join payments as payment on payment.id = refund.payment_id
where refund.provider_ref = any ($4) or refund.id = any ($5) or (
    refund.venue_id = $1 and refund.decided_at >= $2 and refund.decided_at < $3
)
union all
select
    'dispute', dispute.id, dispute.provider_id, payment.provider_id, dispute.venue_id,
    dispute.amount_minor, true, false
from disputes as dispute
join payments as payment on payment.id = dispute.payment_id
where dispute.provider_id = any ($4);

-- name: kept_findings
-- What was found of a day before. $1: venue, $2: day.
select findings from runtime.reconciliations where venue_id = $1 and business_day = $2;

-- name: keep_reconciliation
-- $1: venue. $2: day. $3: now. $4: totals. $5: findings.
insert into runtime.reconciliations (venue_id, business_day, compared_at, totals, findings)
values ($1, $2, $3, $4, $5)
on conflict (venue_id, business_day) do update set
    compared_at = excluded.compared_at, totals = excluded.totals, findings = excluded.findings;
