-- What a transaction is about: a tip's purchase, what an adjustment corrects, a gift's other half.
alter table transactions add column about_id uuid;
create index transactions_about_id_idx on transactions (about_id) where about_id is not null;

-- Lists of money events, newest first: own, of a venue, taken by somebody.
create index transactions_user_id_id_idx on transactions (user_id, id desc);
create index transactions_venue_id_id_idx on transactions (venue_id, id desc);
create index transactions_created_by_id_idx on transactions (created_by, id desc);
create index receipts_transaction_id_idx on receipts (transaction_id);
create index receipts_session_id_idx on receipts (session_id);

-- Whether the caller may see a transaction: whose it is, or whose venue it was in.
create function sees_transaction(wanted uuid) returns boolean
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select exists (
            select from transactions
            where id = wanted and (
                user_id = caller_id()
                or (caller_is_staff() and venue_id = any (caller_venues()))
            )
        );
    end;

-- What a transaction moved, by account, without showing the books: its journals, and the tenders.
create function moved_by(wanted uuid)
    returns table (journal_id uuid, account_code text, amount_minor bigint)
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select journal.id, line.account_code, line.amount_minor
        from ledger_journals as journal
        join ledger_postings as line on line.journal_id = journal.id
        where journal.transaction_id = wanted and sees_transaction(wanted)
        order by journal.seq, line.line;
    end;

-- What refunds took back of a transaction, or are about to, by line.
create function refunded_of(wanted uuid)
    returns table (purchase_id uuid, qty bigint, amount_minor bigint)
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select part.purchase_id, sum(part.qty)::bigint, sum(part.amount_minor)::bigint
        from refunds, jsonb_to_recordset(refunds.lines)
            as part (purchase_id uuid, qty bigint, amount_minor bigint)
        where refunds.transaction_id = wanted and refunds.status not in ('rejected', 'failed')
            and sees_transaction(wanted)
        group by part.purchase_id;
    end;

-- L6: the sum over all accounts of each currency, which must be 0.
create function trial_balance() returns table (currency text, balance_minor bigint)
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
    begin atomic
        select account.currency, sum(account.balance_minor)::bigint
        from ledger_accounts as account
        where caller_is_owner()
        group by account.currency
        order by account.currency;
    end;
