-- Money events, their receipts, and the books.

-- name: own_transactions
-- Own money events before $2, newest first, at most $3. $1: whose, $4: kind, $5: status,
-- $6: tender, $7: business day, $8: session, $9: venue.
select *
from transactions
where user_id = $1 and id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    and ($4::text is null or kind = $4) and ($5::text is null or status = $5)
    and ($6::text is null or tender = $6) and ($7::date is null or business_day = $7)
    and ($8::uuid is null or session_id = $8) and ($9::uuid is null or venue_id = $9)
order by id desc
limit $3;

-- name: taken_transactions
-- What a member of staff took while its day is open. $1: who; the rest as own_transactions.
select *
from transactions
where created_by = $1 and id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    and ($4::text is null or kind = $4) and ($5::text is null or status = $5)
    and ($6::text is null or tender = $6) and ($7::date is null or business_day = $7)
    and ($8::uuid is null or session_id = $8) and ($9::uuid is null or venue_id = $9)
    and venue_id = any (caller_venues())
    and (business_day is null or business_day_is_open(venue_id, business_day))
order by id desc
limit $3;

-- name: transactions_of_venue
-- Money events of a venue. $1: the venue; the rest as own_transactions, without $9.
select *
from transactions
where venue_id = $1 and id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    and ($4::text is null or kind = $4) and ($5::text is null or status = $5)
    and ($6::text is null or tender = $6) and ($7::date is null or business_day = $7)
    and ($8::uuid is null or session_id = $8)
order by id desc
limit $3;

-- name: transaction
-- One money event, if the caller may see it. $1: id.
select * from transactions where id = $1;

-- name: lines_of_transaction
-- The lines of a purchase, in order. $1: transaction.
select * from purchases where transaction_id = $1 order by line;

-- name: moved_by_transaction
-- Its journals and what they moved, by account. $1: transaction.
select journal_id, account_code, amount_minor from moved_by($1);

-- name: refunded_of_transaction
-- What refunds took back of its lines, or are about to. $1: transaction.
select purchase_id, qty, amount_minor from refunded_of($1);

-- name: receipt_of_transaction
-- The last receipt about a transaction. $1: transaction.
select * from receipts where transaction_id = $1 order by number desc nulls first limit 1;

-- name: receipt_of_session
-- The last receipt about a visit. $1: session.
select * from receipts where session_id = $1 order by number desc nulls first limit 1;

-- name: tips_about
-- What was tipped for a purchase afterwards. $1: transaction.
select coalesce(sum(amount_minor), 0)::bigint
from transactions
where about_id = $1 and kind = 'tip' and status = 'posted';

-- name: head_of_receipt
-- What a receipt says of its venue. $1: venue.
select name, address, tax_id from venue_of_receipts($1);

-- name: venues_asked
-- The venues that the caller asks about.
select venue_id from unnest(caller_venues()) as place (venue_id) order by venue_id;

-- name: currency_of_venue
-- In which currency a venue's books are. $1: venue.
select currency from venues where id = $1;

-- name: journals
-- Journals of a venue after $2, in ledger order, at most $3. $1: venue, $4: account (its lines are
-- looked for journal by journal: for accounts that most journals touch), $5: business day.
select journal.*
from ledger_journals as journal
cross join lateral (
    select
    from ledger_postings as line
    where line.journal_id = journal.id and ($4::text is null or line.account_code = $4)
    limit 1
) as touching
where journal.venue_id = $1 and journal.seq > $2
    and ($5::date is null or journal.business_day = $5)
order by journal.seq
limit $3;

-- name: journals_of_account
-- As journals, for an account that few journals touch: by its lines. $4: its id.
select journal.*
from ledger_journals as journal
where journal.id = any (array(select journal_id from ledger_postings where account_id = $4))
    and journal.venue_id = $1 and journal.seq > $2
    and ($5::date is null or journal.business_day = $5)
order by journal.seq
limit $3;

-- name: journals_of_source
-- As journals, of one source or of those that begin with it. $6: the source. A colon ends the
-- first part of a source, and a semicolon comes after it.
select *
from (
    (
        select *
        from ledger_journals as one
        where venue_id = $1 and source collate "C" = $6 and seq > $2
            and ($5::date is null or business_day = $5)
            and ($4::text is null or exists (
                select from ledger_postings as line
                where line.journal_id = one.id and line.account_code = $4
            ))
        order by seq
        limit $3
    )
    union all
    (
        select *
        from ledger_journals as one
        where venue_id = $1 and seq > $2
            and source collate "C" > $6 || ':' and source collate "C" < $6 || ';'
            and ($5::date is null or business_day = $5)
            and ($4::text is null or exists (
                select from ledger_postings as line
                where line.journal_id = one.id and line.account_code = $4
            ))
        order by seq
        limit $3
    )
) as journal
order by seq
limit $3;

-- name: postings
-- The lines of journals. $1: ids.
select * from ledger_postings where journal_id = any ($1::uuid[]) order by journal_id, line;

-- name: ledger_head
-- The last journal of a venue. $1: venue.
select seq, hash
from ledger_journals
where venue_id = $1 and seq is not null
order by seq desc
limit 1;

-- name: trial_balance
-- The sum over all accounts, by currency.
select currency, balance_minor from trial_balance();

-- name: account_balances
-- What stands on accounts. $1: ids.
select code, balance_minor from ledger_accounts where id = any ($1::uuid[]);
