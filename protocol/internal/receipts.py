"""What devices say of the alerts that they were sent, on its way to the venue (Rule 8).

None of it is emergency traffic: a receipt that is lost makes an incident louder, never quieter.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import attrs

from protocol.commands import Command, command


@attrs.frozen(kw_only=True)
class Receipt:
    """A device of this person has an alert. `alert_id` is that of the incident or broadcast."""

    alert_id: UUID
    user_id: UUID
    at: datetime


@command
class AlertsReceived(Command):
    """Gateway → venue: the receipts of the last moment, at most RECEIPTS_BATCH_MAX."""

    receipts: tuple[Receipt, ...]


@command
class AlertUnheard(Command):
    """Gateway → venue: nobody's device has this incident's alert, and one should have by now."""

    emergency: ClassVar[bool] = True

    incident_id: UUID
