"""What an operator sees of a running node: figures that move, and actors without their people."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from tests.system.guests import Front, Person
from tests.system.harness import wait_until

FLUSHED_S = 10.0


async def figures(front: Front, owner: Person) -> dict[str, float]:
    """Samples without labels, by name."""
    answer = await front.send(owner, "GET", "/metrics")
    assert answer.status_code == 200, answer.text
    families = text_string_to_metric_families(answer.text)
    return {s.name: s.value for family in families for s in family.samples if not s.labels}


async def test_the_figures_of_a_node_move_with_what_it_does(front: Front) -> None:
    """A metric that nobody writes looks like a calm night, whatever burns."""
    owner = await front.sign_in("owner")
    (person,) = await front.patrons(1, 1)
    before = await figures(front, owner)
    await front.check_in(person)

    async def is_flushed() -> bool:
        now = await figures(front, owner)
        entries, flushed = "lastlight_journal_entries_total", "lastlight_flushed_entries_total"
        return before[entries] < now[entries] == now[flushed]

    await wait_until(is_flushed, within_s=FLUSHED_S)
    after = await figures(front, owner)
    commits = "lastlight_journal_commit_seconds_count"
    assert before[commits] < after[commits] <= after["lastlight_journal_entries_total"]
    assert after["lastlight_journal_commit_seconds_sum"] > 0
    assert after["lastlight_journal_bytes"] > 0
    for bug in ("dead_letters", "refused_rows", "node_resets"):
        assert after[f"lastlight_{bug}_total"] == 0


async def test_an_owner_sees_a_visit_and_not_whose_it_is(front: Front) -> None:
    """A stuck visit is understood by its figures, over HTTP as in the code."""
    owner = await front.sign_in("owner")
    (person,) = await front.patrons(2, 1)
    visit = await front.check_in(person)
    path = f"/api/admin/actors/session/{visit['session_id']}"
    found = await front.need(200, owner, "GET", path)
    assert found["snapshot"]["status"] == "active"
    assert found["snapshot"]["checked_in_at"] == visit["checked_in_at"]
    assert found["snapshot"]["held_minor"] > 0
    assert person.user_id not in str(found)
    assert person.name not in str(found)


async def test_an_owner_sees_the_jobs_of_a_node_and_what_waits_outside(front: Front) -> None:
    """They are planned from the first minute on, and none is in trouble."""
    owner = await front.sign_in("owner")
    path = "/api/admin/actors/outside/00000000-0000-0000-0000-000000000000"

    async def are_planned() -> bool:
        found = await front.need(200, owner, "GET", path)
        return all(job.get("next_at") for job in found["snapshot"]["jobs"])

    await wait_until(are_planned, within_s=FLUSHED_S)
    snapshot = (await front.need(200, owner, "GET", path))["snapshot"]
    assert [job["job"] for job in snapshot["jobs"]] == [
        "figures", "reconciliation", "replays", "retention", "room_views",
    ]  # fmt: skip
    assert (snapshot["given_up"], snapshot["dead_letters"]) == ([], [])
    ready = (await front.send(owner, "GET", "/readyz")).json()
    assert (ready["parts"]["jobs"], ready["parts"]["effects"]) == ("ok", "ok")
