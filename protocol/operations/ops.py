"""What operators, load balancers and programs ask of the node itself."""

from __future__ import annotations

from typing import Final

from protocol.addresses import Role
from protocol.commands import Command, command
from protocol.operations.addresses import gateway
from protocol.operations.base import Operation, RateRule, in_category
from protocol.replies.ops import Liveness, Readiness, SigningKeys


@command
class CheckLiveness(Command):
    """Does the event loop answer?"""


@command
class CheckReadiness(Command):
    """Should requests be sent here?"""


@command
class ReadMetrics(Command):
    """Prometheus text."""


@command
class ReadOpenApi(Command):
    """The OpenAPI document."""


@command
class ReadSigningKeys(Command):
    """Public keys of the access token signer."""


_EXEMPT: Final = RateRule.EXEMPT

# fmt: off
OPERATIONS: Final = in_category(
    "Ops",
    Operation(
        CheckLiveness, Role.PUBLIC, "GET /healthz", gateway, Liveness,
        summary="Answers when the event loop does; touches nothing else.",
        socket=False, rate=_EXEMPT,
    ),
    Operation(
        CheckReadiness, Role.PUBLIC, "GET /readyz", gateway, Readiness,
        summary="Whether requests should be sent here, and what is degraded.",
        also=(503,), socket=False, rate=_EXEMPT,
    ),
    Operation(
        ReadMetrics, Role.OWNER, "GET /metrics", gateway, None,
        summary="Prometheus text.", socket=False, media="text/plain",
    ),
    Operation(
        ReadOpenApi, Role.PUBLIC, "GET /openapi.json", gateway, None,
        summary="This document.", socket=False,
    ),
    Operation(
        ReadSigningKeys, Role.PUBLIC, "GET /.well-known/jwks.json", gateway, SigningKeys,
        summary="Public keys of the access token signer, current and next.",
        socket=False, rate=_EXEMPT,
    ),
)
# fmt: on
