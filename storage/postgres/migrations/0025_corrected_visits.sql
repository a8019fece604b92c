-- A visit that is over may turn out to have ended earlier, and its row is then written anew.

alter table session_history add column version bigint not null default 1;
