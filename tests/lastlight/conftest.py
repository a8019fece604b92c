"""What the tests of the application share."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator

import pytest
import structlog

from tests.lastlight import door_kit


@pytest.fixture(autouse=True)
def logging_put_back() -> Iterator[None]:
    """How a process logs is set for good, and commands of the line set it in the tests' process."""
    handlers, level = logging.root.handlers[:], logging.root.level
    hooks = sys.excepthook, threading.excepthook
    before = structlog.get_config()
    yield
    structlog.configure(**before)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks


@pytest.fixture(params=["hypercorn", "direct"])
def each_lane(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """One suite for both: whatever way a request takes, it is read and answered the same."""
    lane: str = request.param
    monkeypatch.setattr(door_kit, "SLOW", () if lane == "direct" else None)
    return lane
