-- Financial: wallets, the books, payments. Amounts are integers in minor units.
-- Columns are those of protocol.records; a test compares both directions.

-- A business-level money event. business_day and posted_at are null until it posts.
create table transactions (
    id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    kind text not null
        check (kind in (
            'topup', 'purchase', 'usage', 'tip', 'grant', 'transfer', 'refund',
            'adjustment', 'dispute'
        )),
    status text not null check (status in ('pending', 'posted', 'voided')),
    tender text not null check (tender in ('credits', 'card', 'cash')),
    amount_minor bigint not null,
    tax_minor bigint not null,
    tip_minor bigint not null,
    currency text not null,
    business_day date,
    session_id uuid,
    shift_id uuid,
    till_id uuid,
    payment_id uuid,
    package_id uuid,
    reverses_id uuid,
    reason text,
    note text,
    created_by uuid,
    occurred_at timestamptz not null,
    posted_at timestamptz,
    expires_at timestamptz,
    version bigint not null,
    primary key (id),
    constraint transactions_payment_id_kind_key exclude using btree (
        payment_id with =, kind with =
    ) where (kind in ('topup', 'purchase')) deferrable initially deferred,
    check (status <> 'posted' or (posted_at is not null and business_day is not null)),
    check (version > 0)
);
create index transactions_user_id_posted_at_idx on transactions (user_id, posted_at desc);
create index transactions_venue_id_business_day_kind_idx
    on transactions (venue_id, business_day, kind);

-- A wallet's balances: a cache of the ledger. ledger_seq is the account's own count.
create table credits (
    user_id uuid not null,
    currency text not null,
    paid_minor bigint not null,
    bonus_minor bigint not null,
    held_minor bigint not null,
    receivable_minor bigint not null,
    ledger_seq bigint not null,
    frozen_at timestamptz,
    version bigint not null,
    primary key (user_id, currency),
    check (paid_minor >= 0 and bonus_minor >= 0 and held_minor >= 0),
    check (receivable_minor <= 0),
    check (version > 0)
);

-- A lot of credit and what is left of it, burnt in the order of Rule 9.
create table credit_grants (
    id uuid not null,
    user_id uuid not null,
    venue_id uuid,
    source text not null check (source in ('paid', 'bonus')),
    currency text not null,
    amount_minor bigint not null,
    remaining_minor bigint not null,
    priority bigint not null,
    expires_at timestamptz,
    transaction_id uuid,
    reason text,
    created_at timestamptz not null,
    version bigint not null,
    primary key (id),
    check (remaining_minor between 0 and amount_minor),
    check (version > 0)
);
create index credit_grants_burn_order
    on credit_grants (user_id, source, expires_at, priority, created_at)
    where remaining_minor > 0;
create index credit_grants_expires_at_idx on credit_grants (expires_at);

-- Reserved credit. amount_minor is what was reserved, captured_minor what was taken.
create table credit_holds (
    id uuid not null,
    user_id uuid not null,
    venue_id uuid,
    purpose text not null,
    ref_id uuid,
    currency text not null,
    amount_minor bigint not null,
    captured_minor bigint not null,
    sources jsonb not null,
    status text not null check (status in ('open', 'captured', 'released', 'expired')),
    expires_at timestamptz,
    created_at timestamptz not null,
    version bigint not null,
    primary key (id),
    check (captured_minor between 0 and amount_minor),
    check (version > 0)
);
create index credit_holds_user_id_idx on credit_holds (user_id) where status = 'open';
create index credit_holds_expires_at_idx on credit_holds (expires_at) where status = 'open';

-- One account per owner, kind and currency. id is ledger_account_id(code, currency).
create table ledger_accounts (
    id uuid not null,
    code text not null,
    kind text not null
        check (kind in (
            'paid', 'bonus', 'held', 'receivable', 'revenue', 'tax', 'tips',
            'promo_expense', 'refund_clearing', 'dispute_loss', 'till',
            'stripe_clearing', 'transit'
        )),
    user_id uuid,
    venue_id uuid,
    currency text not null,
    normal text not null check (normal in ('debit', 'credit')),
    may_be_negative boolean not null,
    balance_minor bigint not null,
    seq bigint not null,
    version bigint not null,
    primary key (id),
    constraint ledger_accounts_code_currency_key
        unique (code, currency)
        deferrable initially deferred,
    check (may_be_negative or balance_minor >= 0),
    check (version > 0)
);

