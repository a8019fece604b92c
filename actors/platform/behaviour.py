"""The platform actor, declared: one for the whole node, loaded at start and never retired."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actors.platform import owning, planning
from actors.platform.planning import CLAIMS_READ
from actors.platform.state import PlatformState
from actors.runtime import auditing
from actors.runtime.behaviour import Behaviour, decisions_of
from protocol.addresses import ActorKind
from protocol.internal.people import SetOwner
from protocol.internal.schedules import ClaimShifts
from protocol.reads import Among, Read
from protocol.records.users import UserRole


def _masked(state: PlatformState) -> Mapping[str, object]:
    return {"owners": len(state.owners)}


PLATFORM: Final = Behaviour(
    kind=ActorKind.PLATFORM,
    state=PlatformState,
    decisions=decisions_of((owning, planning, auditing)),
    reads=(
        Read(UserRole, by=None, where=(Among("venue_id", (None,)), Among("revoked_at", (None,)))),
        CLAIMS_READ,
    ),
    resident=True,
    founded_by=(SetOwner, ClaimShifts),
    masked=_masked,
)
