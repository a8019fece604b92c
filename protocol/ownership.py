"""Who decides which row: each table's owners, by kind of actor.

A row has one owner, and what must be unique is decided by the one actor through which all that
could clash must go; the database's keys are alarms behind it. The runtime holds every outcome to
this table, and a test shows that each unique key has such an actor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from protocol.addresses import ActorKind

ANYBODY: Final = frozenset(ActorKind)
"""Rows that belong to whichever actor wrote them: its keys, timers, traces."""
NOBODY: Final[frozenset[ActorKind]] = frozenset()
"""Rows that no actor decides: the write-behind, jobs or the gateway's inbox fill them."""


def _rows_of(*owners: ActorKind) -> frozenset[ActorKind]:
    return frozenset(owners)


_ACCOUNT: Final = _rows_of(ActorKind.ACCOUNT)
_VENUE: Final = _rows_of(ActorKind.VENUE)
_SESSION: Final = _rows_of(ActorKind.SESSION)
_STAFF: Final = _rows_of(ActorKind.STAFF)

OWNERS: Final[Mapping[str, frozenset[ActorKind]]] = {
    # Who somebody is: the account, but for the address, which many could want.
    "identities": _rows_of(ActorKind.IDENTITY),
    "users": _ACCOUNT,
    "sessions_auth": _ACCOUNT,
    "user_preferences": _ACCOUNT,
    "auth_tokens": _ACCOUNT,
    "push_devices": _ACCOUNT,
    "age_verifications": _ACCOUNT,
    "user_limits": _ACCOUNT,
    "exclusions": _ACCOUNT,
    "erasure_jobs": _ACCOUNT,
    "sync_devices": _ACCOUNT,
    # Roles at a venue are the venue's, roles at every venue the platform's.
    "user_roles": _rows_of(ActorKind.VENUE, ActorKind.PLATFORM),
    "kept_exclusions": _rows_of(ActorKind.PLATFORM),
    # Money of a person.
    "open_visits": _ACCOUNT,
    "time_used": _ACCOUNT,
    "transactions": _ACCOUNT,
    "credits": _ACCOUNT,
    "credit_grants": _ACCOUNT,
    "credit_holds": _ACCOUNT,
    "purchases": _ACCOUNT,
    "refunds": _ACCOUNT,
    "receipts": _ACCOUNT,
    "payments": _ACCOUNT,
    "payment_methods": _ACCOUNT,
    "disputes": _ACCOUNT,
    "ledger_journals": _ACCOUNT,
    "ledger_postings": _ACCOUNT,
    # A visit.
    "sessions": _SESSION,
    "session_segments": _SESSION,
    "session_history": _SESSION,
    "location_reports": _SESSION,
    "interventions": _SESSION,
    "safety_checks": _SESSION,
    # Someone's work.
    "staff_shifts": _STAFF,
    "tills": _STAFF,
    # A place, and everything in it that only one can have.
    "venues": _VENUE,
    "venue_settings": _VENUE,
    "floor_places": _VENUE,
    "safety_holds": _VENUE,
    "duty_places": _VENUE,
    "drawers_in_use": _VENUE,
    "approvals_used": _VENUE,
    "incidents": _VENUE,
    "incident_events": _VENUE,
    "broadcasts": _VENUE,
    "reservations": _VENUE,
    "karaoke_queue": _VENUE,
    "games": _VENUE,
    "karaoke_rooms": _VENUE,
    "menu_items": _VENUE,
    "inventory_levels": _VENUE,
    "stock_movements": _VENUE,
    "recent_plays": _VENUE,
    "credit_packages": _VENUE,
    "business_days": _VENUE,
    "staff_schedules": _VENUE,
    "staff_tasks": _VENUE,
    "shift_handovers": _VENUE,
    "schedule_weeks": _VENUE,
    "trading": _VENUE,
    "planned_settings": _VENUE,
    # Who works where and when, over all venues.
    "shift_claims": _rows_of(ActorKind.PLATFORM),
    # What holds on the whole node.
    "platform_settings": _rows_of(ActorKind.PLATFORM),
    # Whoever wrote them.
    "idempotency_keys": ANYBODY,
    "actor_timers": ANYBODY,
    "event_outbox": ANYBODY,
    "audit_log": ANYBODY,
    "safety_logs": ANYBODY,
    "dead_letters": ANYBODY,
    # No actor.
    "ledger_accounts": NOBODY,
    "stripe_events": NOBODY,
    "notification_deliveries": NOBODY,
    "staff_performance": NOBODY,
    "daily_metrics": NOBODY,
    "revenue_projections": NOBODY,
    "patron_analytics": NOBODY,
}


def may_write(kind: ActorKind, table: str) -> bool:
    """Whether an actor of this kind owns rows of a table."""
    return kind in OWNERS[table]
