-- Who has received the alert of an incident, as their devices say, and when the first of them had it.

alter table incidents
    add column received_at timestamptz,
    add column received_by jsonb not null default '[]';
