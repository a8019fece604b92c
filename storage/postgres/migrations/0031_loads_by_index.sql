-- Actors are loaded by their own rows, not by reading whole tables.

create index credit_grants_user_id_idx on credit_grants (user_id);
create index credit_holds_user_id_expires_at_idx on credit_holds (user_id, expires_at);
drop index credit_holds_user_id_idx;
create index auth_tokens_user_id_created_at_idx on auth_tokens (user_id, created_at);
create index user_limits_user_id_idx on user_limits (user_id);
drop index exclusions_user_id_idx;
create index exclusions_user_id_idx on exclusions (user_id);
drop index payment_methods_user_id_idx;
create index payment_methods_user_id_idx on payment_methods (user_id);
create index purchases_user_id_created_at_idx on purchases (user_id, created_at);
create index tills_staff_id_idx on tills (staff_id);
create index venue_settings_venue_id_idx on venue_settings (venue_id);
drop index credit_packages_venue_id_idx;
create index credit_packages_venue_id_idx on credit_packages (venue_id);
drop index sessions_auth_user_id_idx;
create index sessions_auth_user_id_idx on sessions_auth (user_id);
