-- What counts of stock booked without a signature, so that many small steps ask for one as a large
-- one does.

alter table inventory_levels add column unsigned_milli bigint not null default 0;
alter table inventory_levels alter column unsigned_milli drop default;