-- A journal's header. One per transaction and source (L5); seq is gapless per venue.
create table ledger_journals (
    id uuid not null,
    venue_id uuid not null,
    seq bigint,
    transaction_id uuid,
    business_day date not null,
    source text not null,
    memo text,
    memo_salt bytea,
    memo_digest bytea,
    posted_at timestamptz not null,
    prev_hash bytea,
    hash bytea,
    primary key (id),
    constraint ledger_journals_venue_id_seq_key
        unique (venue_id, seq)
        deferrable initially deferred,
    constraint ledger_journals_transaction_id_source_key
        unique (transaction_id, source)
        deferrable initially deferred
);
create index ledger_journals_venue_id_business_day_idx on ledger_journals (venue_id, business_day);

-- One line of a journal: + credit, − debit. Lines sum to 0 per journal and currency (L1).
create table ledger_postings (
    id uuid not null,
    journal_id uuid not null,
    venue_id uuid not null,
    line bigint not null,
    account_id uuid not null,
    account_code text not null,
    amount_minor bigint not null,
    currency text not null,
    grant_id uuid,
    balance_after_minor bigint,
    primary key (id)
);
create index ledger_postings_journal_id_idx on ledger_postings (journal_id);
create index ledger_postings_account_id_id_idx on ledger_postings (account_id, id);

-- One ordered line: qty of a menu item or of plays of a game, never of both.
create table purchases (
    id uuid not null,
    transaction_id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    session_id uuid,
    line bigint not null,
    item_id uuid,
    game_id uuid,
    name text not null,
    qty bigint not null,
    unit_price_minor bigint not null,
    tax_rate_bp bigint not null,
    tax_minor bigint not null,
    total_minor bigint not null,
    standard_drinks_milli bigint not null,
    status text not null check (status in ('ordered', 'served', 'voided', 'refunded')),
    refunded_qty bigint not null,
    served_by uuid,
    served_at timestamptz,
    created_at timestamptz not null,
    version bigint not null,
    primary key (id),
    check ((item_id is null) <> (game_id is null)),
    check (qty > 0),
    check (refunded_qty between 0 and qty),
    check (standard_drinks_milli >= 0),
    check (version > 0)
);
create index purchases_transaction_id_idx on purchases (transaction_id);
create index purchases_session_id_idx on purchases (session_id);
create index purchases_venue_id_status_idx on purchases (venue_id, status);
create index purchases_item_id_created_at_idx on purchases (item_id, created_at);

-- A refund, from request to result (Rule 10); the decider is never the requester.
create table refunds (
    id uuid not null,
    transaction_id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    lines jsonb not null,
    amount_minor bigint not null,
    currency text not null,
    destination text not null check (destination in ('original', 'credits')),
    status text not null
        check (status in (
            'requested', 'rejected', 'approved', 'processing', 'succeeded',
            'failed'
        )),
    reason_code text not null,
    requested_by uuid not null,
    requested_at timestamptz not null,
    decided_by uuid,
    decided_at timestamptz,
    provider_ref text,
    failure_code text,
    journal_id uuid,
    version bigint not null,
    primary key (id),
    constraint refunds_provider_ref_key
        unique (provider_ref)
        deferrable initially deferred,
    check (amount_minor > 0),
    check (decided_by <> requested_by),
    check (version > 0)
);
create index refunds_transaction_id_idx on refunds (transaction_id);
create index refunds_user_id_idx on refunds (user_id);
create index refunds_venue_id_status_idx on refunds (venue_id, status);

-- An issued receipt. number is gapless per venue, from 1.
create table receipts (
    id uuid not null,
    venue_id uuid not null,
    number bigint,
    transaction_id uuid,
    session_id uuid,
    user_id uuid not null,
    body jsonb not null,
    journal_id uuid,
    journal_hash bytea,
    issued_at timestamptz not null,
    primary key (id),
    constraint receipts_venue_id_number_key
        unique (venue_id, number)
        deferrable initially deferred
);
create index receipts_user_id_issued_at_idx on receipts (user_id, issued_at desc);

-- A card payment. status_rank only rises: a lower one that arrives is ignored (Rule 11).
create table payments (
    id uuid not null,
    transaction_id uuid not null,
    venue_id uuid not null,
    user_id uuid not null,
    provider_id text,
    status text not null
        check (status in (
            'created', 'requires_action', 'processing', 'succeeded', 'failed',
            'canceled', 'partially_refunded', 'refunded', 'disputed',
            'dispute_won', 'dispute_lost'
        )),
    status_rank bigint not null,
    amount_minor bigint not null,
    refunded_minor bigint not null,
    currency text not null,
    method_id uuid,
    failure_code text,
    last_checked_at timestamptz,
    created_at timestamptz not null,
    version bigint not null,
    primary key (id),
    constraint payments_provider_id_key
        unique (provider_id)
        deferrable initially deferred,
    constraint payments_transaction_id_key exclude using btree (
        transaction_id with =
    ) where (status in (
        'created', 'requires_action', 'processing', 'succeeded', 'partially_refunded',
        'refunded', 'disputed', 'dispute_won', 'dispute_lost'
    )) deferrable initially deferred,
    check (refunded_minor between 0 and amount_minor),
    check (version > 0)
);
create index payments_status_last_checked_at_idx on payments (status, last_checked_at);
create index payments_user_id_idx on payments (user_id);

