"""Access tokens that prove nobody, though each is nearly right."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt

from lastlight.auth.keys import KeyRing, SigningKey
from lastlight.auth.tokens import ALGORITHM, TOKEN_TYPE, Grant, Tokens
from protocol.addresses import Role
from protocol.limits import ACCESS_TOKEN_S

SOMEBODY = UUID("01935d2a-7c00-7000-8000-0000000000b2")


def bad_tokens(ring: KeyRing, now: datetime) -> dict[str, str]:
    """By what is wrong with them; `ring` is the one that the node signs with."""
    grant = Grant(
        user_id=SOMEBODY,
        display_name="Nobody",
        roles={},
        everywhere=Role.OWNER,
        token_version=1,
        family_id=SOMEBODY,
    )
    good = Tokens(ring).issue(grant, now=now)
    claims = jwt.decode(good, options={"verify_signature": False})
    head, payload, signature = good.split(".")
    header = {"kid": ring.current.kid, "typ": TOKEN_TYPE}
    other = SigningKey.fresh()

    def signed(key: SigningKey = ring.current, **told: Any) -> str:
        return jwt.encode(claims | told, key.private, algorithm=ALGORITHM, headers=header)

    unsigned = base64.urlsafe_b64encode(
        json.dumps({**header, "alg": "none"}).encode()
    ).decode().rstrip("=")  # fmt: skip
    public = ring.current.public.public_bytes_raw()
    return {
        "no token": "x",
        "three dots": "...",
        "alg none": f"{unsigned}.{payload}.",
        "alg none, with a signature": f"{unsigned}.{payload}.{signature}",
        "the public key as a secret": jwt.encode(claims, public, "HS256", header),
        "another key by our name": signed(other),
        "another key by its name": Tokens(KeyRing((other,))).issue(grant, now=now),
        "another audience": Tokens(ring, audience="elsewhere").issue(grant, now=now),
        "another issuer": Tokens(ring, issuer="elsewhere").issue(grant, now=now),
        "no type": jwt.encode(claims, ring.current.private, ALGORITHM, {"kid": ring.current.kid}),
        "expired": Tokens(ring).issue(grant, now=now - timedelta(seconds=ACCESS_TOKEN_S)),
        "not begun": Tokens(ring).issue(grant, now=now + timedelta(hours=1)),
        "a changed payload": f"{head}.{payload[:-2]}AA.{signature}",
        "no subject": signed(sub=None),
        "a strange role": signed(everywhere="emperor"),
        "very long": "a" * 12_000,
    }
