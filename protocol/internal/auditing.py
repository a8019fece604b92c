"""What the gateway has written to the audit trail: that somebody read what is not their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from protocol.commands import Command, command


@command
class NoteReading(Command):
    """Gateway → venue or platform: the principal is about to be shown this."""

    action: str
    object_type: str
    object_id: str
    filters: Mapping[str, Any]
