"""FCM, APNs, Twilio and a mail server, each with the provider that speaks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import attrs

from lastlight.integrations.notifications.apns import Apns, read_signing_key
from lastlight.integrations.notifications.fcm import Fcm, read_service_account
from lastlight.integrations.notifications.http import ProviderHTTP, open_http
from lastlight.integrations.notifications.mail import MailServer
from lastlight.integrations.notifications.port import (
    Letter,
)
from lastlight.integrations.notifications.twilio import TwilioAccount
from protocol.internal.notifications import Loudness, Words
from tests.twins import message_servers, push_servers
from tests.twins.authority import Authority, pem_of
from tests.twins.message_servers import TwilioBooks
from tests.twins.push_servers import ApnsBooks, FcmBooks
from tests.twins.web_server import WebServer, open_web_server

CALL_S: Final = 0.5
NOW: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WAIT_S: Final = 7.0
"""What a provider asks to wait that asks at all."""


def a_letter(n: int = 1, **words: Any) -> Letter:
    """Something to say."""
    said = Words(
        title="SOS, critical",
        body=f"Upstairs {n}, by the bar",
        data={"kind": "alert"},
        collapse=f"incident-{n}",
        loudness=Loudness.ALARM,
    )
    return Letter(id=UUID(int=n), words=attrs.evolve(said, **words), secret="493021")


@asynccontextmanager
async def open_fcm(
    authority: Authority, folder: Path, now: Callable[[], datetime] = lambda: NOW
) -> AsyncIterator[tuple[Fcm, FcmBooks, WebServer]]:
    """FCM with a project behind it."""
    books = FcmBooks()
    async with (
        open_web_server(books.answer, authority) as server,
        http_to(server, authority) as http,
    ):
        books.url = server.url
        path = folder / "fcm.json"
        path.write_bytes(books.credentials())
        yield Fcm(account=read_service_account(path), http=http, now=now), books, server


@asynccontextmanager
async def open_apns(
    authority: Authority, folder: Path, now: Callable[[], datetime] = lambda: NOW
) -> AsyncIterator[tuple[Apns, ApnsBooks, WebServer]]:
    """APNs with a topic behind it."""
    books = ApnsBooks(now_s=now().timestamp())
    async with (
        open_web_server(books.answer, authority) as server,
        http_to(server, authority) as http,
    ):
        path = folder / "apns.p8"
        path.write_bytes(pem_of(books.key))
        apns = Apns(
            key=read_signing_key(path),
            key_id=push_servers.KEY_ID,
            team_id=push_servers.TEAM_ID,
            topic=push_servers.TOPIC,
            http=http,
            now=now,
        )
        yield apns, books, server


@asynccontextmanager
async def open_twilio() -> AsyncIterator[tuple[TwilioAccount, TwilioBooks, WebServer]]:
    """An account for texts and calls."""
    books = TwilioBooks()
    async with open_web_server(books.answer) as server, http_to(server, None) as http:
        account = TwilioAccount(
            account=message_servers.ACCOUNT,
            token=message_servers.AUTH_TOKEN,
            sender=message_servers.SENDER,
            http=http,
            now=lambda: NOW,
        )
        yield account, books, server


def mail_server_at(port: int, *, scheme: str = "smtp") -> MailServer:
    """The test's mail server, with its sign-in."""
    return MailServer.at(f"{scheme}://door:p%40ss%3Aword@localhost:{port}")


def http_to(
    server: WebServer, authority: Authority | None
) -> AbstractAsyncContextManager[ProviderHTTP]:
    ca_file = None if authority is None else authority.ca_file
    return open_http("it", server.url, ca_file=ca_file, http2=authority is not None, call_s=CALL_S)
