"""Who is spoken to, who speaks, and where in the node's one order something stands."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import attrs


class ActorKind(enum.StrEnum):
    """The kinds of actor; `OUTSIDE` is no actor but where effects are addressed to."""

    VENUE = "venue"
    SESSION = "session"
    STAFF = "staff"
    ACCOUNT = "account"
    IDENTITY = "identity"
    PLATFORM = "platform"
    OUTSIDE = "outside"


class Address(NamedTuple):
    """One actor: at most one activation of it exists."""

    kind: ActorKind
    id: UUID

    def __str__(self) -> str:
        return f"{self.kind.value}/{self.id}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read back what `str(address)` wrote.

        Raises:
            ValueError: `text` is no address.
        """
        kind, _, key = text.partition("/")
        return cls(ActorKind(kind), UUID(key))


class Position(NamedTuple):
    """A place in one journal's order. Opaque: only compared with positions of the same journal."""

    journal_id: UUID
    n: int


PLATFORM = Address(ActorKind.PLATFORM, UUID(int=0))
OUTSIDE = Address(ActorKind.OUTSIDE, UUID(int=0))


def identity_of(email: str) -> Address:
    """The identity actor of an e-mail address; case does not matter, and no address shows it."""
    digest = hashlib.sha256(email.lower().encode()).digest()
    return Address(ActorKind.IDENTITY, UUID(bytes=digest[:16]))


class Role(enum.IntEnum):
    """What someone may do at a venue; a higher one includes the lower (Rule 15)."""

    PUBLIC = 0
    PATRON = 1
    STAFF = 2
    MANAGEMENT = 3
    OWNER = 4

    @property
    def label(self) -> str:
        """The word for it in tokens, rows and replies."""
        return self.name.lower()

    @classmethod
    def of(cls, label: str) -> Role:
        """The role named `label`.

        Raises:
            KeyError: no role has this name.
        """
        return cls[label.upper()]


@attrs.frozen(kw_only=True)
class Principal:
    """The person behind a message, as proven by an access token.

    `roles` maps a venue to the role held there; `everywhere` is the role held at every venue
    (owners of the platform). Everyone signed in is at least a patron anywhere.
    """

    user_id: UUID
    display_name: str
    roles: Mapping[UUID, Role]
    everywhere: Role
    token_version: int
    family_id: UUID
    expires_at: datetime
    elevated_until: datetime | None = None

    def role_at(self, venue_id: UUID | None) -> Role:
        """The role at one venue, or the highest held anywhere when `venue_id` is None."""
        if venue_id is None:
            return max((self.everywhere, *self.roles.values()))
        return max(self.everywhere, self.roles.get(venue_id, Role.PATRON))
