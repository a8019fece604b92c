"""Mail by SMTP, always under TLS: from the first byte (`smtps`) or by STARTTLS (`smtp`).

One connection for each mail: codes and notices are few. The standard library's client waits in a
thread, each of its waits bounded; a thread whose mail was given up ends by itself and counts until
then. `Message-ID` is the letter's own, so mailboxes that look at it show a repeated mail once.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import attrs
import trio

from lastlight.integrations.notifications.port import Letter, TryLater, Undeliverable
from protocol.notify_limits import NOTIFY_AT_ONCE_MAX, NOTIFY_CALL_S

_PORTS: Final = {"smtp": 587, "smtps": 465}
_PASSING_MAX: Final = 500
"""SMTP: replies below it are of passing trouble."""
_SIGN_IN: Final = frozenset({530, 534, 535, 538})
"""Replies that are of who we are, not of the mail."""


@attrs.frozen(kw_only=True)
class MailServer:
    """Where mail is handed in, and as whom."""

    host: str
    port: int
    implicit_tls: bool
    user: str | None = attrs.field(default=None, repr=False)
    password: str | None = attrs.field(default=None, repr=False)

    @classmethod
    def at(cls, url: str) -> MailServer:
        """From `smtp://user:password@host:port`, which speaks STARTTLS, or `smtps://…`."""
        parts = urlsplit(url)
        assert parts.hostname is not None, "settings_parsing has looked at it"
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            implicit_tls=parts.scheme == "smtps",
            user=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
        )


@attrs.define(eq=False, kw_only=True)
class Mail:
    """Mail through one server; a target is an address."""

    server: MailServer
    sender: str
    now: Callable[[], datetime]
    ca_file: Path | None = None
    call_s: float = NOTIFY_CALL_S
    _threads: trio.CapacityLimiter = attrs.field(
        factory=lambda: trio.CapacityLimiter(NOTIFY_AT_ONCE_MAX), init=False
    )

    async def deliver(self, target: str, letter: Letter) -> str:
        """See `Provider.deliver`."""
        mail = mail_of(target, letter, sender=self.sender, at=self.now())
        with trio.move_on_after(self.call_s):
            await trio.to_thread.run_sync(
                self._hand_in, target, mail, abandon_on_cancel=True, limiter=self._threads
            )
            return str(mail["Message-ID"])[:200]
        raise TryLater(reason=f"the mail server did not answer in {self.call_s:g} s")

    def _hand_in(self, target: str, mail: EmailMessage) -> None:
        """Say all of it to the server; in a thread."""
        try:
            with self._connected() as server:
                server.send_message(mail, from_addr=parseaddr(self.sender)[1], to_addrs=[target])
        except smtplib.SMTPRecipientsRefused as error:
            ((code, _),) = error.recipients.values()
            raise _refused(code, "the recipient") from None
        except smtplib.SMTPResponseException as error:
            raise _refused(error.smtp_code, "it") from None
        except smtplib.SMTPNotSupportedError:
            raise TryLater(reason="the mail server offers no TLS or no sign-in") from None
        except (smtplib.SMTPException, OSError) as error:
            kind = type(error).__name__
            raise TryLater(reason=f"the mail server can't be reached: {kind}") from None

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context(
            cafile=None if self.ca_file is None else str(self.ca_file)
        )
        host, port = self.server.host, self.server.port
        server: smtplib.SMTP
        if self.server.implicit_tls:
            server = smtplib.SMTP_SSL(host, port, timeout=self.call_s, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=self.call_s)
        try:
            if not self.server.implicit_tls:
                server.starttls(context=context)
            if self.server.user is not None:
                server.login(self.server.user, self.server.password or "")
        except BaseException:
            with suppress(OSError, smtplib.SMTPException):
                server.close()
            raise
        return server


def mail_of(target: str, letter: Letter, *, sender: str, at: datetime) -> EmailMessage:
    """The mail of a letter.

    Raises:
        Undeliverable: the address is none.
    """
    mail = EmailMessage(policy=SMTP)
    _, _, domain = parseaddr(sender)[1].rpartition("@")
    try:
        mail["From"] = sender
        mail["To"] = target
        mail["Subject"] = " ".join(letter.words.title.split())
        (address,) = mail["To"].addresses
    except (ValueError, IndexError):
        raise _no_address() from None
    if address.addr_spec != target or not address.domain:
        raise _no_address()
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{letter.id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text)
    return mail


def _no_address() -> Undeliverable:
    return Undeliverable(reason="that is no address that mail can be sent to")


def _refused(code: int, what: str) -> TryLater | Undeliverable:
    said = f"the mail server refused {what} with {code}"
    if code < _PASSING_MAX or code in _SIGN_IN:
        return TryLater(reason=said)
    return Undeliverable(reason=said)
