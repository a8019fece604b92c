"""Bounds of what Socket.IO has besides the bounds of every realtime connection (`limits`)."""

from __future__ import annotations

from typing import Final

from protocol.limits import SOCKET_MESSAGE_BYTES_MAX, SOCKET_PING_S, SOCKET_PONG_S

CONNECT_S: Final = 45.0
"""A connection on which nobody was let in after this long is ended."""
UPGRADE_S: Final = 10.0
"""From a WebSocket's first byte until it carries a connection that was polled."""
PACKETS_MAX: Final = 256
"""Packets in one polling request; of SOCKET_MESSAGE_BYTES_MAX bytes together."""
ANSWER_BYTES: Final = 256 * 1024
"""An answer to a poll takes nothing more in when it has this many bytes."""
PROVE_S: Final = 1.0
"""Least time from one ping to the next one that asks only how much has arrived."""
RECOVERY_S: Final = 120.0
"""How long an ended connection's rooms are remembered."""
RECOVERIES_MAX: Final = 20_000
"""Ended connections remembered; the one that ended first is forgotten for one more."""
CURSORS_MAX: Final = 32
"""Places that a client may name when it comes again; as many as it may hear rooms."""

assert SOCKET_MESSAGE_BYTES_MAX <= ANSWER_BYTES
assert PROVE_S < SOCKET_PONG_S < SOCKET_PING_S < CONNECT_S < RECOVERY_S
