-- Where tables will stand. The three roles and schema runtime are there before any migration;
-- schema public belongs to the database's owner, who alone may let us in.
set local role none;
grant usage, create on schema public to lastlight_owner;
grant usage on schema public to lastlight_writer, lastlight_reader;
