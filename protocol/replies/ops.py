"""Answers about the node itself."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from protocol.replies.base import reply


@reply
class Liveness:
    """The event loop answers."""

    status: str = "ok"


class ReadyStatus(enum.StrEnum):
    """Whether requests should be sent here."""

    OK = "ok"
    DEGRADED = "degraded"
    STARTING = "starting"
    DRAINING = "draining"
    FAILED = "failed"


@reply
class Readiness:
    """The state of the whole, and a word on each part."""

    status: ReadyStatus
    parts: Mapping[str, str]


@reply
class SigningKey:
    """A public key as RFC 8037 has it."""

    kid: str
    x: str
    kty: str = "OKP"
    crv: str = "Ed25519"
    alg: str = "EdDSA"
    use: str = "sig"


@reply
class SigningKeys:
    """A key set (RFC 7517)."""

    keys: tuple[SigningKey, ...]
