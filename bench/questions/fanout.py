"""Frames a second to sockets of one room, beside Socket.IO; see `bench/fanout.py`."""

from __future__ import annotations

from bench.fanout import measure
from bench.questions.sockets import question

QUESTION = question("fanout", "Frames a second to sockets of one room", measure, 35)
