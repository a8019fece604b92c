"""When a refresh token gets a successor, the same one again, or ends its family (Rule 16).

A token is shown once. Its immediate predecessor may be shown again for 10 s, for answers get lost;
everything else that comes twice was copied, and then nobody knows who the copy is.
"""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from typing import Final

from protocol.errors import Code, Refusal

REFRESH_TOKEN_AGE_MAX: Final = timedelta(days=7)
REPLAY_MAX: Final = timedelta(seconds=10)
ELEVATION: Final = timedelta(minutes=5)
"""How long a step-up lasts."""


class Rotation(enum.StrEnum):
    """What showing a refresh token leads to."""

    ROTATE = "rotate"
    """It is the current one: make its successor."""
    REPEAT = "repeat"
    """It is the predecessor, shown again at once: give the same successor again."""
    REVOKE = "revoke"
    """It was shown before: end the whole family."""
    DEAD = "dead"
    """The family has ended already, or its time is over."""


def judge_rotation(
    *,
    shown: int,
    current: int,
    rotated_at: datetime | None,
    expires_at: datetime,
    revoked_at: datetime | None,
    now: datetime,
) -> Rotation:
    """What to do with token `shown` of a family whose latest is `current`.

    The token's signature is verified already. `rotated_at` is when `current` was made out of its
    predecessor, None for the first of a family. A number above `current` was signed by us but is
    not in the books (they were restored from a backup): nobody can say who has it, so it ends
    the family too.
    """
    if revoked_at is not None or now >= expires_at:
        return Rotation.DEAD
    if shown == current:
        return Rotation.ROTATE
    recent = rotated_at is not None and now - rotated_at <= REPLAY_MAX
    return Rotation.REPEAT if shown == current - 1 and recent else Rotation.REVOKE


def refuse_rotation(rotation: Rotation) -> Refusal | None:
    """The answer to whoever showed the token; None if it gets a successor."""
    if rotation is Rotation.DEAD:
        return Refusal(Code.REFRESH_INVALID, "this sign-in has ended; sign in again")
    if rotation is Rotation.REVOKE:
        return Refusal(
            Code.REFRESH_REUSED,
            "this refresh token was used before; all tokens of this sign-in have ended, sign in "
            "again",
        )
    return None
