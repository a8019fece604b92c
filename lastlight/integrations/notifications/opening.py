"""Opens the providers that this node was given credentials for, and what notes their doings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

import trio

from lastlight.integrations.notifications.apns import Apns, read_signing_key
from lastlight.integrations.notifications.contact import Contact
from lastlight.integrations.notifications.contacts import Contacts, ReachBook
from lastlight.integrations.notifications.deliveries import DeliveryBook, DeliveryLog
from lastlight.integrations.notifications.delivering import Delivering
from lastlight.integrations.notifications.fcm import Fcm, read_service_account
from lastlight.integrations.notifications.following import Following
from lastlight.integrations.notifications.http import open_http
from lastlight.integrations.notifications.lane import Lane
from lastlight.integrations.notifications.mail import Mail, MailServer
from lastlight.integrations.notifications.notifier import Notifier
from lastlight.integrations.notifications.port import Channel, Provider, Tracer
from lastlight.integrations.notifications.twilio import Calls, Texts, TwilioAccount
from lastlight.integrations.performing import Perform
from lastlight.settings import Settings
from protocol.notify_limits import (
    NOTIFY_CALLS_PER_S,
    NOTIFY_CONTACT_PER_S,
    NOTIFY_MAILS_PER_S,
    NOTIFY_PUSHES_PER_S,
    NOTIFY_TEXTS_PER_S,
)

_LAST_NOTES_S = 2.0
PER_S: Final = {
    Channel.FCM: NOTIFY_PUSHES_PER_S,
    Channel.APNS: NOTIFY_PUSHES_PER_S,
    Channel.MAIL: NOTIFY_MAILS_PER_S,
    Channel.SMS: NOTIFY_TEXTS_PER_S,
    Channel.VOICE: NOTIFY_CALLS_PER_S,
    Channel.WEBHOOK: NOTIFY_CONTACT_PER_S,
}


class Book(ReachBook, DeliveryBook, Protocol):
    """Who can be reached how, and what became of it."""


@asynccontextmanager
async def open_notifier(
    settings: Settings,
    *,
    book: Book,
    mailbox: Perform,
    now: Callable[[], datetime],
    count: Callable[[str, str], None],
) -> AsyncIterator[Notifier]:
    """Bring messages to people by every provider that there are credentials for.

    `count` is told the way and the status of each try.

    Raises:
        CredentialsUnusable: there are some, and they can't be used.
    """
    async with AsyncExitStack() as stack:
        providers = await _open_providers(settings, stack, now)
        tracers: dict[Channel, Tracer] = {
            channel: provider
            for channel, provider in providers.items()
            if isinstance(provider, (Texts, Calls))
        }
        lanes = {
            channel: Lane(provider, PER_S[channel], channel.value)
            for channel, provider in providers.items()
        }
        contacts, notes = Contacts(book=book), DeliveryLog(book=book, count=count)
        nursery = await stack.enter_async_context(trio.open_nursery())
        nursery.start_soon(contacts.keep_warm)
        nursery.start_soon(notes.run)
        try:
            delivering = Delivering(
                lanes=lanes,
                contacts=contacts,
                notes=notes,
                now=now,
                followed_ways=frozenset(tracers),
            )
            following = Following(tracers=tracers, notes=notes, now=now)
            yield Notifier(delivering=delivering, mailbox=mailbox, following=following)
        finally:
            nursery.cancel_scope.cancel()
            with trio.move_on_after(_LAST_NOTES_S, shield=True):
                await notes.write()


async def _open_providers(
    settings: Settings, stack: AsyncExitStack, now: Callable[[], datetime]
) -> dict[Channel, Provider]:
    found: dict[Channel, Provider] = {}
    ca: Path | None = settings.providers_ca
    if settings.fcm_credentials is not None:
        account = read_service_account(settings.fcm_credentials)
        http = await stack.enter_async_context(
            open_http("FCM", settings.fcm_url, ca_file=ca, http2=True)
        )
        found[Channel.FCM] = Fcm(account=account, http=http, now=now)
    if settings.apns_key is not None:
        assert settings.apns_key_id is not None
        assert settings.apns_team_id is not None
        assert settings.apns_topic is not None
        key = read_signing_key(settings.apns_key)
        http = await stack.enter_async_context(
            open_http("APNs", settings.apns_url, ca_file=ca, http2=True)
        )
        found[Channel.APNS] = Apns(
            key=key,
            key_id=settings.apns_key_id,
            team_id=settings.apns_team_id,
            topic=settings.apns_topic,
            http=http,
            now=now,
        )
    if settings.smtp_url is not None:
        assert settings.smtp_from is not None
        found[Channel.MAIL] = Mail(
            server=MailServer.at(settings.smtp_url), sender=settings.smtp_from, now=now, ca_file=ca
        )
    if settings.twilio_account is not None:
        assert settings.twilio_token is not None
        assert settings.twilio_from is not None
        http = await stack.enter_async_context(
            open_http("Twilio", settings.twilio_url, ca_file=ca, http2=False)
        )
        twilio = TwilioAccount(
            account=settings.twilio_account,
            token=settings.twilio_token,
            sender=settings.twilio_from,
            http=http,
            now=now,
        )
        found |= {Channel.SMS: Texts(twilio), Channel.VOICE: Calls(twilio)}
    if settings.contact_url is not None:
        assert settings.contact_secret is not None
        http = await stack.enter_async_context(
            open_http("the contact", settings.contact_url, ca_file=ca, http2=False)
        )
        found[Channel.WEBHOOK] = Contact(http=http, secret=settings.contact_secret, now=now)
    return found
