"""Lines of the safety register: what was seen, refused, asked and done (Rule 7).

Notes are personal text: they enter the register's chain of hashes as a salted digest (Rule 9, L7).
The register gives each line its number and hash itself.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from actors.rules.safety_levels import SafetyRule
from protocol.chains import text_digest
from protocol.operations.care import LogSafetyObservation
from protocol.records.safety import SafetyLog


class LogKind(enum.StrEnum):
    """What a line of the register is about."""

    OBSERVATION = "observation"
    REFUSAL = "refusal"
    AGGRESSION = "aggression"
    FIRST_AID = "first_aid"
    EJECTION = "ejection"
    MINOR_FOUND = "minor_found"
    LEVEL = "level"
    INTERVENTION = "intervention"
    VERIFICATION = "verification"
    HELP = "help"


def register_line(
    fresh_id: Callable[[], UUID],
    kind: LogKind,
    *,
    venue_id: UUID,
    session_id: UUID | None,
    user_id: UUID | None,
    by_user: UUID | None,
    received_at: datetime,
    occurred_at: datetime | None = None,
    level: int = 0,
    signs: Iterable[str] = (),
    notes: str | None = None,
) -> SafetyLog:
    """One line.

    Args:
        fresh_id: makes the line's id.
        kind: what it is about.
        venue_id: whose register it stands in.
        session_id: the visit, if it is about one.
        user_id: the patron, if known.
        by_user: who says so; None for the system.
        received_at: when it came in.
        occurred_at: when it truly happened; None for at once.
        level: the visit's level after it, or of the case.
        signs: words of the fixed list.
        notes: what else was said.
    """
    # Only the ends of ids are random, 32 bits of each; four of them are 128.
    salt = None
    if notes:
        salt = hashlib.sha256(b"".join(fresh_id().bytes for _ in range(4))).digest()[:16]
    return SafetyLog(
        id=fresh_id(),
        venue_id=venue_id,
        session_id=session_id,
        user_id=user_id,
        kind=kind.value,
        level=level,
        signs=tuple(signs),
        notes=notes or None,
        notes_salt=salt,
        notes_digest=None if salt is None else text_digest(salt, notes or ""),
        by_user=by_user,
        occurred_at=occurred_at or received_at,
        received_at=received_at,
    )


_DONE: Final = (
    ("refusal_of_service", LogKind.REFUSAL),
    ("aggression", LogKind.AGGRESSION),
    ("first_aid", LogKind.FIRST_AID),
    ("ejection", LogKind.EJECTION),
    ("minor_found", LogKind.MINOR_FOUND),
)


def observation_lines(
    command: LogSafetyObservation,
    fresh_id: Callable[[], UUID],
    *,
    venue_id: UUID,
    session_id: UUID | None,
    user_id: UUID | None,
    by_user: UUID,
    received_at: datetime,
    occurred_at: datetime,
    level: int = 0,
) -> tuple[SafetyLog, ...]:
    """What staff noted: a line for what was seen, and one for each thing that was done."""
    kinds = [kind for name, kind in _DONE if getattr(command, name)]
    if command.signs or command.visible_intoxication or not kinds:
        kinds.insert(0, LogKind.OBSERVATION)
    signs = [sign.value for sign in command.signs]
    if command.visible_intoxication:
        signs.append(SafetyRule.VISIBLE_INTOXICATION.value)
    return tuple(
        register_line(
            fresh_id,
            kind,
            venue_id=venue_id,
            session_id=session_id,
            user_id=user_id,
            by_user=by_user,
            received_at=received_at,
            occurred_at=occurred_at,
            level=level,
            signs=signs if kind is LogKind.OBSERVATION else (),
            notes=command.notes,
        )
        for kind in kinds
    )
