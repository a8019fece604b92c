"""How the actor that decides a command is found: rules as values, which the gateway follows.

A rule names the command's field that it reads; nothing here looks anything up.
"""

from __future__ import annotations

import enum

import attrs

from protocol.addresses import ActorKind


class Finding(enum.Enum):
    """What the gateway does to find the address."""

    FIELD = "field"
    """The field is the actor's id; without a value it is the caller's own id, if `or_own`."""
    OWN = "own"
    """The caller's user id is the actor's id."""
    IDENTITY = "identity"
    """The identity actor of the e-mail address in the field."""
    TOKEN = "token"  # noqa: S105 - a way of finding, not a secret
    """The field holds `{actor id, 32 hex digits}.{secret}`; without it: the own account."""
    FAMILY = "family"
    """The field holds a refresh token `family.n.mac`; the directory knows the family's account."""
    CHILD = "child"
    """The field is the id of a child; the directory knows its owner."""
    VENUE_OR_ACCOUNT = "venue_or_account"
    """The venue in the field; without it the one venue where the caller is staff or more (for
    owners of everything: the one there is), if there is exactly one; else the own account."""
    VENUE_OR_PLATFORM = "venue_or_platform"
    """The venue in the field; without it the platform."""
    DUTY = "duty"
    """The venue in the field if the caller has a role there, else that of the caller's open shift,
    else of the last one, else every venue where the token has a role (Rule 8)."""
    SESSION_OR_VENUE = "session_or_venue"
    """The session in the field; without it the venue in `venue_id`."""
    PRESENT = "present"
    """The venue in the field, else that of the caller's open visit, else the only one there is."""
    THE_VENUE = "the_venue"
    """The venue in the field; without it the only one where the caller has the row's role."""
    FOUNDING = "founding"
    """The venue in the field, or the platform if the request asks that it be not there yet."""
    QUERY = "query"
    """No actor: a named query of the read side answers."""
    GATEWAY = "gateway"
    """No actor: the gateway answers by itself."""


@attrs.frozen(kw_only=True)
class AddressRule:
    """One way to find an address."""

    finding: Finding
    kind: ActorKind | None = None
    field: str | None = None
    or_own: bool = False
    query: str | None = None


def venue(field: str = "venue_id") -> AddressRule:
    """The venue whose id is in the field."""
    return AddressRule(finding=Finding.FIELD, kind=ActorKind.VENUE, field=field)


def session(field: str = "session_id") -> AddressRule:
    """The patron session whose id is in the field."""
    return AddressRule(finding=Finding.FIELD, kind=ActorKind.SESSION, field=field)


def account(field: str) -> AddressRule:
    """The account in the field, else the caller's own."""
    return AddressRule(finding=Finding.FIELD, kind=ActorKind.ACCOUNT, field=field, or_own=True)


def staff(field: str) -> AddressRule:
    """The staff member in the field, else the caller."""
    return AddressRule(finding=Finding.FIELD, kind=ActorKind.STAFF, field=field, or_own=True)


def identity(field: str) -> AddressRule:
    """The identity of the e-mail address in the field."""
    return AddressRule(finding=Finding.IDENTITY, kind=ActorKind.IDENTITY, field=field)


def token(field: str) -> AddressRule:
    """The identity that a single-use token names, else the caller's own account."""
    return AddressRule(finding=Finding.TOKEN, kind=ActorKind.IDENTITY, field=field, or_own=True)


def family(field: str) -> AddressRule:
    """The account that a refresh token's family belongs to."""
    return AddressRule(finding=Finding.FAMILY, kind=ActorKind.ACCOUNT, field=field)


def child(field: str, of: ActorKind) -> AddressRule:
    """The actor of kind `of` that owns the child whose id is in the field."""
    return AddressRule(finding=Finding.CHILD, kind=of, field=field)


def venue_or_account(field: str) -> AddressRule:
    """The venue for those who work there, the own account for patrons."""
    return AddressRule(finding=Finding.VENUE_OR_ACCOUNT, kind=ActorKind.VENUE, field=field)


def venue_or_platform(field: str) -> AddressRule:
    """The venue in the field, else what stands over all venues."""
    return AddressRule(finding=Finding.VENUE_OR_PLATFORM, kind=ActorKind.VENUE, field=field)


def duty(field: str) -> AddressRule:
    """The venue where the caller is on duty, as well as it can be told."""
    return AddressRule(finding=Finding.DUTY, kind=ActorKind.VENUE, field=field)


def session_or_venue(field: str) -> AddressRule:
    """The session in the field, else the venue that the command names."""
    return AddressRule(finding=Finding.SESSION_OR_VENUE, kind=ActorKind.SESSION, field=field)


def present(field: str) -> AddressRule:
    """The venue where the caller is, as well as it can be told."""
    return AddressRule(finding=Finding.PRESENT, kind=ActorKind.VENUE, field=field)


def the_venue(field: str = "venue_id") -> AddressRule:
    """The venue in the field, else the only one that it can be."""
    return AddressRule(finding=Finding.THE_VENUE, kind=ActorKind.VENUE, field=field)


def venue_or_founding(field: str) -> AddressRule:
    """The venue in the field, or whoever founds venues."""
    return AddressRule(finding=Finding.FOUNDING, kind=ActorKind.VENUE, field=field)


def query(name: str) -> AddressRule:
    """The named query."""
    return AddressRule(finding=Finding.QUERY, query=name)


own_account = AddressRule(finding=Finding.OWN, kind=ActorKind.ACCOUNT)
own_staff = AddressRule(finding=Finding.OWN, kind=ActorKind.STAFF)
gateway = AddressRule(finding=Finding.GATEWAY)
