-- Somebody's shift may begin at one venue before another has heard that theirs there is over: each
-- venue has a row of its own for them, and takes away no other's.

alter table runtime.duty_places drop constraint duty_places_pkey;
alter table runtime.duty_places add constraint duty_places_pkey primary key (venue_id, staff_id);
drop index runtime.duty_places_venue_id_idx;
