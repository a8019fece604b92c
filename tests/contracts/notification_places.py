"""Every provider with something behind it that answers as the real one does."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import attrs
import trio

from lastlight.integrations.notifications.contact import Contact
from lastlight.integrations.notifications.mail import Mail
from lastlight.integrations.notifications.port import (
    Provider,
    TryLater,
    Undeliverable,
)
from lastlight.integrations.notifications.twilio import Calls, Texts
from tests.contracts.notification_servers import (
    CALL_S,
    NOW,
    WAIT_S,
    a_letter,
    http_to,
    mail_server_at,
    open_apns,
    open_fcm,
    open_twilio,
)
from tests.twins import message_servers
from tests.twins.authority import Authority
from tests.twins.message_servers import ContactBooks, open_mail_server
from tests.twins.push_servers import apns_error, fcm_error
from tests.twins.reaching import MemoryWay
from tests.twins.web_server import Said, WebServer, open_web_server


@attrs.frozen(kw_only=True)
class Stand:
    """A provider and how to make what is behind it do this or that."""

    provider: Provider
    target: str
    nobody: str | None
    """A target that is gone, where the provider says so."""
    shown: Callable[[], list[str]]
    """What people see or hear, one for each message."""
    is_busy_once: Callable[[], None]
    fails_once: Callable[[], None]
    refuses_once: Callable[[], None]
    hanging: Callable[[], AbstractAsyncContextManager[None]]
    asks_to_wait: bool = True
    takes_key: bool = True
    tells_secrets: bool = True
    """Whether a letter's secret may go that way."""


@asynccontextmanager
async def open_stand(kind: str, authority: Authority, folder: Path) -> AsyncIterator[Stand]:
    """The stand for a kind of provider."""
    makers = {
        "memory": _memory,
        "fcm": _fcm,
        "apns": _apns,
        "mail": _mail,
        "sms": _sms,
        "voice": _voice,
        "contact": _contact,
    }
    async with makers[kind](authority, folder) as stand:
        yield stand


@asynccontextmanager
async def _memory(authority: Authority, folder: Path) -> AsyncIterator[Stand]:
    way = MemoryWay(CALL_S)

    @asynccontextmanager
    async def hanging() -> AsyncIterator[None]:
        way.hangs = trio.Event()
        yield
        way.hangs = None

    yield Stand(
        provider=way,
        target="somebody",
        nobody=None,
        shown=lambda: [letter.text for _, letter in way.taken],
        is_busy_once=lambda: way.raises.append(TryLater(reason="busy", after_s=WAIT_S)),
        fails_once=lambda: way.raises.append(TryLater(reason="broken")),
        refuses_once=lambda: way.raises.append(Undeliverable(reason="no")),
        hanging=hanging,
    )


@asynccontextmanager
async def _fcm(authority: Authority, folder: Path) -> AsyncIterator[Stand]:
    # The assertion is judged by the clock of this machine.
    async with open_fcm(authority, folder, lambda: datetime.now(UTC)) as (fcm, books, server):
        books.gone.add("gone")
        busy = fcm_error(
            429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", **{"retry-after": str(int(WAIT_S))}
        )
        await fcm.deliver("first", a_letter(99))
        books.shown.clear()
        yield _web_stand(
            server,
            provider=fcm,
            target="registration-token",
            nobody="gone",
            shown=lambda: [str(one["body"]) for one in books.shown.values()],
            busy=busy,
            fails=fcm_error(503, "UNAVAILABLE", "UNAVAILABLE"),
            refuses=fcm_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        )


@asynccontextmanager
async def _apns(authority: Authority, folder: Path) -> AsyncIterator[Stand]:
    async with open_apns(authority, folder, lambda: datetime.now(UTC)) as (apns, books, server):
        nobody = "0b" * 32
        books.gone.add(nobody)
        busy = Said(429, {"reason": "TooManyRequests"}, {"retry-after": str(int(WAIT_S))})
        yield _web_stand(
            server,
            provider=apns,
            target="0a" * 32,
            nobody=nobody,
            shown=lambda: [str(one["body"]) for one in books.shown.values()],
            busy=busy,
            fails=apns_error(503, "ServiceUnavailable"),
            refuses=apns_error(400, "BadTopic"),
        )


