"""The platform actor, declared: one for the whole node, loaded at start and never retired."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actors.platform import owning
from actors.platform.state import PlatformState
from actors.runtime import auditing
from actors.runtime.behaviour import Behaviour, decisions_of
from protocol.addresses import ActorKind
from protocol.internal.people import SetOwner
from protocol.reads import Among, Read
from protocol.records.users import UserRole


def _masked(state: PlatformState) -> Mapping[str, object]:
    return {"owners": len(state.owners)}


PLATFORM: Final = Behaviour(
    kind=ActorKind.PLATFORM,
    state=PlatformState,
    decisions=decisions_of((owning, auditing)),
    reads=(
        Read(UserRole, by=None, where=(Among("venue_id", (None,)), Among("revoked_at", (None,)))),
    ),
    resident=True,
    founded_by=(SetOwner,),
    masked=_masked,
)
