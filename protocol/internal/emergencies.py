"""Emergencies: what a venue tells itself by timer, and whom it has alerted outside (Rule 8)."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import attrs

from protocol.commands import Command, command
from protocol.records.states import Severity


@command
class EscalateSos(Command):
    """Venue → itself, when the next tier of an incident is due."""

    emergency: ClassVar[bool] = True

    incident_id: UUID


@attrs.frozen(kw_only=True)
class AlertGroup:
    """Some of those to be reached, and by which ways.

    `audience` names the group in the words of the rule; `user_ids` are those of it that the venue
    knows of. Owners of every venue and the external contact are known outside only.
    """

    audience: str
    channels: tuple[str, ...]
    user_ids: tuple[UUID, ...] = ()


@command
class AlertPeople(Command):
    """→ outside: tell these people of an incident, now. Sockets have it already, by its event.

    `hide_from` is whose devices must not show it, whatever group they are in.
    """

    emergency: ClassVar[bool] = True

    incident_id: UUID
    venue_id: UUID
    severity: Severity
    tier: int
    reason: str
    groups: tuple[AlertGroup, ...]
    zone: str | None = None
    hide_from: UUID | None = None
    text: str | None = None
    """What to say, word by word, if it was said by a person."""
