-- Refunds and card payments.

-- name: refunds_of_user
-- Somebody's own refunds before $3, newest first, at most $2. $1: user, $4: status,
-- $5: transaction, $6: venue.
select *
from refunds
where user_id = $1 and ($3::uuid is null or id < $3) and ($4::text is null or status = $4)
    and ($5::uuid is null or transaction_id = $5) and ($6::uuid is null or venue_id = $6)
order by id desc
limit $2;

-- name: refunds_requested_by
-- Refunds that somebody asked for, as above. $1: who asked.
select *
from refunds
where requested_by = $1 and ($3::uuid is null or id < $3) and ($4::text is null or status = $4)
    and ($5::uuid is null or transaction_id = $5) and ($6::uuid is null or venue_id = $6)
order by id desc
limit $2;

-- name: refunds_of_venue
-- A venue's refunds, as above, without $6. $1: venue.
select *
from refunds
where venue_id = $1 and ($3::uuid is null or id < $3) and ($4::text is null or status = $4)
    and ($5::uuid is null or transaction_id = $5)
order by id desc
limit $2;

-- name: payment
-- One payment. $1: its id.
select * from payments where id = $1;

-- name: payment_methods
-- Somebody's saved cards, newest first. $1: user.
select *
from payment_methods
where user_id = $1 and removed_at is null
order by id desc;

-- name: reconciled_day
-- A business day of a venue. $1: venue, $2: day.
select day.starts_at, day.ends_at, venue.currency
from business_days as day
join venues as venue on venue.id = day.venue_id
where day.venue_id = $1 and day.business_day = $2;

-- name: clearing_of_day
-- What the clearing account moved in a venue's books on a day. $1: venue, $2: day.
-- What came in by cards is a debit there, so its sign is turned.
select
    coalesce(-sum(line.amount_minor) filter (where line.amount_minor < 0
        and transaction.kind in ('topup', 'purchase')), 0)::bigint as charges_minor,
    coalesce(sum(line.amount_minor) filter (where transaction.kind = 'refund'), 0)::bigint
        as refunds_minor,
    coalesce(sum(line.amount_minor) filter (where transaction.kind = 'dispute'), 0)::bigint
        as disputes_minor,
    coalesce(sum(line.amount_minor), 0)::bigint as balance_minor
from ledger_journals as journal
join ledger_postings as line on line.journal_id = journal.id
left join transactions as transaction on transaction.id = journal.transaction_id
where journal.venue_id = $1 and journal.business_day = $2
    and line.account_code = 'platform:stripe_clearing';

-- name: compared_day
-- What comparing a day with the provider found, if it was compared. $1: venue, $2: day.
select compared_at, totals, findings from reconciliation_of($1, $2);

-- name: payments_begun
-- How many payments that were begun in a venue's day are in each state. $1: venue, $2 to $3: when.
select status, count(*) as number
from payments
where venue_id = $1 and created_at >= $2 and created_at < $3
group by status
order by status;

-- name: parked_events
-- Events of nothing known here, those that wait longest first, at most $1.
select event_id, type, object_id, status, tries, next_try_at, error
from stripe_events
where status = 'parked'
order by received_at
limit $1;

-- name: open_disputes
-- A venue's chargebacks that are not decided, oldest first. $1: venue, $2: at most.
select id as dispute_id, payment_id, provider_id, amount_minor, status, evidence_due_at
from disputes
where venue_id = $1 and closed_at is null
order by opened_at
limit $2;
