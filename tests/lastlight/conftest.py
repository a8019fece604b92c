"""What the tests of the application share."""

from __future__ import annotations

import pytest

from tests.lastlight import door_kit


@pytest.fixture(params=["hypercorn", "direct"])
def each_lane(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """One suite for both: whatever way a request takes, it is read and answered the same."""
    lane: str = request.param
    monkeypatch.setattr(door_kit, "SLOW", () if lane == "direct" else None)
    return lane
