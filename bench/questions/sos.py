"""From the press of an SOS to the last socket, beside Socket.IO; see `bench/sos.py`."""

from __future__ import annotations

from bench.figures import at_most
from bench.questions.sockets import question
from bench.sos import measure

QUESTION = question(
    "sos",
    "From the press of an SOS to the last socket",
    measure,
    75,
    goals={"Last Light: press to the last socket, p99": at_most(250, "ms")},
)
