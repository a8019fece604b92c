"""Everybody comes back at once, beside Socket.IO; see `bench/storm.py`."""

from __future__ import annotations

from bench.figures import at_most
from bench.questions.sockets import question
from bench.storm import measure

QUESTION = question(
    "storm",
    "Everybody comes back at once",
    measure,
    45,
    goals={"sockets, s, Last Light": at_most(5, "s")},
)
