"""Incidents and the register, as staff and management see them."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from protocol.addresses import Role
from protocol.operations.care import ListSafetyLogs
from protocol.operations.safety import ListIncidents
from protocol.records.platform import NotificationDelivery
from protocol.records.safety import Incident, IncidentEvent, SafetyLog
from protocol.records.states import IncidentKind, IncidentStatus
from storage.postgres import queries_safety
from storage.postgres.database import Database
from storage.postgres.queries_safety import csv_safety_logs, incidents, safety_logs
from tests.storage.query_world import a_principal, asked_by, asking, store
from tests.storage.samples import NOON, a, an_id

HERE, THERE, ME = (an_id() for _ in range(3))
STAFF = a_principal(ME, roles={HERE: Role.STAFF})
MANAGER = a_principal(roles={HERE: Role.MANAGEMENT})
SECOND = dt.timedelta(seconds=1)


def an_incident(status: IncidentStatus = IncidentStatus.NOTIFYING, **values: Any) -> Any:
    known = {"venue_id": HERE, "raised_at": NOON, "tier": 0, "next_tier": None}
    return a(Incident, status=status, **{**known, **values})


def a_line(**values: Any) -> Any:
    return a(SafetyLog, **{"venue_id": HERE, "level": 0, **values})


async def list_incidents(database: Database, principal: Any, **values: Any) -> Any:
    command = ListIncidents(**{"venue_id": HERE, **values})
    asked = asked_by(principal, command.venue_id)
    async with asking(database, asked) as connection:
        return await incidents(connection, command, asked)


async def list_logs(database: Database, principal: Any, **values: Any) -> Any:
    command = ListSafetyLogs(**{"venue_id": HERE, **values})
    asked = asked_by(principal, command.venue_id)
    async with asking(database, asked) as connection:
        return await safety_logs(connection, command, asked)


async def test_an_incident_shows_its_timeline_and_how_soon_people_came(
    database: Database,
) -> None:
    """Seconds from the press, lines in their order."""
    incident = an_incident(
        IncidentStatus.RESOLVED,
        acked_at=NOON + 25 * SECOND,
        on_scene_at=None,
        closed_at=NOON + 300 * SECOND,
    )
    lines = [
        a(IncidentEvent, incident_id=incident.id, venue_id=HERE, seq=seq, kind=kind, at=NOON)
        for seq, kind in ((2, "acknowledged"), (1, "raised"), (3, "resolved"))
    ]
    await store(database, incident, *lines)
    (seen,) = (await list_incidents(database, MANAGER)).items
    assert (seen.acknowledged_after_s, seen.on_scene_after_s, seen.closed_after_s) == (
        25,
        None,
        300,
    )
    assert [line.kind for line in seen.timeline] == ["raised", "acknowledged", "resolved"]


async def test_staff_see_open_incidents_and_those_they_took_part_in(database: Database) -> None:
    """Management sees all of its venue; nobody another's."""
    theirs = an_incident(IncidentStatus.RESOLVED, owner_id=ME)
    others = an_incident(IncidentStatus.RESOLVED, owner_id=an_id(), raised_by=an_id())
    open_one = an_incident()
    await store(database, theirs, others, open_one, an_incident(venue_id=THERE))
    seen = [item.incident_id for item in (await list_incidents(database, STAFF)).items]
    assert seen == [open_one.id, theirs.id]
    seen = [item.incident_id for item in (await list_incidents(database, MANAGER)).items]
    assert seen == [open_one.id, others.id, theirs.id]
    seen = [
        item.incident_id for item in (await list_incidents(database, MANAGER, venue_id=None)).items
    ]
    assert len(seen) == 3


async def test_a_silent_alarm_is_on_no_list_of_its_raiser_while_it_is_open(
    database: Database,
) -> None:
    """Rule 8: whoever forces them looks at their screen too; everybody else sees it."""
    silent = an_incident(silent=True, raised_by=ME, owner_id=ME)
    loud = an_incident(raised_by=ME)
    over = an_incident(IncidentStatus.RESOLVED, silent=True, raised_by=ME)
    of_others = an_incident(silent=True, raised_by=an_id())
    line = a(IncidentEvent, incident_id=silent.id, venue_id=HERE, seq=1, by_user=ME, at=NOON)
    await store(database, silent, loud, over, of_others, line)
    for role in (Role.STAFF, Role.MANAGEMENT, Role.OWNER):
        raiser, other = (a_principal(id_, roles={HERE: role}) for id_ in (ME, an_id()))
        page = await list_incidents(database, raiser)
        assert {item.incident_id for item in page.items} == {loud.id, over.id, of_others.id}
        page = await list_incidents(database, other, open=True)
        assert {item.incident_id for item in page.items} == {silent.id, loud.id, of_others.id}


