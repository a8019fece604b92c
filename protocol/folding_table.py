"""What a room's view keeps of each event: the one table that the node and its clients fold by.

A view is plain JSON: sections, each a map of entries by key or one value. A room's view holds what
its own events say and nothing else, so whoever heard all of them holds the same. The table is data
(`table_as_json`), because clients are given it and run it in their own language. Every section is
bounded: what ended leaves, and of what only adds up the oldest goes.

Names in steps are members of the event's data; `$at` is when it happened, `$venue_id` where.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from protocol.domain_limits import (
    VIEW_DAYS_MAX,
    VIEW_ENTRIES_MAX,
    VIEW_LIVE_MAX,
    VIEW_NEWEST_MAX,
)
from protocol.folding_steps import How, Step

FOLD_VERSION: Final = 1
"""Of the form of the table: what a client must know to run it."""

SECTIONS: Final[Mapping[str, int | None]] = {
    "broadcast": None,
    "capacity": None,
    "checks": VIEW_NEWEST_MAX,
    "closed_day": None,
    "days": VIEW_DAYS_MAX,
    "exclusions": VIEW_ENTRIES_MAX,
    "games": VIEW_ENTRIES_MAX,
    "handovers": VIEW_NEWEST_MAX,
    "incidents": VIEW_ENTRIES_MAX,
    "interventions": VIEW_ENTRIES_MAX,
    "items": VIEW_ENTRIES_MAX,
    "last_visit": None,
    "mismatches": VIEW_NEWEST_MAX,
    "notice": None,
    "notifications": VIEW_NEWEST_MAX,
    "on_duty": VIEW_ENTRIES_MAX,
    "overdue": VIEW_NEWEST_MAX,
    "payments": VIEW_ENTRIES_MAX,
    "pending": VIEW_ENTRIES_MAX,
    "refunds": VIEW_ENTRIES_MAX,
    "reminder": None,
    "reservations": VIEW_ENTRIES_MAX,
    "restarts": VIEW_NEWEST_MAX,
    "rooms": VIEW_ENTRIES_MAX,
    "schedules": VIEW_NEWEST_MAX,
    "sessions": VIEW_LIVE_MAX,
    "settings": VIEW_NEWEST_MAX,
    "stock_low": VIEW_ENTRIES_MAX,
    "tasks": VIEW_ENTRIES_MAX,
    "tills": VIEW_ENTRIES_MAX,
    "tips": VIEW_DAYS_MAX,
    "transactions": VIEW_NEWEST_MAX,
    "venue": None,
    "voids": VIEW_NEWEST_MAX,
    "wallet": None,
}
"""How many entries each map holds at most; None where the section is one value."""

_SESSION: Final = ("session_id",)
_INCIDENT: Final = ("incident_id",)
_TASK: Final = ("task_id",)
_TRANSACTION: Final = ("transaction_id",)
_OVER: Final = {"to": ("closed", "voided")}
_DONE: Final = {"to": ("done", "cancelled")}
_UNPAID: Final = ("created", "requires_action", "processing", "disputed")
_UNREFUNDED: Final = ("requested", "approved", "processing")
_BOOKED: Final = ("requested", "confirmed", "arrived")
_CALM: Final = ("all_clear", "info")
_REMINDERS: Final = ("break_reminder",)


def _whole(section: str, *key: str, **more: Any) -> Step:
    return Step(section=section, key=key, whole=True, **more)


def _gone(section: str, *key: str, **more: Any) -> Step:
    return Step(section=section, how=How.REMOVE, key=key, **more)


def _visit(**more: Any) -> Step:
    return Step(section="sessions", how=How.MERGE, key=_SESSION, **more)


_VISIT_OVER: Final = (
    _gone("sessions", *_SESSION),
    _gone("checks", *_SESSION),
    _gone("reminder"),
)


# fmt: off
FOLD: Final[Mapping[str, tuple[Step, ...]]] = {
    "session.checked_in": (
        _whole("sessions", *_SESSION, always={"status": "active"}),
    ),
    "session.checked_out": (
        *_VISIT_OVER,
        _whole("last_visit", rooms="user"),
    ),
    "session.status_changed": (
        *(attrs.evolve(step, when=_OVER) for step in _VISIT_OVER),
        _visit(unless=_OVER, take={
            "status": "to", "reason": "reason", "status_since": "effective_at",
            "deadline_at": "deadline_at",
        }),
    ),
    "session.activity_changed": (
        _visit(take={
            "activity": "to", "station_id": "station_id", "rate_minor_per_h": "rate_minor_per_h",
            "activity_since": "effective_at",
        }),
    ),
    "session.low_credit": (
        _visit(take={"runs_out_at": "runs_out_at", "low_credit_at": "$at"}),
    ),
    "session.exhausted": (
        _visit(take={"exhausted_at": "at", "deadline_at": "deadline_at"}),
    ),
    "session.extended": (
        _visit(take={"ends_at": "new_end_at", "room_id": "room_id", "hold_minor": "hold_minor"}),
    ),
    "session.voided": _VISIT_OVER,
    "session.limit_reached": (
        _visit(within=("limits", "{kind}"), take={
            "limit": "limit", "used": "used", "percent": "percent", "action": "action",
        }),
    ),
    "venue.capacity_alert": (_whole("capacity"),),
    "venue.status_changed": (
        Step(section="venue", take={
            "status": "to", "since": "at", "last_orders_at": "last_orders_at", "reason": "reason",
        }),
    ),
    "staff.clocked_in": (_whole("on_duty", "staff_id"),),
    "staff.clocked_out": (_gone("on_duty", "staff_id"),),
    "staff.break_changed": (
        Step(section="on_duty", how=How.MERGE, key=("staff_id",), take={
            "on_break": "on_break", "break_paid": "paid", "break_since": "at",
        }),
    ),
    "staff.tip_received": (
        Step(section="tips", how=How.ADD, key=("business_day",), within=("{currency}",),
             take={"amount_minor": "amount_minor"}),
    ),
    "schedule.published": (_whole("schedules", "week"),),
    "shift.handover_posted": (
        _whole("handovers", "handover_id", when={"acknowledged_by": (None,)}),
        _gone("handovers", "handover_id", unless={"acknowledged_by": (None,)}),
    ),
    # Passed on, a task is open again, and somebody else's: that is told before who has it now.
    "task.assigned": (
        Step(section="tasks", how=How.UPSERT, key=_TASK, whole=True, begin={"status": "open"}),
    ),
    "task.status_changed": (
        _gone("tasks", *_TASK, when=_DONE),
        _gone("overdue", *_TASK, when=_DONE),
        _gone("tasks", *_TASK, when={"to": ("open",)}, rooms="user"),
        _gone("overdue", *_TASK, when={"to": ("open",)}, rooms="user"),
        Step(section="tasks", how=How.UPSERT, key=_TASK, when={"to": ("open",)}, rooms="house",
             take={"task_id": "task_id", "status": "to", "status_since": "at",
                   "version": "version"},
             always={"assignee_id": None}),
        Step(section="tasks", how=How.UPSERT, key=_TASK,
             unless={"to": ("open", "done", "cancelled")},
             take={"task_id": "task_id", "status": "to", "status_since": "at",
                   "version": "version"}),
    ),
    # Also told to those that it escalates to, who do not have the task.
    "task.overdue": (_whole("overdue", *_TASK),),
    "emergency.sos_raised": (
        Step(section="incidents", how=How.UPSERT, key=_INCIDENT, whole=True,
             always={"call": "sos"}, begin={"status": "raised"}),
    ),
    "emergency.sos_acknowledged": (
        Step(section="incidents", how=How.UPSERT, key=_INCIDENT, take={
            "incident_id": "incident_id", "status": "status", "owner_id": "owner_id",
            "owner_name": "display_name", "after_ms": "after_ms", "status_since": "at",
        }),
    ),
    "emergency.sos_escalated": (
        Step(section="incidents", how=How.UPSERT, key=_INCIDENT, take={
            "incident_id": "incident_id", "tier": "tier", "channels": "channels",
            "escalation": "status", "next_at": "next_at",
        }),
    ),
    "emergency.sos_resolved": (_gone("incidents", *_INCIDENT),),
    # News does not end an evacuation; only the all-clear does.
    "emergency.broadcast": (
        _whole("broadcast", unless={"kind": _CALM}),
        _gone("broadcast", when={"kind": ("all_clear",)}),
        _whole("notice", when={"kind": _CALM}),
    ),
    "safety.threshold_crossed": (
        _visit(take={"level": "level", "level_rule": "rule", "level_since": "at"}),
    ),
    "safety.intervention_opened": (
        _whole("interventions", "intervention_id", always={"status": "open"}),
    ),
    "safety.intervention_updated": (
        _gone("interventions", "intervention_id", when={"status": ("closed",)}),
        Step(section="interventions", how=How.MERGE, key=("intervention_id",),
             unless={"status": ("closed",)}, take={
                 "level": "level", "status": "status", "outcome": "outcome", "by": "by",
                 "status_since": "at",
             }),
    ),
    # No event tells of an answer. A newer question speaks for the one before; none outlives its
    # visit. Of a reminder of breaks nobody expects an answer, so it takes no question's place.
    "safety.verification_requested": (
        _whole("checks", *_SESSION, unless={"kind": _REMINDERS}),
        _whole("reminder", when={"kind": _REMINDERS}),
    ),
    "safety.help_requested": (
        Step(section="incidents", how=How.UPSERT, key=_INCIDENT, whole=True,
             always={"call": "help"}, begin={"status": "raised"}),
    ),
    "safety.exclusion_changed": (
        _whole("exclusions", "user_id", "kind", "$venue_id",
               when={"kind": ("venue_ban",)}, unless={"status": ("ended",)}),
        _gone("exclusions", "user_id", "kind", "$venue_id",
              when={"kind": ("venue_ban",), "status": ("ended",)}),
        _whole("exclusions", "user_id", "kind", "limit_kind",
               unless={"kind": ("venue_ban",), "status": ("ended",)}),
        _gone("exclusions", "user_id", "kind", "limit_kind",
              unless={"kind": ("venue_ban",)}, when={"status": ("ended",)}),
    ),
    "transaction.pending": (_whole("pending", *_TRANSACTION),),
    "transaction.posted": (
        _gone("pending", *_TRANSACTION),
        _whole("transactions", *_TRANSACTION, rooms="user"),
        Step(section="days", how=How.ADD, key=("business_day",), within=("{kind}",),
             take={"amount_minor": "amount_minor", "tax_minor": "tax_minor"}, rooms="house"),
    ),
    # A void does not say its day, so it is kept by itself and not added up.
    "transaction.voided": (
        _gone("pending", *_TRANSACTION),
        _whole("voids", *_TRANSACTION),
    ),
    "credits.balance_changed": (_whole("wallet"),),
    "payment.status_changed": (
        _whole("payments", "payment_id", when={"to": _UNPAID}),
        _gone("payments", "payment_id", unless={"to": _UNPAID}),
    ),
    "refund.status_changed": (
        _whole("refunds", "refund_id", when={"to": _UNREFUNDED}),
        _gone("refunds", "refund_id", unless={"to": _UNREFUNDED}),
    ),
    "till.changed": (
        _whole("tills", "till_id", unless={"status": ("closed",)}),
        _gone("tills", "till_id", when={"status": ("closed",)}),
    ),
    "business_day.closed": (_whole("closed_day"),),
    "payment.reconciliation_mismatch": (_whole("mismatches", "kind", "reference"),),
    # No event tells of a refill, so it says when it was: an item's stock of now is asked for.
    "inventory.stock_low": (_whole("stock_low", "item_id", take={"at": "$at"}),),
    "inventory.item_updated": (_whole("items", "item_id"),),
    "room.status_changed": (
        _whole("rooms", "room_id", unless={"status": ("retired",)}),
        _gone("rooms", "room_id", when={"status": ("retired",)}),
    ),
    "game.status_changed": (
        _whole("games", "game_id", unless={"status": ("retired",)}),
        _gone("games", "game_id", when={"status": ("retired",)}),
    ),
    "reservation.status_changed": (
        _whole("reservations", "reservation_id", when={"status": _BOOKED}),
        _gone("reservations", "reservation_id", unless={"status": _BOOKED}),
    ),
    "system.notification": (_whole("notifications", "notification_id", take={"at": "$at"}),),
    "system.settings_changed": (_whole("settings", "scope"),),
    "system.actor_restarted": (_whole("restarts", "actor_type", "actor_id", take={"at": "$at"}),),
}
# fmt: on

NOT_KEPT: Final[Mapping[str, str]] = {
    "auth.session_revoked": "the connection that hears of its own end is closed behind it",
}
"""Durable events of which a view keeps nothing, and why."""
