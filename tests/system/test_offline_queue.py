"""A phone that was offline sends its queue over HTTP, and the tables say what it did."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.system.guests import Front


def instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def kept(seq: int, path: str, at: datetime) -> dict[str, Any]:
    """One request as the phone wrote it down."""
    return {
        "seq": seq,
        "command_id": str(uuid.uuid4()),
        "occurred_at": instant(at),
        "method": "POST",
        "path": path,
    }


async def test_a_queue_is_performed_once_in_its_order_and_listed_as_it_was(front: Front) -> None:
    """Pause, resume and check-out of one visit in a batch that is sent twice."""
    (patron,) = await front.patrons(1, 1)
    visit = await front.check_in(patron)
    began = datetime.fromisoformat(visit["checked_in_at"])
    path = f"/api/sessions/{visit['session_id']}"
    now = datetime.now(UTC)
    moments = [now, now, now - timedelta(hours=1)]
    commands = [
        kept(seq, f"{path}/{what}", at)
        for seq, what, at in zip((1, 2, 3), ("pause", "resume", "checkout"), moments, strict=True)
    ]
    body = {"device_id": "phone", "commands": commands}
    first = await front.need(200, patron, "POST", "/api/sync/commands", body)
    assert [result["outcome"] for result in first["results"]] == ["applied"] * 3
    pause, resume, left = first["results"]
    assert pause["data"]["effective_at"] <= resume["data"]["effective_at"]
    # An hour before it began, the visit had not been left: it ended with its last change.
    assert left["clamped"]
    assert left["data"]["ended_at"] == left["occurred_at"] == resume["data"]["effective_at"]
    assert datetime.fromisoformat(left["occurred_at"]) >= began
    again = await front.need(200, patron, "POST", "/api/sync/commands", body)
    assert [result["outcome"] for result in again["results"]] == ["replayed"] * 3
    assert [result["data"] for result in again["results"]] == [
        result["data"] for result in first["results"]
    ]
    listed = await front.need(200, patron, "GET", "/api/sessions/history")
    (row,) = (one for one in listed["items"] if one["session_id"] == visit["session_id"])
    assert row["receipt_id"] == left["data"]["receipt_id"]
    gap = {"device_id": "phone", "commands": [kept(9, f"{path}/pause", now)]}
    problem = await front.need(409, patron, "POST", "/api/sync/commands", gap)
    assert problem["last_seq"] == 3
