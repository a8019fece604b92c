"""An SOS on a whole node, to telephones: HTTP/2 to FCM and APNs, SMS, calls, mail and a webhook.

All providers are real servers here that speak as their documentation has it; one of them hangs.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import attrs
import trio

from tests.system.conftest import Template
from tests.system.guests import VENUE, Front, Person, here, open_front
from tests.system.harness import NodeProcess, Yard, wait_until
from tests.system.test_running_a_venue import SETTINGS, elevated
from tests.twins import message_servers, push_servers
from tests.twins.authority import make_authority, pem_of
from tests.twins.message_servers import (
    ContactBooks,
    MailBox,
    TwilioBooks,
    open_mail_server,
)
from tests.twins.push_servers import ApnsBooks, FcmBooks
from tests.twins.web_server import WebServer, open_web_server

SOS: Final = "/api/emergency/sos"
MANAGER_TOKEN: Final = "0a" * 32
MANAGER_PHONE: Final = "+819000000002"
ANSWER_S: Final = 2.0
"""Generous for a request on a loaded machine, and far below a provider's minute."""


@attrs.frozen(kw_only=True)
class Providers:
    """Everybody that a node has to do with, and how it is told of them."""

    fcm: FcmBooks
    fcm_server: WebServer
    apns: ApnsBooks
    twilio: TwilioBooks
    contact: ContactBooks
    mail: MailBox
    environment: dict[str, str]


@asynccontextmanager
async def open_providers(folder: Path) -> AsyncIterator[Providers]:
    """All providers, by TLS where they have it."""
    authority = make_authority(folder)
    fcm, apns = FcmBooks(), ApnsBooks(now_s=time.time())
    twilio, contact = TwilioBooks(), ContactBooks()
    async with (
        open_web_server(fcm.answer, authority) as fcm_server,
        open_web_server(apns.answer, authority) as apns_server,
        open_web_server(twilio.answer) as twilio_server,
        open_web_server(contact.answer) as contact_server,
    ):
        fcm.url = fcm_server.url
        (folder / "fcm.json").write_bytes(fcm.credentials())
        (folder / "apns.p8").write_bytes(pem_of(apns.key))
        with open_mail_server(authority) as mail:
            sign_in = f"{message_servers.MAIL_USER}:p%40ss%3Aword"
            yield Providers(
                fcm=fcm,
                fcm_server=fcm_server,
                apns=apns,
                twilio=twilio,
                contact=contact,
                mail=mail,
                environment={
                    "LASTLIGHT_PROVIDERS_CA": str(authority.ca_file),
                    "LASTLIGHT_FCM_CREDENTIALS": str(folder / "fcm.json"),
                    "LASTLIGHT_FCM_URL": fcm_server.url,
                    "LASTLIGHT_APNS_KEY": str(folder / "apns.p8"),
                    "LASTLIGHT_APNS_KEY_ID": push_servers.KEY_ID,
                    "LASTLIGHT_APNS_TEAM_ID": push_servers.TEAM_ID,
                    "LASTLIGHT_APNS_TOPIC": push_servers.TOPIC,
                    "LASTLIGHT_APNS_URL": apns_server.url,
                    "LASTLIGHT_SMTP_URL": f"smtp://{sign_in}@localhost:{mail.port}",
                    "LASTLIGHT_SMTP_FROM": "Last Light <door@night.example>",
                    "LASTLIGHT_TWILIO_URL": twilio_server.url,
                    "LASTLIGHT_TWILIO_ACCOUNT": message_servers.ACCOUNT,
                    "LASTLIGHT_TWILIO_TOKEN": message_servers.AUTH_TOKEN,
                    "LASTLIGHT_TWILIO_FROM": message_servers.SENDER,
                    "LASTLIGHT_CONTACT_URL": f"{contact_server.url}/sos",
                    "LASTLIGHT_CONTACT_SECRET": message_servers.CONTACT_SECRET,
                },
            )


@asynccontextmanager
async def open_node(
    yard: Yard, template: Template, environment: dict[str, str]
) -> AsyncIterator[tuple[NodeProcess, Front]]:
    """A node of its own that was told of providers."""
    yard.copy(template.data_dir, "reaching")
    node = yard.node("reaching", environment=environment)
    await node.start()
    async with open_front(node.url, template.known) as front:
        yield node, front
    assert await node.stop() == 0, node.tail()


