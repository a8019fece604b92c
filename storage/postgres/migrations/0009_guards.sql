-- Alarms that no single row can raise, and who may write what.

-- L1: a journal's lines sum to zero per currency, looked at when the flush commits.
create function refuse_unbalanced_journal() returns trigger
    language plpgsql
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    excess bigint;
begin
    select sum(amount_minor) into excess
    from ledger_postings
    where journal_id = new.journal_id and currency = new.currency;
    if excess <> 0 then
        raise exception 'journal % is out of balance by % in %',
            new.journal_id, excess, new.currency
            using errcode = 'check_violation', constraint = 'ledger_postings_balanced';
    end if;
    return null;
end
$$;
create constraint trigger ledger_postings_balanced
    after insert on ledger_postings
    deferrable initially deferred
    for each row execute function refuse_unbalanced_journal();

-- Rule 5: a closed day is frozen. Writing the same row again changes nothing and is let through.
create function refuse_change_of_closed_day() returns trigger
    language plpgsql
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    if tg_op = 'DELETE' or new is distinct from old then
        raise exception 'business day % of venue % is closed', old.business_day, old.venue_id
            using errcode = 'check_violation', constraint = 'business_days_frozen';
    end if;
    return new;
end
$$;
create trigger business_days_frozen
    before update or delete on business_days
    for each row when (old.status = 'closed')
    execute function refuse_change_of_closed_day();

-- The write-behind. What is append-only it can't change, what is money it can't delete.
grant select, insert, update, delete on all tables in schema public to lastlight_writer;
revoke update, delete on
    age_verifications, location_reports, safety_logs, incident_events, ledger_journals,
    ledger_postings, receipts, stock_movements, event_outbox, audit_log
from lastlight_writer;
revoke delete on
    users, exclusions, session_history, transactions, credits, credit_grants, credit_holds,
    ledger_accounts, purchases, refunds, payments, disputes, tills, business_days
from lastlight_writer;
grant select, insert, update, delete on all tables in schema runtime to lastlight_writer;
revoke insert, update, delete on runtime.migrations from lastlight_writer;
revoke update on runtime.dead_letters from lastlight_writer;
