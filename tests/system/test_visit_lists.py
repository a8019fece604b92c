"""Visits in lists, over HTTP and out of the tables: what was just answered is in them."""

from __future__ import annotations

from tests.system.guests import Front


async def test_a_visit_is_in_the_lists_of_those_whom_it_concerns(front: Front) -> None:
    """Open ones for staff, own ones that are over for patrons; nobody waits for the flush."""
    manager = await front.sign_in("manager")
    person, other = await front.patrons(44, 2)
    visit = await front.check_in(person)
    session_id = visit["session_id"]
    listed = await front.need(200, manager, "GET", "/api/sessions?status=active")
    (row,) = (one for one in listed["items"] if one["session_id"] == session_id)
    assert (row["activity"], row["ended_at"]) == (visit["activity"], None)
    refused = await front.send(person, "GET", "/api/sessions")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    odd = await front.send(manager, "GET", "/api/sessions?cursor=odd!")
    assert odd.status_code in {400, 422}
    path = f"/api/sessions/{session_id}"
    await front.need(200, manager, "DELETE", path, {"reason": "wrong guest"})
    history = await front.need(200, person, "GET", "/api/sessions/history")
    (over,) = (one for one in history["items"] if one["session_id"] == session_id)
    assert (over["status"], over["reason"], over["charges"]) == ("voided", "wrong guest", [])
    assert session_id not in str(await front.need(200, other, "GET", "/api/sessions/history"))
    venue = await front.need(200, manager, "GET", "/api/sessions/history")
    assert session_id in str(venue)
