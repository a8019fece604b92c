"""People, their families and their commands as the tests of signing in need them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from actors.account.credentials import version_of
from actors.account.state import AccountState
from actors.rules.credentials import digest_of_refresh, digest_of_secret
from actors.runtime.outcome import Outcome
from protocol.addresses import ActorKind, Address, Principal, Role
from protocol.internal.people import FoundAccount, SignIn, TokensDue
from protocol.operations.auth import LogIn, RefreshToken, RegisterUser
from protocol.records.base import Record
from protocol.records.states import AuthTokenKind, PushPlatform
from protocol.records.users import AuthSession, AuthToken, PushDevice, User
from protocol.values import Verdict
from tests.actors.deciding import NOW, a_principal, filled

USER = UUID(int=0xA1)
ACCOUNT = Address(ActorKind.ACCOUNT, USER)
EMAIL = "Someone@Example.org"
FAMILY = UUID(int=0xF1)
OTHER_FAMILY = UUID(int=0xF2)
VENUE = UUID(int=0xB1)
MINUTE = timedelta(minutes=1)


def a_user(**given: Any) -> User:
    """Somebody with a password, a PIN and a duress PIN."""
    made: dict[str, Any] = {
        "id": USER,
        "email": EMAIL,
        "password_hash": "hash of the password",
        "pin_hash": "hash of the pin",
        "duress_pin_hash": "hash of the duress pin",
        "display_name": "Somebody",
        "pseudonym": UUID(int=0xA2),
        "created_at": NOW - timedelta(days=1),
    }
    return User(**made | given)


def a_family(id_: UUID = FAMILY, **given: Any) -> AuthSession:
    """A family as it was opened an hour ago, on a device of its own."""
    made: dict[str, Any] = {
        "id": id_,
        "user_id": USER,
        "family_id": id_,
        "token_hash": digest_of_refresh(id_, given.get("generation", 0)),
        "generation": 0,
        "created_at": NOW - timedelta(hours=1),
        "expires_at": NOW + timedelta(days=7),
        "device_id": f"device of {id_}",
    }
    return AuthSession(**made | given)


def a_push(family: AuthSession) -> PushDevice:
    """Where the pushes of a family's device go."""
    assert family.device_id is not None
    return PushDevice(
        id=UUID(int=family.id.int + 0x1000),
        user_id=USER,
        device_id=family.device_id,
        platform=PushPlatform.FCM,
        token="push token",
        app="patron",
    )


def a_token(secret: str, kind: AuthTokenKind, *, n: int = 1, **given: Any) -> AuthToken:
    """A single-use token that was sent just now."""
    id_ = UUID(int=0xE0 + n)
    made: dict[str, Any] = {
        "id": id_,
        "user_id": USER,
        "kind": kind,
        "token_hash": digest_of_secret(id_, secret),
        "created_at": NOW,
        "expires_at": NOW + 30 * MINUTE,
    }
    return AuthToken(**made | given)


def an_account(*records: Record) -> AccountState:
    """An account of these rows."""
    return filled(AccountState(ACCOUNT), records)


def caller(family_id: UUID = FAMILY, role: Role = Role.PATRON) -> Principal:
    """The account's own person, signed in with a family."""
    made = a_principal(USER, role, VENUE if role is not Role.PATRON else None)
    return Principal(
        user_id=made.user_id,
        display_name=made.display_name,
        roles=made.roles,
        everywhere=made.everywhere,
        token_version=1,
        family_id=family_id,
        expires_at=made.expires_at,
    )


def a_registration(**given: Any) -> FoundAccount:
    """What the identity sends when somebody registers."""
    made: dict[str, Any] = {
        "email": EMAIL,
        "password": "",
        "display_name": "Somebody",
        "birth_date": date(2000, 1, 1),
        "password_hash": "hash of the password",
        "code": "123456",
        "device_id": "a phone",
        "client_address": "192.0.2.7",
        "user_agent": "app/1",
    }
    return FoundAccount(user_id=USER, request=RegisterUser(**made | given))


def a_login(user: User, verdict: Verdict = Verdict.PASSWORD, **given: Any) -> SignIn:
    """What the identity sends when somebody signs in, with the password checked just now."""
    made: dict[str, Any] = {
        "email": EMAIL,
        "password": "",
        "verdict": verdict,
        "credentials_version": version_of(user),
    }
    return SignIn(request=LogIn(**made | given))


def a_refresh(generation: int, family_id: UUID = FAMILY) -> RefreshToken:
    """The n-th refresh token of a family, as the gateway read it."""
    return RefreshToken(
        refresh_token="",
        family_id=family_id,
        generation=generation,
        client_address="192.0.2.8",
        user_agent="app/2",
    )


def due(reply: object) -> TokensDue:
    """A reply that tokens are to be made of."""
    assert isinstance(reply, TokensDue)
    return reply


def changed_user(outcome: Outcome) -> User:
    """The person as the outcome leaves them."""
    (user,) = (record for record in outcome.changes if isinstance(record, User))
    return user


def changed_families(outcome: Outcome) -> list[AuthSession]:
    """The families that the outcome opens or changes."""
    return [record for record in outcome.changes if isinstance(record, AuthSession)]


def revocations(outcome: Outcome) -> list[tuple[str | None, str]]:
    """Which families the outcome tells of as revoked, and why."""
    assert all(event.type == "auth.session_revoked" for event in outcome.events)
    assert all(event.rooms == (f"user:{USER}",) for event in outcome.events)
    return [(event.data["auth_session_id"], event.data["reason"]) for event in outcome.events]


def failures(count: int, *, every: timedelta = MINUTE, until: datetime = NOW) -> tuple[Any, ...]:
    """Failed logins, the last of them at `until`."""
    return tuple(until - every * n for n in range(count))[::-1]
