"""Everything that happens: one class per event, one module per part of the house.

Importing the package fills `EVENTS`.
"""

from protocol.events import (
    emergency,
    inventory,
    money,
    safety,
    sessions,
    staff,
    system,
    venue,
)
from protocol.events.base import EVENTS, Audience, EventData

__all__ = [
    "EVENTS",
    "Audience",
    "EventData",
    "emergency",
    "inventory",
    "money",
    "safety",
    "sessions",
    "staff",
    "system",
    "venue",
]
