"""Refresh tokens: `family.n.HMAC(key, family‖n)`, so that a successor can be made again (Rule 16).

The text proves that this service made it, nothing more. Whether the n-th of a family is still the
one to come is decided by its account, which stores hashes only.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import ClassVar, Final
from uuid import UUID

import attrs

from protocol.errors import Code, LastLightError

_FORM: Final = re.compile(r"([0-9a-f]{32})\.(0|[1-9][0-9]{0,8})\.([A-Za-z0-9_-]{43})")


class RefreshTokenInvalid(LastLightError):
    """It was not made here; no family is touched by it."""

    code: ClassVar[Code] = Code.REFRESH_INVALID


@attrs.frozen
class RefreshTokens:
    """Makes and reads refresh tokens with one secret key."""

    _key: bytes = attrs.field(repr=False)

    def make(self, family_id: UUID, n: int) -> str:
        """The n-th token of a family; the same arguments always give the same text."""
        digest = hmac.digest(self._key, family_id.bytes + n.to_bytes(8, "big"), hashlib.sha256)
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
        return f"{family_id.hex}.{n}.{proof}"

    def read(self, token: str) -> tuple[UUID, int]:
        """The family and the number that a token names.

        Raises:
            RefreshTokenInvalid: it has another form, or its proof is wrong.
        """
        if (found := _FORM.fullmatch(token)) is not None:
            family_id, n = UUID(found[1]), int(found[2])
            if hmac.compare_digest(self.make(family_id, n), token):
                return family_id, n
        raise RefreshTokenInvalid("the refresh token was not made by this service; sign in again")
