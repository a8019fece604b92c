"""Whether a webhook is the provider's: its `Stripe-Signature` over the raw bytes (Rule 11).

The header is `t=<unix seconds>,v1=<hex>[,v1=<hex>…]`; the signature is HMAC-SHA-256 of
`<t>.<body>` with a secret of the endpoint (docs.stripe.com/webhooks, "Verify manually"). While a
secret is rotated several are live, and the provider signs with each of its own.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

from protocol.errors import Code, Refusal

TOLERANCE_S: Final = 300
HEADER_CHARS_MAX: Final = 4_096
SIGNATURES_MAX: Final = 16
"""Of the scheme we know, in one header."""


def refuse_signature(
    header: str | None, body: bytes, *, secrets: Iterable[str], now_s: float
) -> Refusal | None:
    """400 unless one of the header's `v1` signatures was made with one of the secrets, lately.

    Every pair is compared, in constant time. What is signed right but not within 300 s of
    `now_s`, in either direction, is `signature_stale`; everything else is `signature_invalid`.
    """
    parsed = _parsed(header)
    if parsed is None:
        return _invalid("send Stripe-Signature as t=…,v1=…")
    timestamp, signatures = parsed
    signed = timestamp.encode() + b"." + body
    right = False
    for secret in secrets:
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode()
        for signature in signatures:
            right |= hmac.compare_digest(expected, signature)
    if not right:
        return _invalid("it was made with no secret that is live here, or of another body")
    if abs(now_s - int(timestamp)) > TOLERANCE_S:
        return Refusal(
            Code.SIGNATURE_STALE, f"the signature is not of the last {TOLERANCE_S} s; send it again"
        )
    return None


def _parsed(header: str | None) -> tuple[str, list[bytes]] | None:
    if header is None or len(header) > HEADER_CHARS_MAX:
        return None
    timestamps: list[str] = []
    signatures: list[bytes] = []
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            timestamps.append(value)
        elif name == "v1":
            signatures.append(value.encode())
    if len(timestamps) != 1 or not 0 < len(signatures) <= SIGNATURES_MAX:
        return None
    (timestamp,) = timestamps
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return None
    return timestamp, signatures


def _invalid(detail: str) -> Refusal:
    return Refusal(Code.SIGNATURE_INVALID, f"the signature is not good: {detail}")
