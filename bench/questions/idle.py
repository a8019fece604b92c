"""Memory of connections that say nothing, beside Socket.IO; see `bench/idle_sockets.py`."""

from __future__ import annotations

from bench.figures import at_most
from bench.idle_sockets import measure
from bench.questions.sockets import question

QUESTION = question(
    "idle",
    "Memory of connections that say nothing",
    measure,
    75,
    goals={
        "Last Light: KiB a socket": at_most(50, "KiB"),
        "by Socket.IO: KiB a socket": at_most(50, "KiB"),
    },
)
