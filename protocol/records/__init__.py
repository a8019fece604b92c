"""The rows that Last Light keeps: one attrs class per table, by group.

Importing this package fills `base.RECORDS`, so whoever maps or decodes records finds them all.
"""

from protocol.records import (
    analytics,
    inventory,
    ledger,
    money,
    payments,
    platform,
    runtime,
    safety,
    staff,
    users,
    venues,
    visits,
)

__all__ = [
    "analytics",
    "inventory",
    "ledger",
    "money",
    "payments",
    "platform",
    "runtime",
    "safety",
    "staff",
    "users",
    "venues",
    "visits",
]
