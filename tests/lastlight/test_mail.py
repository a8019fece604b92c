"""Mail over real SMTP: never without TLS, never to what is no address, once in a mailbox."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from lastlight.integrations.notifications.mail import Mail, MailServer, mail_of
from lastlight.integrations.notifications.port import TryLater, Undeliverable
from tests.contracts.notification_servers import NOW, a_letter, mail_server_at
from tests.twins.authority import Authority, make_authority
from tests.twins.message_servers import MailBox, open_mail_server

SENDER = "Last Light <door@night.example>"
GUEST = "someone@guests.example"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def box(authority: Authority) -> Iterator[MailBox]:
    with open_mail_server(authority) as box:
        yield box


def a_mail(server: MailServer, authority: Authority | None) -> Mail:
    ca_file = None if authority is None else authority.ca_file
    return Mail(server=server, sender=SENDER, now=lambda: NOW, ca_file=ca_file, call_s=5.0)


async def test_a_mail_says_what_it_is(authority: Authority, box: MailBox) -> None:
    """From whom, when, of what, and that nobody need answer; its name is the letter's."""
    sender = a_mail(mail_server_at(box.port), authority)
    name = await sender.deliver(GUEST, a_letter(title="Two\nlines"))
    (mail,) = box.mails
    assert (mail["From"], mail["To"], mail["X-For"]) == (SENDER, GUEST, GUEST)
    assert mail["Subject"] == "Two lines"
    assert mail["Date"] == "Fri, 20 Nov 2026 12:00:00 +0000"
    assert mail["Message-ID"] == name == f"<{a_letter().id}@night.example>"
    assert mail["Auto-Submitted"] == "auto-generated"


async def test_tls_may_come_from_the_first_byte(authority: Authority) -> None:
    """Port 465 of many providers."""
    with open_mail_server(authority, implicit_tls=True) as box:
        await a_mail(mail_server_at(box.port, scheme="smtps"), authority).deliver(GUEST, a_letter())
        assert len(box.mails) == 1


async def test_nothing_is_said_to_a_server_that_nobody_vouches_for(box: MailBox) -> None:
    """A code must not go to whoever answers at that address."""
    with pytest.raises(TryLater, match="SSLCertVerificationError"):
        await a_mail(mail_server_at(box.port), None).deliver(GUEST, a_letter())
    assert box.mails == []


async def test_a_sign_in_that_is_not_taken_waits_for_somebody_to_see_to_it(
    authority: Authority, box: MailBox
) -> None:
    """The mail is good; the password is not."""
    server = attrs.evolve(mail_server_at(box.port), password="wrong")
    with pytest.raises(TryLater, match="535"):
        await a_mail(server, authority).deliver(GUEST, a_letter())


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ("450 4.2.1 busy", TryLater),
        ("550 5.1.1 nobody", Undeliverable),
        ("DATA 452 full", TryLater),
        ("DATA 554 spam", Undeliverable),
    ],
)
async def test_a_reply_of_400_is_passing_and_one_of_500_is_not(
    authority: Authority, box: MailBox, reply: str, error: type[Exception]
) -> None:
    """As SMTP has it (RFC 5321, 4.2.1)."""
    box.instead.append(reply)
    with pytest.raises(error) as raised:
        await a_mail(mail_server_at(box.port), authority).deliver(GUEST, a_letter())
    assert GUEST not in str(raised.value)


async def test_a_server_that_is_not_there_may_be_later(authority: Authority) -> None:
    """Nothing is lost for a restart of a mail server."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(TryLater, match="ConnectionRefusedError"):
        await a_mail(mail_server_at(port), authority).deliver(GUEST, a_letter())


@pytest.mark.parametrize("address", ["", "a@b\r\nBcc: c@d.example", "a@b, c@d.example\n"])
def test_what_is_no_address_gets_no_mail(address: str) -> None:
    """Nor does it add a header of its own."""
    with pytest.raises(Undeliverable):
        mail_of(address, a_letter(), sender=SENDER, at=NOW)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", ("mail.example", 587, False, None, None)),
        ("smtps://mail.example", ("mail.example", 465, True, None, None)),
        ("smtps://u%40x:p%3A%2F@mail.example:25", ("mail.example", 25, True, "u@x", "p:/")),
    ],
)
def test_an_address_of_a_server_is_read(
    url: str, server: tuple[str, int, bool, str | None, str | None], tmp_path: Path
) -> None:
    """Users are often addresses themselves."""
    assert attrs.astuple(MailServer.at(url)) == server