@asynccontextmanager
async def _sms(authority: Authority, folder: Path) -> AsyncIterator[Stand]:
    async with open_twilio() as (account, books, server):
        yield _twilio_stand(server, Texts(account), lambda: [one["Body"] for one in books.messages])


@asynccontextmanager
async def _voice(authority: Authority, folder: Path) -> AsyncIterator[Stand]:
    async with open_twilio() as (account, books, server):
        yield _twilio_stand(server, Calls(account), lambda: [one["Twiml"] for one in books.calls])


def _twilio_stand(server: WebServer, provider: Provider, shown: Callable[[], list[str]]) -> Stand:
    busy = message_servers.twilio_error(429, 20429, **{"Retry-After": str(int(WAIT_S))})
    stand = _web_stand(
        server,
        provider=provider,
        target="+819012345678",
        nobody=None,
        shown=shown,
        busy=busy,
        fails=message_servers.twilio_error(503, 20503),
        refuses=message_servers.twilio_error(400, 21211),
    )
    return attrs.evolve(stand, takes_key=False)


@asynccontextmanager
async def _contact(authority: Authority, folder: Path) -> AsyncIterator[Stand]:
    books = ContactBooks()
    async with open_web_server(books.answer) as server, http_to(server, None) as http:
        contact = Contact(http=http, secret=message_servers.CONTACT_SECRET, now=lambda: NOW)
        stand = _web_stand(
            server,
            provider=contact,
            target="",
            nobody=None,
            shown=lambda: [str(one["text"]) for one in books.told.values()],
            busy=Said(503, b"", {"retry-after": str(int(WAIT_S))}),
            fails=Said(500),
            refuses=Said(400),
        )
        yield attrs.evolve(stand, tells_secrets=False)


@asynccontextmanager
async def _mail(authority: Authority, folder: Path) -> AsyncIterator[Stand]:
    with open_mail_server(authority) as box:

        @asynccontextmanager
        async def hanging() -> AsyncIterator[None]:
            real = provider.server
            with _silent_port() as port:
                provider.server = attrs.evolve(real, port=port)
                yield
            provider.server = real

        provider = Mail(
            server=mail_server_at(box.port),
            sender="Last Light <door@night.example>",
            now=lambda: NOW,
            ca_file=authority.ca_file,
            call_s=CALL_S,
        )
        yield Stand(
            provider=provider,
            target="someone@guests.example",
            nobody=None,
            shown=lambda: list(
                {str(one["Message-ID"]): one.get_content() for one in box.mails}.values()
            ),
            is_busy_once=lambda: box.instead.append("450 busy"),
            fails_once=lambda: box.instead.append("DATA 451 broken"),
            refuses_once=lambda: box.instead.append("550 no"),
            hanging=hanging,
            asks_to_wait=False,
        )


@contextmanager
def _silent_port() -> Iterator[int]:
    """Somebody listens, and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def _web_stand(
    server: WebServer,
    *,
    provider: Provider,
    target: str,
    nobody: str | None,
    shown: Callable[[], list[str]],
    busy: Said,
    fails: Said,
    refuses: Said,
) -> Stand:
    @asynccontextmanager
    async def hanging() -> AsyncIterator[None]:
        server.hangs = trio.Event()
        yield
        server.hangs.set()
        server.hangs = None

    return Stand(
        provider=provider,
        target=target,
        nobody=nobody,
        shown=shown,
        is_busy_once=lambda: server.instead.append(busy),
        fails_once=lambda: server.instead.append(fails),
        refuses_once=lambda: server.instead.append(refuses),
        hanging=hanging,
    )
