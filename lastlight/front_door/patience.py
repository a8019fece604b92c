"""How long and how many: the door's bounds as one value, so that a test can shorten them."""

from __future__ import annotations

import attrs

from protocol.limits import (
    CONNECTIONS_MAX,
    CONNECTIONS_PER_ADDRESS_MAX,
    HEADERS_TIMEOUT_S,
    KEEP_ALIVE_S,
    SHUTDOWN_GRACE_S,
)


@attrs.frozen(kw_only=True)
class Patience:
    """Bounds of connections. Times in seconds."""

    headers_s: float = HEADERS_TIMEOUT_S
    keep_alive_s: float = KEEP_ALIVE_S
    grace_s: float = SHUTDOWN_GRACE_S
    connection_count_max: int = CONNECTIONS_MAX
    connection_count_per_address_max: int = CONNECTIONS_PER_ADDRESS_MAX
