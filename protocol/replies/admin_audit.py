"""Answers about the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs

from protocol.replies.base import reply


@attrs.frozen(kw_only=True)
class AuditLine:
    """One line; `before` and `after` are null where nothing was to be kept, or it was erased."""

    seq: int
    at: datetime
    actor_id: UUID | None
    role: str
    action: str
    object_type: str
    object_id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    request_id: UUID | None
    ip: str | None
    hash: str


@reply
class AuditList:
    """Lines of one chain, newest first."""

    items: tuple[AuditLine, ...]
    next_cursor: str | None = None


@reply
class ChainVerdict:
    """Whether a chain holds over a range. `head_hash` is the hash of its last row, in hex.

    Not `ok`: `broken_seq` is the first row that is missing, was changed, or does not follow; then
    `count` counts the good rows before it.
    """

    ok: bool
    chain: str
    venue_id: UUID | None
    from_seq: int
    to_seq: int
    count: int
    head_hash: str | None
    broken_seq: int | None
