-- What each decider has approved on a business day: counted by the venue (Rules 9 and 10).
create table runtime.approvals_used (
    venue_id uuid not null,
    decider_id uuid not null,
    business_day date not null,
    kind text not null check (kind in ('refund', 'grant')),
    used_minor bigint not null check (used_minor >= 0),
    version bigint not null,
    primary key (venue_id, decider_id, business_day, kind),
    check (version > 0)
);
grant select, insert, update, delete on runtime.approvals_used to lastlight_writer;
