-- Lists of money events of a venue by each of their filters, newest first.
create index transactions_venue_id_kind_id_idx on transactions (venue_id, kind, id desc);
create index transactions_venue_id_tender_id_idx on transactions (venue_id, tender, id desc);
create index transactions_unposted_idx on transactions (venue_id, status, id desc)
    where status <> 'posted';
create index transactions_session_id_id_idx on transactions (session_id, id desc)
    where session_id is not null;
create index transactions_venue_id_business_day_id_idx
    on transactions (venue_id, business_day, id desc);

-- The books of a venue by day and by source, in ledger order.
create index ledger_journals_venue_id_business_day_seq_idx
    on ledger_journals (venue_id, business_day, seq);
create index ledger_journals_venue_id_source_seq_idx
    on ledger_journals (venue_id, (source collate "C"), seq);
