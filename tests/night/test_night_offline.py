"""Queues of devices that were offline: in order, once, and only what may come late (Rule 12)."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
import trio
from trio.testing import MockClock

from tests.twins.nodes import World
from tests.twins.people import VENUE, Someone, instant, sign_in
from tests.twins.whole import LastLight, open_memory_last_light

SOS = "/api/emergency/sos"


def queued(
    house: LastLight, seq: int, path: str, body: object = None, **more: object
) -> dict[str, object]:
    """One command as a device keeps it, of now."""
    return {
        "seq": seq,
        "command_id": str(uuid4()),
        "occurred_at": instant(house.world.clock.now()),
        "method": "POST",
        "path": path,
        "body": body or {},
        **more,
    }


async def replay(who: Someone, *commands: object, status: int = 200) -> Any:
    """Send a batch."""
    body = {"device_id": "the phone", "commands": commands}
    return await who.need(status, "POST", "/api/sync/commands", body)


def outcomes(answer: Any) -> list[str]:
    """What became of each."""
    return [result["outcome"] for result in answer["results"]]


async def test_an_alarm_that_was_pressed_offline_is_raised_and_flagged_late(
    staff: Someone, house: LastLight, autojump_clock: MockClock
) -> None:
    """Rule 8: it is hours late, and must not look as if it were just pressed. Rule 8 late."""
    pressed = queued(house, 1, SOS, {"severity": "high"})
    await trio.sleep(600)
    answer = await replay(staff, pressed)
    assert outcomes(answer) == ["applied"]
    assert answer["results"][0]["status"] == 201
    assert answer["results"][0]["data"]["raised_at"] == pressed["occurred_at"]
    assert (await house.event("emergency.sos_raised")).data["late"] is True


async def test_a_batch_that_got_no_answer_is_sent_again_and_changes_nothing(
    staff: Someone, house: LastLight, autojump_clock: MockClock
) -> None:
    """The phone lost the line in the middle of the answer: the incident must not be doubled."""
    batch = [queued(house, 1, SOS), queued(house, 2, SOS)]
    first = await replay(staff, *batch)
    again = await replay(staff, *batch)
    assert outcomes(again) == ["replayed", "replayed"]
    assert [r["data"] for r in again["results"]] == [r["data"] for r in first["results"]]
    assert again["last_seq"] == 2


async def test_a_queue_is_known_after_a_crash(world: World, autojump_clock: MockClock) -> None:
    """How far a device was heard is in the journal, like everything else that was answered."""
    async with open_memory_last_light(world) as house:
        staff = await sign_in(house, "staff1")
        assert (await replay(staff, queued(house, 1, SOS)))["last_seq"] == 1
    async with open_memory_last_light(world) as house:
        after = staff.at(house)
        problem = await replay(after, queued(house, 3, SOS), status=409)
        assert (problem["code"], problem["last_seq"]) == ("device_sequence_gap", 1)
        assert (await replay(after, queued(house, 2, SOS)))["last_seq"] == 2


async def test_what_names_a_failed_command_is_skipped_and_the_rest_is_not(
    staff: Someone, house: LastLight, autojump_clock: MockClock
) -> None:
    """Rule 12: an order that presumes a check-in that was refused must not be served.

    Rule 12 after.
    """
    lost = queued(house, 1, f"/api/sessions/{uuid4()}/pause")
    after = queued(house, 2, f"/api/sessions/{uuid4()}/resume", after=[lost["command_id"]])
    further = queued(house, 3, f"/api/sessions/{uuid4()}/resume", after=[after["command_id"]])
    answer = await replay(staff, lost, after, further, queued(house, 4, SOS))
    assert outcomes(answer) == ["rejected", "skipped", "skipped", "applied"]
    assert answer["results"][0]["problem"]["code"] == "not_found"
    assert answer["last_seq"] == 4


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("POST", "/api/transactions/topup", "forbidden"),
        ("POST", "/api/auth/logout", "forbidden"),
        ("GET", "/api/users/me", "forbidden"),
        ("POST", "/api/nowhere", "not_found"),
        ("PUT", SOS, "not_found"),
        ("POST", "/api/%zz", "malformed_request"),
        ("POST", "/api/staff/clock-in", "validation_failed"),
    ],
)
async def test_what_may_not_come_late_is_rejected_alone(
    staff: Someone, house: LastLight, method: str, path: str, code: str, autojump_clock: MockClock
) -> None:
    """Rule 12: never top-ups, refunds, roles, settings; and a bad one spoils no other."""
    answer = await replay(staff, queued(house, 1, path, method=method), queued(house, 2, SOS))
    assert outcomes(answer) == ["rejected", "applied"]
    assert answer["results"][0]["problem"]["code"] == code


async def test_a_role_is_needed_offline_as_online(
    patron: Someone, house: LastLight, autojump_clock: MockClock
) -> None:
    """The batch is open to patrons; what staff may do is not."""
    body = {"venue_id": VENUE}
    answer = await replay(patron, queued(house, 1, "/api/staff/clock-in", body))
    assert answer["results"][0]["problem"]["code"] == "forbidden"


@pytest.mark.parametrize("seqs", [(1, 3), (2, 1), (1, 1)])
async def test_a_batch_with_a_hole_in_itself_is_refused_whole(
    staff: Someone, house: LastLight, seqs: tuple[int, int], autojump_clock: MockClock
) -> None:
    """Nothing of it was done, so the device may send it right."""
    problem = await replay(staff, *(queued(house, n, SOS) for n in seqs), status=422)
    assert problem["errors"][0]["pointer"] == "/commands/1/seq"


async def test_two_batches_of_one_device_do_not_mix(
    staff: Someone, house: LastLight, autojump_clock: MockClock
) -> None:
    """The app was opened twice: both send the same queue, and each command is done once."""
    batch = [queued(house, n, SOS) for n in range(1, 6)]
    answers: list[Any] = []

    async def send() -> None:
        answers.append(await replay(staff, *batch))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        nursery.start_soon(send)
    assert sorted(map(tuple, map(outcomes, answers))) == [("applied",) * 5, ("replayed",) * 5]
    ids = {UUID(result["data"]["incident_id"]) for result in answers[0]["results"]}
    assert len(ids) == 1
