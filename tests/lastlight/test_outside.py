"""Messages to people are kept, once each, for nobody else to read."""

from __future__ import annotations

import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog

from lastlight.gateway.calls import Call, Caller
from lastlight.gateway.steps import name_incident
from lastlight.integrations.outside import Outside
from protocol.addresses import OUTSIDE, Role
from protocol.commands import Command
from protocol.internal.emergencies import AlertGroup, AlertPeople, EscalateSos
from protocol.internal.people import SendNotice
from protocol.limits import MAIL_BYTES_MAX
from protocol.messages import Message
from protocol.operations.safety import RaiseSos, RespondSos, SosAction
from protocol.operations.table import BY_NAME
from protocol.records.states import Severity
from tests.actors.deciding import NOW, a_principal
from tests.twins.outside import CountingIds

USER = UUID(int=0xA1)
CODE = "493021"


def a_notice(**changes: Any) -> SendNotice:
    given = {
        "user_id": USER,
        "kind": "email_verification",
        "email": "someone@example.org",
        "subject": "Your code",
        "text": "Here it is",
        "secret": CODE,
        **changes,
    }
    return SendNotice(**given)


def an_alert() -> AlertPeople:
    return AlertPeople(
        incident_id=UUID(int=1),
        venue_id=UUID(int=2),
        severity=Severity.CRITICAL,
        tier=1,
        reason="notifying",
        groups=(AlertGroup(audience="owner", channels=("push",), user_ids=(USER,)),),
    )


def a_message(command: Command, number: int = 1) -> Message:
    return Message(
        id=UUID(int=number),
        target=OUTSIDE,
        command=command,
        at=NOW + timedelta(seconds=number),
    )


def kept_in(folder: Path) -> list[Path]:
    """The messages of a mailbox, oldest first."""
    return sorted((folder / "new").iterdir())


async def test_a_notice_is_kept_whole_and_for_nobody_else(tmp_path: Path) -> None:
    """It has the code in it: folder and file are the node's alone."""
    mail = tmp_path / "mail"
    await Outside(mail).perform(a_message(a_notice()))
    (file,) = kept_in(mail)
    said = json.loads(file.read_bytes())
    assert said["kind"] == "SendNotice"
    assert said["at"] == "2026-11-20T12:00:01.000Z"
    assert said["message"]["secret"] == CODE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for folder in (mail, mail / "new", mail / "tmp"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list((mail / "tmp").iterdir()) == []


async def test_an_alert_is_kept_with_everyone_it_is_for(tmp_path: Path) -> None:
    """Whoever delivers it later needs to know whom, and how."""
    await Outside(tmp_path).perform(a_message(an_alert()))
    (file,) = kept_in(tmp_path)
    assert json.loads(file.read_bytes())["message"]["groups"] == [
        {"audience": "owner", "channels": ["push"], "user_ids": [str(USER)]}
    ]


async def test_what_is_performed_again_after_a_crash_is_one_message(tmp_path: Path) -> None:
    """An effect may be asked for twice; a person should get one mail."""
    for outside in (Outside(tmp_path), Outside(tmp_path)):
        await outside.perform(a_message(a_notice()))
    assert len(kept_in(tmp_path)) == 1


async def test_logs_name_no_code_and_no_address(tmp_path: Path) -> None:
    """A log is read by more people than a mailbox."""
    with structlog.testing.capture_logs() as logs:
        await Outside(tmp_path).perform(a_message(a_notice()))
        await Outside(tmp_path).perform(a_message(an_alert(), 2))
    assert [line["event"] for line in logs] == ["mail_kept", "mail_kept"]
    assert logs[0]["notice"] == "email_verification"
    assert logs[1]["groups"] == {"owner": ("push",)}
    for secret in (CODE, "example.org", "Here it is"):
        assert secret not in str(logs)


async def test_the_oldest_message_goes_when_there_are_too_many(tmp_path: Path) -> None:
    """A folder that nobody empties must not fill the disk."""
    outside = Outside(tmp_path, files_max=3)
    for number in range(1, 6):
        await outside.perform(a_message(a_notice(), number))
    assert [file.name.split(".")[1] for file in kept_in(tmp_path)] == [
        str(UUID(int=number)) for number in (3, 4, 5)
    ]


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (a_notice(text="x" * MAIL_BYTES_MAX), "mail_too_long"),
        (EscalateSos(incident_id=USER), "effect_unknown"),
    ],
)
async def test_what_can_not_be_sent_is_logged_and_forgotten(
    tmp_path: Path, command: Command, event: str
) -> None:
    """An effect that raised would be tried at every start for ever."""
    with structlog.testing.capture_logs() as logs:
        await Outside(tmp_path).perform(a_message(command))
    assert [line["event"] for line in logs] == [event]
    assert not (tmp_path / "new").exists()


async def test_a_folder_that_can_not_be_written_is_given_up_after_a_while(tmp_path: Path) -> None:
    """The node goes on without its mailbox, and says so."""
    (tmp_path / "mail").write_text("in the way")
    with structlog.testing.capture_logs() as logs:
        await Outside(tmp_path / "mail").perform(a_message(a_notice()))
    assert [(line["event"], line["log_level"]) for line in logs] == [("mail_not_kept", "error")]


async def test_every_press_gets_a_name_of_its_own() -> None:
    """Whatever a client sends: the name is known before any venue has taken the press."""
    ids = CountingIds()
    raise_sos, respond = BY_NAME["RaiseSos"], BY_NAME["RespondSos"]
    caller = Caller(client="192.0.2.1", user_agent=None, request_id="r")
    principal = a_principal(USER, Role.STAFF, UUID(int=2))
    named = []
    for _ in range(2):
        call = Call(
            operation=raise_sos, command=RaiseSos(zone="bar"), principal=principal, caller=caller
        )
        command = (await name_incident(ids, call)).command
        assert isinstance(command, RaiseSos)
        assert command.zone == "bar"
        named.append(command.incident_id)
    assert None not in named
    assert len(set(named)) == 2
    other = RespondSos(incident_id=USER, action=SosAction.ACKNOWLEDGE)
    wrong = Call(operation=respond, command=other, principal=principal, caller=caller)
    with pytest.raises(AssertionError, match="opens no incident"):
        await name_incident(ids, wrong)
