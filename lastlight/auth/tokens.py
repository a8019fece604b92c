"""Access tokens: who someone is for the next 15 minutes, signed so that no database is asked.

The algorithm is pinned to EdDSA, the key is found by its id in the node's own ring and nowhere
else, and the type is `at+jwt` (RFC 9068), so that nothing else signed with these keys passes. Time
is what the caller says it is. A token that verified may still be revoked: see `revocations`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final
from uuid import UUID, uuid4

import attrs
import jwt

from lastlight.auth.keys import KeyRing
from protocol.addresses import Principal, Role
from protocol.errors import Code, LastLightError
from protocol.limits import ACCESS_TOKEN_S, TOKEN_CHARS_MAX, TOKENS_CACHED_MAX

ALGORITHM: Final = "EdDSA"
TOKEN_TYPE: Final = "at+jwt"  # noqa: S105
ISSUER: Final = "lastlight"
AUDIENCE: Final = "lastlight"
CLOCK_SKEW: Final = timedelta(seconds=5)
"""How far ahead of ours the clock of the node that issued a token may be."""

# Time is checked here against the caller's clock; PyJWT would look at the wall.
_OPTIONS: Final[dict[str, Any]] = {
    "require": ["iss", "aud", "sub", "iat", "exp", "jti"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


class TokenInvalid(LastLightError):
    """The token proves nothing. Its text is not in the message, as it may be somebody's."""

    code: ClassVar[Code] = Code.UNAUTHENTICATED


@attrs.frozen(kw_only=True)
class Grant:
    """What a token is issued for: a login of `family_id` by a user at a token version."""

    user_id: UUID
    display_name: str
    roles: Mapping[UUID, Role]
    everywhere: Role
    token_version: int
    family_id: UUID
    elevated_until: datetime | None = None


class Tokens:
    """Issues and verifies with one key ring.

    What verified is remembered (at most TOKENS_CACHED_MAX), because checking a signature costs more
    than all else a request does before its mailbox; end and revocation are checked every time.
    """

    def __init__(self, ring: KeyRing, *, issuer: str = ISSUER, audience: str = AUDIENCE) -> None:
        self._ring = ring
        self._issuer = issuer
        self._audience = audience
        self._verified: OrderedDict[str, tuple[Principal, datetime]] = OrderedDict()

    @property
    def ring(self) -> KeyRing:
        """The keys in use, for the JWKS document."""
        return self._ring

    def issue(self, grant: Grant, *, now: datetime) -> str:
        """Sign `grant` for ACCESS_TOKEN_S from `now`."""
        issued_s = int(now.timestamp())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": str(grant.user_id),
            "iat": issued_s,
            "exp": issued_s + ACCESS_TOKEN_S,
            "jti": str(uuid4()),
            "name": grant.display_name,
            "roles": {str(venue): role.label for venue, role in grant.roles.items()},
            "everywhere": grant.everywhere.label,
            "ver": grant.token_version,
            "fam": str(grant.family_id),
        }
        if grant.elevated_until is not None:
            claims["elevated_until"] = int(grant.elevated_until.timestamp())
        key = self._ring.current
        headers = {"kid": key.kid, "typ": TOKEN_TYPE}
        return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers=headers)

    def verify(self, token: str, *, now: datetime) -> Principal:
        """Who `token` speaks for.

        Raises:
            TokenInvalid: it is no token of ours, for another audience, not begun, or ended.
        """
        if (known := self._verified.get(token)) is None:
            known = self._read(token)
            self._verified[token] = known
            if len(self._verified) > TOKENS_CACHED_MAX:
                self._verified.popitem(last=False)
        principal, issued_at = known
        if now >= principal.expires_at:
            self._verified.pop(token, None)
            raise TokenInvalid(f"the access token ended at {principal.expires_at}; refresh it")
        if issued_at > now + CLOCK_SKEW:
            raise TokenInvalid(f"the access token begins at {issued_at}, which is in the future")
        return principal

    def _read(self, token: str) -> tuple[Principal, datetime]:
        if len(token) > TOKEN_CHARS_MAX:
            raise TokenInvalid(f"a token of {len(token)} characters; at most {TOKEN_CHARS_MAX}")
        try:
            header = jwt.get_unverified_header(token)
            kid = header.get("kid")
            key = self._ring.find(kid) if isinstance(kid, str) else None
            if key is None or header.get("typ") != TOKEN_TYPE:
                raise TokenInvalid("the token is not an access token of this service; sign in")
            claims = jwt.decode(
                token,
                key.public,
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                options=_OPTIONS,  # type: ignore[arg-type]
            )
            return _principal_of(claims)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, OverflowError) as error:
            # Some of these come from text that PyJWT passes on unread, such as lone surrogates.
            raise TokenInvalid("the access token does not verify; sign in again") from error


def _moment(seconds: object) -> datetime:
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise TypeError("a time in a token is an integer of seconds")
    return datetime.fromtimestamp(seconds, UTC)


def _principal_of(claims: Mapping[str, Any]) -> tuple[Principal, datetime]:
    """The principal and when the token was issued.

    Raises:
        ValueError, TypeError, KeyError: our own key signed it, yet a claim is missing or unlike
            what this release issues.
    """
    elevated = claims.get("elevated_until")
    version = claims["ver"]
    if not isinstance(version, int):
        raise TypeError("ver is an integer")
    principal = Principal(
        user_id=UUID(str(claims["sub"])),
        display_name=str(claims["name"]),
        roles={UUID(venue): Role.of(str(role)) for venue, role in dict(claims["roles"]).items()},
        everywhere=Role.of(str(claims["everywhere"])),
        token_version=version,
        family_id=UUID(str(claims["fam"])),
        expires_at=_moment(claims["exp"]),
        elevated_until=None if elevated is None else _moment(elevated),
    )
    return principal, _moment(claims["iat"])
