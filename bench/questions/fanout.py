"""Frames a second to sockets of one room, beside Socket.IO; see `bench/fanout.py`."""

from __future__ import annotations

from bench.fanout import measure
from bench.figures import at_least
from bench.questions.sockets import question

QUESTION = question(
    "fanout",
    "Frames a second to sockets of one room",
    measure,
    35,
    goals={"in bursts, ratio": at_least(1.5, "times")},
)
