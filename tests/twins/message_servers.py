"""Twilio, the contact outside, and a mail server, each as its own protocol has it."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import hmac
import socket
import ssl
import warnings
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import parse_qsl

import attrs
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from tests.twins.authority import Authority
from tests.twins.web_server import Asked, Said

ACCOUNT: Final = "AC00000000000000000000000000000001"
AUTH_TOKEN: Final = "twilio-auth-token"
SENDER: Final = "+815000000000"
CONTACT_SECRET: Final = "contact-secret"
TRACED_AT: Final = datetime(2026, 11, 20, 12, 0, 5, tzinfo=UTC)
"""When whatever was sent last moved on."""
MAIL_USER: Final = "door"
MAIL_PASSWORD: Final = "p@ss:word"


@attrs.define(eq=False)
class TwilioBooks:
    """An account there; it takes no key, so what is sent twice is there twice."""

    messages: list[Mapping[str, str]] = attrs.field(factory=list)
    calls: list[Mapping[str, str]] = attrs.field(factory=list)
    status: dict[str, tuple[str, int | None]] = attrs.field(factory=dict)
    """What became of each, by its name: the status and an error's number."""

    def answer(self, asked: Asked) -> Said:
        """Make a message or a call, or show one."""
        given = b64decode(asked.headers.get("authorization", "").removeprefix("Basic ")).decode()
        if given != f"{ACCOUNT}:{AUTH_TOKEN}":
            return twilio_error(401, 20003)
        if asked.method == "GET":
            return self._shown(asked.path.rpartition("/")[2].removesuffix(".json"))
        form = dict(parse_qsl(asked.body.decode(), keep_blank_values=True))
        if not form["To"].startswith("+") or form["From"] != SENDER:
            return twilio_error(400, 21211)
        made = {"Messages": self.messages, "Calls": self.calls}
        resource = asked.path.removeprefix(f"/2010-04-01/Accounts/{ACCOUNT}/")
        kept = made[resource.removesuffix(".json")]
        kept.append(form)
        prefix = "SM" if kept is self.messages else "CA"
        sid = f"{prefix}{len(kept):032x}"
        self.status.setdefault(sid, ("queued", None))
        return Said(201, {"sid": sid, "status": "queued"})

    def _shown(self, sid: str) -> Said:
        if sid not in self.status:
            return twilio_error(404, 20404)
        status, code = self.status[sid]
        updated = format_datetime(TRACED_AT)
        return Said(
            200, {"sid": sid, "status": status, "error_code": code, "date_updated": updated}
        )


def twilio_error(status: int, code: int, **headers: str) -> Said:
    """An error as Twilio tells it."""
    body = {"code": code, "message": "no", "more_info": "https://example.org", "status": status}
    return Said(status, body, headers)


@attrs.define(eq=False)
class ContactBooks:
    """Whoever the house calls; it knows what it was told already by its key."""

    told: dict[str, Mapping[str, Any]] = attrs.field(factory=dict)

    def answer(self, asked: Asked) -> Said:
        """Take it if its signature is good."""
        header = asked.headers["last-light-signature"]
        at, signature = (part.partition("=")[2] for part in header.split(","))
        right = hmac.new(CONTACT_SECRET.encode(), f"{at}.".encode() + asked.body, hashlib.sha256)
        if not hmac.compare_digest(right.hexdigest(), signature):
            return Said(400, b"bad signature")
        self.told.setdefault(asked.headers["idempotency-key"], asked.json())
        return Said(204)


@attrs.define(eq=False)
class MailBox:
    """A mail server's handler, and what was handed in."""

    mails: list[EmailMessage] = attrs.field(factory=list)
    instead: list[str] = attrs.field(factory=list)
    """Replies to the next recipients or, from `DATA`, to the next mails."""
    port: int = 0

    # aiosmtpd finds these by their names.
    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """One recipient."""
        if self.instead and not self.instead[0].startswith("DATA"):
            return self.instead.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        """One mail."""
        if self.instead:
            return self.instead.pop(0).removeprefix("DATA ")
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        mail["X-For"] = ",".join(envelope.rcpt_tos)
        self.mails.append(mail)
        return "250 OK"


def _authenticate(
    server: Any, session: Any, envelope: Any, mechanism: str, data: Any
) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (
        MAIL_USER.encode(),
        MAIL_PASSWORD.encode(),
    )
    return AuthResult(success=good, handled=False)


class _Controller(Controller):
    """On a socket that listens already, so that nobody can take its port before."""

    def __init__(self, box: MailBox, *, listening: socket.socket, **more: Any) -> None:
        self._listening = listening
        super().__init__(box, **more)

    def _create_server(self) -> Any:
        return self.loop.create_server(
            self._factory_invoker, sock=self._listening, ssl=self.ssl_context
        )


@contextmanager
def open_mail_server(authority: Authority, *, implicit_tls: bool = False) -> Iterator[MailBox]:
    """A mail server in a thread, with TLS from the first byte or by STARTTLS, and a sign-in."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority.certificate, authority.key)
    listening = socket.create_server(("127.0.0.1", 0))
    box = MailBox(port=listening.getsockname()[1])
    controller = _Controller(
        box,
        listening=listening,
        # Made by hand: within trio, asking asyncio's policy for one is refused.
        loop=asyncio.SelectorEventLoop(),
        hostname="127.0.0.1",
        port=box.port,
        ssl_context=context if implicit_tls else None,
        tls_context=None if implicit_tls else context,
        require_starttls=not implicit_tls,
        authenticator=_authenticate,
        auth_required=not implicit_tls,
        auth_require_tls=not implicit_tls,
    )
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
        with warnings.catch_warnings():
            # Whoever hung up a moment ago was not yet noticed when its loop ended.
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
