"""Who asks: access tokens of the contract (EdDSA, `at+jwt`), each verified once until it ends."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any, NamedTuple
from uuid import UUID

import jwt

from bench.peers.fastapi_app.problems import Refused

CACHED_MAX = 10_000
SKEW_S = 5


class Principal(NamedTuple):
    """What a token says."""

    user_id: UUID
    display_name: str
    roles: dict[str, str]
    everywhere: str
    token_version: int
    expires_s: int

    def works_at(self, venue_id: object) -> bool:
        """Whether the venue's staff's view is theirs."""
        return self.everywhere != "patron" or self.roles.get(str(venue_id), "patron") != "patron"


class Tokens:
    """Verifies with public keys, found by their id."""

    def __init__(self, jwks: list[dict[str, str]]) -> None:
        self._keys = {key["kid"]: jwt.PyJWK(key).key for key in jwks}
        self._known: OrderedDict[str, Principal] = OrderedDict()

    def verify(self, token: str) -> Principal:
        """Who it is; whether its version still counts is for the database to say.

        Raises:
            Refused: it proves nothing, or no longer.
        """
        known = self._known.get(token)
        if known is None:
            known = self._known[token] = self._read(token)
            if len(self._known) > CACHED_MAX:
                self._known.popitem(last=False)
        if time.time() >= known.expires_s:
            self._known.pop(token, None)
            raise Refused("unauthenticated", "the access token ended; refresh it")
        return known

    def _read(self, token: str) -> Principal:
        try:
            head = jwt.get_unverified_header(token)
            if head.get("typ") != "at+jwt" or head.get("kid") not in self._keys:
                raise Refused("unauthenticated", "this is no access token of this service")
            claims: dict[str, Any] = jwt.decode(
                token,
                self._keys[head["kid"]],
                algorithms=["EdDSA"],
                audience="lastlight",
                issuer="lastlight",
                leeway=SKEW_S,
                options={"require": ["iss", "aud", "sub", "iat", "exp", "jti"]},
            )
        except jwt.PyJWTError as error:
            raise Refused("unauthenticated", "the access token does not verify") from error
        return Principal(
            user_id=UUID(claims["sub"]),
            display_name=claims["name"],
            roles=claims["roles"],
            everywhere=claims["everywhere"],
            token_version=claims["ver"],
            expires_s=claims["exp"],
        )
