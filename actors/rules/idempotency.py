"""Which requests are the same request, and which keys are keys (Rule 12).

What a known key answers is decided by the addressed actor's own list of keys, in the runtime.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from protocol.chains import canonical_json
from protocol.errors import Code, Refusal
from protocol.limits import IDEMPOTENCY_KEY_CHARS_MAX


def fingerprint_of(body: object, path: Mapping[str, object] | None = None) -> bytes:
    """SHA-256 of the canonical JSON of a request: 32 bytes.

    `path` holds what the path named. It belongs to the fingerprint because the scope of a key is
    the route, which is the same for each till or hold. Order of keys and spelling of whole
    numbers do not matter.
    """
    return hashlib.sha256(canonical_json({"body": body, "path": path or {}})).digest()


def refuse_key(key: str | None, *, required: bool) -> Refusal | None:
    """Why a key can't be taken: 400 where it is missing but required, or is no key."""
    if key is None:
        if not required:
            return None
        return Refusal(
            Code.IDEMPOTENCY_KEY_REQUIRED,
            "this route needs an Idempotency-Key: a fresh random value for each new request, the "
            "same for each repeat of it",
        )
    if 1 <= len(key) <= IDEMPOTENCY_KEY_CHARS_MAX and key.isascii() and key.isprintable():
        return None
    return Refusal(
        Code.MALFORMED_REQUEST,
        f"the Idempotency-Key has {len(key)} characters; it must have 1 to "
        f"{IDEMPOTENCY_KEY_CHARS_MAX}, all printable ASCII",
    )