async def test_incidents_are_filtered_and_paged(database: Database) -> None:
    """By kind, open or not, and since; newest first."""
    helped = an_incident(IncidentStatus.RESOLVED, kind=IncidentKind.HELP)
    old = an_incident(kind=IncidentKind.SOS, raised_at=NOON - dt.timedelta(days=2))
    new = an_incident(kind=IncidentKind.SOS)
    await store(database, helped, old, new)

    async def found(**values: Any) -> list[Any]:
        page = await list_incidents(database, MANAGER, **values)
        return [item.incident_id for item in page.items]

    assert await found(kind=IncidentKind.HELP) == [helped.id]
    assert await found(open=True) == [new.id, old.id]
    assert await found(open=False) == [helped.id]
    assert await found(since=NOON - SECOND) == [new.id, helped.id]
    first = await list_incidents(database, MANAGER, limit=2)
    assert [item.incident_id for item in first.items] == [new.id, old.id]
    assert await found(limit=2, cursor=first.next_cursor) == [helped.id]


async def test_the_register_is_management_s_and_is_filtered(database: Database) -> None:
    """Of staff each sees own lines only, should they ever ask."""
    session_id, user_id = an_id(), an_id()
    lines = [
        a_line(kind="observation", session_id=session_id, by_user=ME, received_at=NOON),
        a_line(kind="refusal", user_id=user_id, received_at=NOON + SECOND, signs=("loud",)),
        a_line(kind="refusal", venue_id=THERE),
    ]
    await store(database, *lines)

    async def found(**values: Any) -> list[Any]:
        page = await list_logs(database, MANAGER, **values)
        return [item.log_id for item in page.items]

    assert await found() == [lines[1].id, lines[0].id]
    assert await found(kind="refusal") == [lines[1].id]
    assert await found(session_id=session_id) == [lines[0].id]
    assert await found(user_id=user_id) == [lines[1].id]
    assert await found(since=NOON + SECOND) == [lines[1].id]
    assert await found(until=NOON + SECOND) == [lines[0].id]
    page = await list_logs(database, MANAGER, limit=1)
    assert await found(limit=1, cursor=page.next_cursor) == [lines[0].id]
    assert [item.log_id for item in (await list_logs(database, STAFF)).items] == [lines[0].id]


async def test_the_register_leaves_as_a_table_whole(database: Database, monkeypatch: Any) -> None:
    """Every line, however many pages it would be, under the names of its columns."""
    monkeypatch.setattr(queries_safety, "CSV_BATCH", 2)
    lines = [a_line(kind="refusal", signs=("loud", "drowsy")) for _ in range(5)]
    await store(database, *lines)
    command, asked = ListSafetyLogs(venue_id=HERE, limit=1), asked_by(MANAGER, HERE)
    async with asking(database, asked) as connection:
        rows = [row async for row in csv_safety_logs(connection, command, asked)]
    assert rows[0][:3] == ("log_id", "venue_id", "seq")
    assert [row[0] for row in rows[1:]] == [line.id for line in reversed(lines)]
    assert rows[1][7] == "loud drowsy"


async def test_an_incident_shows_whom_its_alerts_reached(database: Database) -> None:
    """One line for each person and way, to management; others see what was to reach them."""
    incident = an_incident()
    manager_id, contact = an_id(), UUID(int=0)

    def a_note(user_id: UUID, channel: str, status: str, **values: Any) -> Any:
        known = {
            "incident_id": incident.id,
            "user_id": user_id,
            "channel": channel,
            "status": status,
            "tries": 1,
            "sent_at": NOON if status == "sent" else None,
            "error": None,
        }
        return a(NotificationDelivery, id=an_id(), **{**known, **values})

    await store(
        database,
        incident,
        a_note(manager_id, "sms", "sent"),
        a_note(manager_id, "sms", "sent", sent_at=NOON + SECOND, tries=3),
        a_note(manager_id, "sms", "delivered", sent_at=NOON, delivered_at=NOON + SECOND),
        a_note(manager_id, "sms", "failed", error="Twilio answered 400"),
        a_note(ME, "push_fcm", "sent"),
        a_note(contact, "webhook", "waiting", error="the contact's webhook answered 503"),
        a(NotificationDelivery, incident_id=an_id(), user_id=ME),
    )
    page = await list_incidents(database, MANAGER)
    lines = {(one.user_id, one.channel): one for one in page.items[0].deliveries}
    assert set(lines) == {(manager_id, "sms"), (ME, "push_fcm"), (None, "webhook")}
    sms = lines[manager_id, "sms"]
    assert (sms.alerts, sms.sent, sms.delivered, sms.tries) == (4, 3, 1, 6)
    assert sms.first_delivered_at == NOON + SECOND
    assert (sms.first_sent_at, sms.last_sent_at) == (NOON, NOON + SECOND)
    assert (sms.status, sms.error) == ("failed", "Twilio answered 400")
    page = await list_incidents(database, STAFF)
    assert [(one.user_id, one.channel) for one in page.items[0].deliveries] == [(ME, "push_fcm")]
