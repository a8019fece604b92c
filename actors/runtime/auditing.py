"""Lines of the audit trail, as decisions write them: who did what to whom, and from where.

What was before and after may hold personal text, so it enters the chain of hashes as a salted
digest: erasure deletes text and salt, and the chain still verifies (Rule 9, L7).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.runtime.state import State
from protocol.addresses import ActorKind
from protocol.chains import canonical_json, text_digest
from protocol.internal.auditing import NoteReading
from protocol.records.platform import AuditEntry
from protocol.replies.base import Done

SYSTEM = "system"
"""The role of what a timer did."""


def audited(
    context: Context,
    action: str,
    object_type: str,
    object_id: object,
    *,
    venue_id: UUID | None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """The line for one action.

    Args:
        context: of the decision: who, when, from where.
        action: what was done, such as `session.voided`.
        object_type: what kind of thing it was done to, such as `session`.
        object_id: which one.
        venue_id: whose chain it goes to; None for the platform's.
        before: what changed, as it was; no secrets. Ids, times and words of ours become text.
        after: the same, as it is now.
    """
    principal, provenance = context.principal, context.provenance
    detail = _plain({"before": before, "after": after}) if before or after else None
    salt = None if detail is None else fresh_salt(context)
    return AuditEntry(
        id=context.fresh_id(),
        venue_id=venue_id,
        at=context.now,
        actor_id=None if principal is None else principal.user_id,
        role=SYSTEM if principal is None else principal.role_at(venue_id).label,
        action=action,
        object_type=object_type,
        object_id=str(object_id),
        before=None if detail is None else detail["before"],
        after=None if detail is None else detail["after"],
        detail_salt=salt,
        detail_digest=None if salt is None else text_digest(salt, canonical_json(detail).decode()),
        request_id=None if provenance is None else provenance.request_id,
        ip=None if provenance is None else provenance.client_address,
    )


@decides(NoteReading)
def decide_note_reading(state: State, command: NoteReading, context: Context) -> Decision:
    """Write down that something is read, before it is shown (Rule 15)."""
    venue_id = None if context.address.kind is ActorKind.PLATFORM else context.address.id
    line = audited(
        context,
        command.action,
        command.object_type,
        command.object_id,
        venue_id=venue_id,
        after=command.filters or None,
    )
    return Outcome(reply=Done(), appends=(line,))


def fresh_salt(context: Context) -> bytes:
    """A salt that nobody guesses: 16 bytes."""
    # Only the ends of ids are random, 32 bits of each; four of them are 128.
    return hashlib.sha256(b"".join(context.fresh_id().bytes for _ in range(4))).digest()[:16]


def _plain(detail: Mapping[str, Any]) -> dict[str, Any]:
    """As the row gives it back, so that the digest is of what is stored."""
    plain: dict[str, Any] = json.loads(canonical_json(detail))
    return plain
