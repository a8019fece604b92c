-- What refunds, voids and card payments need to know of a sale after it was made (Rules 10, 11).

alter table transactions
    add column sources jsonb not null default '[]',
    add column tip_sources jsonb not null default '[]',
    add column bonus_minor bigint not null default 0,
    add column bonus_days bigint;
alter table transactions
    alter column sources drop default,
    alter column tip_sources drop default,
    alter column bonus_minor drop default;

alter table purchases
    add column revenue_kind text not null default 'food',
    add column taken jsonb not null default '[]';
update purchases set revenue_kind = 'play' where game_id is not null;
alter table purchases
    alter column revenue_kind drop default,
    alter column taken drop default;

alter table refunds
    add column payment_id uuid,
    add column parts jsonb not null default '[]',
    add column note text,
    add column tries bigint not null default 0;
alter table refunds
    alter column parts drop default,
    alter column tries drop default;

alter table payments
    add column history jsonb not null default '[]';
alter table payments
    alter column history drop default;

-- No chargeback was ever written before this: nothing stands here that would lack the columns.
alter table disputes
    add column user_id uuid not null,
    add column transaction_id uuid not null,
    add column parts jsonb not null;
create index disputes_user_id_idx on disputes (user_id);

-- Lists go from the newest on.
create index refunds_user_id_id_idx on refunds (user_id, id desc);
create index refunds_venue_id_id_idx on refunds (venue_id, id desc);
create index refunds_requested_by_id_idx on refunds (requested_by, id desc);
create index payments_venue_id_created_at_idx on payments (venue_id, created_at);