-- A saved card by reference; five at most, one of them the default.
create table payment_methods (
    id uuid not null,
    user_id uuid not null,
    provider_id text not null,
    brand text not null,
    last4 text not null,
    exp_month bigint not null,
    exp_year bigint not null,
    is_default boolean not null,
    created_at timestamptz not null,
    removed_at timestamptz,
    version bigint not null,
    primary key (id),
    constraint payment_methods_provider_id_key
        unique (provider_id)
        deferrable initially deferred,
    check (version > 0)
);
create index payment_methods_user_id_idx on payment_methods (user_id) where removed_at is null;

-- A provider's event, stored before it is applied. event_id is the provider's.
create table stripe_events (
    event_id text not null,
    type text not null,
    object_id text,
    created_at timestamptz not null,
    received_at timestamptz not null,
    payload jsonb,
    status text not null check (status in ('received', 'applied', 'ignored', 'parked')),
    tries bigint not null,
    next_try_at timestamptz,
    error text,
    version bigint not null,
    primary key (event_id),
    check (version > 0)
);
create index stripe_events_status_next_try_at_idx on stripe_events (status, next_try_at);
create index stripe_events_object_id_created_at_idx on stripe_events (object_id, created_at);

-- A chargeback; status is the provider's word.
create table disputes (
    id uuid not null,
    payment_id uuid not null,
    venue_id uuid not null,
    provider_id text not null,
    amount_minor bigint not null,
    status text not null,
    evidence_due_at timestamptz,
    opened_at timestamptz not null,
    closed_at timestamptz,
    journal_id uuid,
    version bigint not null,
    primary key (id),
    constraint disputes_provider_id_key
        unique (provider_id)
        deferrable initially deferred,
    check (version > 0)
);
create index disputes_venue_id_status_idx on disputes (venue_id, status);

-- A package on sale. Bonus credits expire bonus_days after the sale, null never.
create table credit_packages (
    id uuid not null,
    venue_id uuid not null,
    name text not null,
    price_minor bigint not null,
    credits_minor bigint not null,
    bonus_minor bigint not null,
    bonus_days bigint,
    valid_hours jsonb,
    per_day_cap bigint,
    active boolean not null,
    retired_at timestamptz,
    version bigint not null,
    primary key (id),
    check (price_minor >= 0 and credits_minor >= 0 and bonus_minor >= 0),
    check (version > 0)
);
create index credit_packages_venue_id_idx on credit_packages (venue_id) where retired_at is null;

-- A cash drawer for one shift. counted maps a denomination in minor units to how many.
create table tills (
    id uuid not null,
    venue_id uuid not null,
    staff_id uuid not null,
    shift_id uuid not null,
    drawer text not null,
    currency text not null,
    status text not null check (status in ('open', 'ended', 'closed')),
    opening_minor bigint not null,
    expected_minor bigint not null,
    drops_minor bigint not null,
    counted jsonb,
    counted_minor bigint,
    variance_minor bigint,
    signed_by uuid,
    sign_note text,
    opened_at timestamptz not null,
    ended_at timestamptz,
    closed_at timestamptz,
    version bigint not null,
    primary key (id),
    constraint tills_venue_id_drawer_key exclude using btree (
        venue_id with =, drawer with =
    ) where (status = 'open') deferrable initially deferred,
    constraint tills_staff_id_key exclude using btree (
        staff_id with =
    ) where (status = 'open') deferrable initially deferred,
    check (version > 0)
);

-- A trading day [starts_at, ends_at) (Rule 5). A closed one is frozen.
create table business_days (
    venue_id uuid not null,
    business_day date not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    status text not null check (status in ('open', 'closed')),
    z_number bigint,
    closed_by uuid,
    closed_at timestamptz,
    totals jsonb,
    journal_head_hash bytea,
    version bigint not null,
    primary key (venue_id, business_day),
    constraint business_days_venue_id_z_number_key
        unique (venue_id, z_number)
        deferrable initially deferred,
    check (ends_at > starts_at),
    check (status <> 'closed' or z_number is not null),
    check (version > 0)
);
