"""The platform actor, declared: one for the whole node, loaded at start and never retired."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actors.platform import founding, house_settings, keeping, owning, planning, restarts
from actors.platform.house_settings import OWNERS_ROOM, SETTINGS_READ, settings_of
from actors.platform.keeping import KEPT_READ, kept_of
from actors.platform.planning import CLAIMS_READ
from actors.platform.state import PlatformState
from actors.rules.platform_profile import PlatformProfile
from actors.runtime import auditing
from actors.runtime.behaviour import Behaviour, decisions_of
from protocol.addresses import ActorKind
from protocol.internal.accounts import KeepExclusions
from protocol.internal.people import SetOwner
from protocol.internal.schedules import ClaimShifts
from protocol.reads import Among, Read
from protocol.records.users import UserRole


def _masked(state: PlatformState) -> Mapping[str, object]:
    return {"owners": len(state.owners)}


def _shared(state: PlatformState) -> PlatformProfile:
    return PlatformProfile(settings=settings_of(state), kept=kept_of(state))


PLATFORM: Final = Behaviour(
    kind=ActorKind.PLATFORM,
    state=PlatformState,
    decisions=decisions_of(
        (owning, planning, founding, house_settings, keeping, auditing, restarts)
    ),
    reads=(
        Read(UserRole, by=None, where=(Among("venue_id", (None,)), Among("revoked_at", (None,)))),
        CLAIMS_READ,
        KEPT_READ,
        SETTINGS_READ,
    ),
    resident=True,
    founded_by=(SetOwner, ClaimShifts, KeepExclusions),
    rooms=lambda _state: (OWNERS_ROOM,),
    share=_shared,
    masked=_masked,
)
