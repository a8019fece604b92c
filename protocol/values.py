"""Types with bounds that several commands and replies share, each named once."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import attrs

from protocol.addresses import Role
from protocol.bounds import PREPARED, integer, minor, number, text
from protocol.limits import PAGE_ITEMS_MAX

Email: TypeAlias = Annotated[
    str, text(min=3, max=254, pattern=r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f]+")
]
Name: TypeAlias = Annotated[
    str, text(min=1, max=80, pattern=r"[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*")
]
"""One line with something in it."""
Note: TypeAlias = Annotated[str, text(max=500)]
Reason: TypeAlias = Annotated[str, text(min=1, max=200)]
Zone: TypeAlias = Annotated[str, text(min=1, max=60)]
Locale: TypeAlias = Annotated[str, text(max=35, pattern=r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")]
Phone: TypeAlias = Annotated[str, text(max=16, pattern=r"\+[1-9][0-9]{6,14}")]
Currency: TypeAlias = Annotated[str, text(max=3, pattern=r"[A-Z]{3}")]
Password: TypeAlias = Annotated[str, text(min=10, max=72, bytes_max=72, secret=True)]
"""A new one: bcrypt sees 72 bytes, and what it would not see is refused (Rule 16)."""
GivenPassword: TypeAlias = Annotated[str, text(min=1, max=200, secret=True)]
"""One to be checked: whether it could ever have been right is not told."""
Secret: TypeAlias = Annotated[str, text(min=1, max=400, secret=True)]
Pin: TypeAlias = Annotated[str, text(max=6, pattern=r"[0-9]{6}", secret=True)]
DeviceId: TypeAlias = Annotated[str, text(min=1, max=128)]
Cursor: TypeAlias = Annotated[str, text(min=1, max=300)]
PageSize: TypeAlias = Annotated[int, integer(1, PAGE_ITEMS_MAX)]
PartySize: TypeAlias = Annotated[int, integer(1, 50)]
Amount: TypeAlias = Annotated[int, minor(0)]
SignedAmount: TypeAlias = Annotated[int, minor(-(10**12))]
PreparedText: TypeAlias = Annotated[str | None, PREPARED]
PreparedVersion: TypeAlias = Annotated[int | None, PREPARED]
Latitude: TypeAlias = Annotated[float, number(-90, 90)]
Longitude: TypeAlias = Annotated[float, number(-180, 180)]
Metres: TypeAlias = Annotated[float, number(0, 100_000)]


class Verdict(enum.StrEnum):
    """What became of a password or PIN that was checked before the mailbox."""

    WRONG = "wrong"
    PASSWORD = "password"  # noqa: S105 - which one it was, not the thing
    PIN = "pin"
    DURESS = "duress"
    """The PIN for when someone is forced: it answers like PIN and raises a silent SOS."""


@attrs.frozen(kw_only=True)
class Fix:
    """Where a device said it was: degrees, metres, and when. `mock` if it said it was made up."""

    lat: Latitude
    lon: Longitude
    accuracy_m: Metres
    fix_at: datetime
    mock: bool = False


@attrs.frozen(kw_only=True)
class Place:
    """Where an SOS was pressed; what a device does not know is missing."""

    lat: Latitude
    lon: Longitude
    accuracy_m: Metres | None = None
    fix_at: datetime | None = None


@attrs.frozen(kw_only=True)
class RoleGrant:
    """A role held at a venue; `venue_id` is null for a role at every venue."""

    venue_id: UUID | None
    role: Role


class WishedStatus(enum.StrEnum):
    """What management makes of somebody: a ban is of one venue and leaves the account alone."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    BANNED_FROM_VENUE = "banned_from_venue"


@attrs.frozen(kw_only=True)
class EmergencyContact:
    """Who is called if something happens to somebody."""

    name: Name
    phone: Phone
    relation: Annotated[str, text(min=1, max=60)] | None = None


@attrs.frozen(kw_only=True)
class QuietHours:
    """Wall time between which nobody is disturbed but for safety and security, HH:MM."""

    from_: Annotated[str, text(max=5, pattern=r"([01][0-9]|2[0-3]):[0-5][0-9]")]
    to: Annotated[str, text(max=5, pattern=r"([01][0-9]|2[0-3]):[0-5][0-9]")]
