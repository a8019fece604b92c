"""The kinds of actor of this node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actors.account.behaviour import ACCOUNT
from actors.identity.behaviour import IDENTITY
from actors.platform.behaviour import PLATFORM
from actors.runtime.behaviour import Behaviour
from actors.session.behaviour import SESSION
from actors.staff.behaviour import STAFF
from actors.venue.behaviour import VENUE
from protocol.addresses import ActorKind

BEHAVIOURS: Final[Mapping[ActorKind, Behaviour]] = {
    behaviour.kind: behaviour for behaviour in (VENUE, SESSION, STAFF, ACCOUNT, IDENTITY, PLATFORM)
}