async def with_phones(front: Front) -> tuple[Person, Person, Person]:
    """Who raises it, a colleague with an Android, and the manager with an iPhone and a number."""
    raiser, staff, manager = [await front.sign_in(name) for name in ("staff1", "staff2", "manager")]
    for person, platform, token in (
        (staff, "fcm", "android-token"),
        (manager, "apns", MANAGER_TOKEN),
    ):
        body = {"device_id": person.name, "platform": platform, "token": token, "app": "staff"}
        await front.need(201, person, "POST", "/api/users/me/devices", body)
    profile = await front.send(manager, "GET", "/api/users/me")
    tag = {"if-match": profile.headers["etag"]}
    phone = {"phone": MANAGER_PHONE}
    answer = await front.send(manager, "PATCH", "/api/users/me", phone, headers=tag)
    assert answer.status_code == 200, answer.text
    for person in (raiser, staff, manager):
        place = {"venue_id": VENUE, "location": here()}
        await front.need(201, person, "POST", "/api/staff/clock-in", place)
    return raiser, staff, manager


async def with_short_tiers(front: Front) -> None:
    """Settings may shorten the tiers, and a test has no three minutes."""
    owner = await elevated(front, "owner")
    tag = (await front.send(owner, "GET", SETTINGS)).headers["etag"]
    tiers = {f"sos_critical_tier_{tier}_s": seconds for tier, seconds in ((1, 1), (2, 2), (3, 3))}
    body = {"venue_id": VENUE, "settings": tiers}
    answer = await front.send(
        owner, "PATCH", "/api/admin/settings", body, headers={"if-match": tag}
    )
    assert answer.status_code == 200, answer.text


async def test_an_sos_goes_out_by_every_way_while_one_of_them_hangs(
    yard: Yard, template: Template, tmp_path: Path
) -> None:
    """FCM says nothing for as long as it likes: the iPhone rings, the manager is texted and called,
    the contact outside is told, mail goes out, and nobody's request waits. Then FCM is back."""
    async with (
        open_providers(tmp_path) as providers,
        open_node(yard, template, providers.environment) as (node, front),
    ):
        parts = (await node.readiness())[1]["parts"]
        assert isinstance(parts, dict)
        ways = ("push_fcm", "push_apns", "sms", "voice", "mail", "webhook")
        assert {parts[way] for way in ways} == {"ok"}
        raiser, staff, manager = await with_phones(front)
        await with_short_tiers(front)
        providers.fcm_server.hangs = trio.Event()
        raised = await front.need(201, raiser, "POST", SOS, {"severity": "critical"})

        async def all_but_fcm() -> bool:
            return bool(
                providers.apns.sent
                and providers.twilio.messages
                and providers.twilio.calls
                and providers.contact.told
            )

        slowest = 0.0
        with trio.fail_after(20):
            while not await all_but_fcm():
                began = trio.current_time()
                await front.balance(await front.sign_in("patron1"))
                slowest = max(slowest, trio.current_time() - began)
                await trio.sleep(0.05)
        assert slowest < ANSWER_S
        assert providers.fcm.sent == []
        (headers, payload), *_ = providers.apns.sent
        assert headers["apns-collapse-id"] == raised["incident_id"]
        assert payload["aps"]["interruption-level"] == "time-sensitive"
        assert providers.twilio.messages[0]["To"] == MANAGER_PHONE
        assert providers.twilio.calls[0]["Twiml"].startswith("<Response><Say>SOS, critical.")
        (told, *_) = providers.contact.told.values()
        assert (told["incident_id"], told["tier"]) == (raised["incident_id"], "3")

        forgot = {"email": "patron1@lastlight.example"}
        asked = await front.send(None, "POST", "/api/auth/password/forgot", forgot)
        assert asked.status_code == 202
        await wait_until(lambda: _is(bool(providers.mail.mails)), within_s=10)
        assert providers.mail.mails[0]["To"] == forgot["email"]

        providers.fcm_server.hangs.set()
        providers.fcm_server.hangs = None
        await wait_until(lambda: _is(bool(providers.fcm.shown)), within_s=20)
        assert ("android-token", raised["incident_id"]) in providers.fcm.shown

        path = f"{SOS}/{raised['incident_id']}/respond"
        await front.need(200, manager, "POST", path, {"action": "acknowledge"})
        await wait_until(
            lambda: _delivered(front, manager, {"push_apns", "sms", "voice", "push_fcm"}),
            within_s=20,
        )
        seen = await _deliveries(front, staff)
        assert {one["user_id"] for one in seen} <= {staff.user_id}
        log = node.log.read_text()
        for secret in (MANAGER_PHONE, "android-token", MANAGER_TOKEN, "p%40ss", "access-1"):
            assert secret not in log


async def _deliveries(front: Front, person: Person) -> list[dict[str, object]]:
    page = await front.need(200, person, "GET", f"/api/safety/incidents?venue_id={VENUE}")
    found: list[dict[str, object]] = page["items"][0]["deliveries"]
    return found


async def _delivered(front: Front, person: Person, ways: set[str]) -> bool:
    found = await _deliveries(front, person)
    return ways <= {str(one["channel"]) for one in found if one["status"] == "sent"}


async def _is(what: bool) -> bool:
    return what
