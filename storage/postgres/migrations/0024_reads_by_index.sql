-- Lists of visits, registers and the audit trail by each of their filters.

-- What visits are looked for by, out of their summaries: under row-level security an index is
-- used for columns only.
alter table session_history
    add column activity text generated always as (summary ->> 'activity') stored,
    add column zone text generated always as (summary ->> 'zone') stored,
    add column safety_level bigint
        generated always as ((summary ->> 'safety_level')::bigint) stored;
create index session_history_venue_id_activity_id_idx
    on session_history (venue_id, activity, id desc);
create index session_history_venue_id_zone_id_idx on session_history (venue_id, zone, id desc)
    where zone is not null;
create index session_history_venue_id_safety_level_id_idx
    on session_history (venue_id, safety_level, id desc) where safety_level > 0;
drop index session_history_venue_id_business_day_idx;
create index session_history_venue_id_business_day_id_idx
    on session_history (venue_id, business_day, id desc);
create index session_history_voided_idx on session_history (venue_id, id desc)
    where status = 'voided';

create index safety_logs_venue_id_received_at_idx on safety_logs (venue_id, received_at);
create index safety_logs_venue_id_kind_id_idx on safety_logs (venue_id, kind, id desc);
create index incidents_venue_id_raised_at_idx on incidents (venue_id, raised_at);
create index incidents_venue_id_kind_id_idx on incidents (venue_id, kind, id desc);
create index incidents_open_idx on incidents (venue_id, id desc)
    where status not in ('resolved', 'false_alarm');
create index incident_events_by_user_idx on incident_events (by_user) where by_user is not null;

create index reservations_venue_id_kind_id_idx on reservations (venue_id, kind, id desc);
create index reservations_venue_id_status_id_idx on reservations (venue_id, status, id desc);
create index reservations_room_id_id_idx on reservations (room_id, id desc)
    where room_id is not null;

create index staff_shifts_venue_id_status_id_idx on staff_shifts (venue_id, status, id desc);
create index staff_tasks_free_idx on staff_tasks (venue_id, id desc) where assignee_id is null;
create index staff_tasks_venue_id_kind_id_idx on staff_tasks (venue_id, kind, id desc);

create index audit_log_platform_idx on audit_log (seq desc) where venue_id is null;
create index audit_log_venue_id_actor_id_seq_idx on audit_log (venue_id, actor_id, seq desc);
create index audit_log_venue_id_action_seq_idx on audit_log (venue_id, action, seq desc);
create index audit_log_venue_id_object_type_seq_idx
    on audit_log (venue_id, object_type, seq desc);
create index audit_log_venue_id_at_idx on audit_log (venue_id, at);
