"""Makes card payments of a demo work at once with a `localstripe` on this machine.

A demo whose LASTLIGHT_STRIPE_API_BASE is on this machine needs no key and no secret: any key is
taken there, and the node makes up a secret and says where its events are to be sent. Elsewhere
nothing is made up.
"""

from __future__ import annotations

import secrets
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import attrs
import httpx
import structlog
import trio

from lastlight.settings import Settings

KEY: Final = "sk_test_of_the_demo"
WEBHOOK: Final = "/api/payments/webhooks/stripe"
TRIES: Final = 30
AGAIN_S: Final = 1.0
CALL_S: Final = 5.0
log = structlog.get_logger(__name__)


def with_local_payments(settings: Settings) -> Settings:
    """The settings of a demo, with what a local provider needs and nobody has said."""
    if not is_local(settings.stripe_api_base):
        return settings
    return attrs.evolve(
        settings,
        stripe_api_key=settings.stripe_api_key or KEY,
        stripe_webhook_secret=settings.stripe_webhook_secret
        or (f"whsec_{secrets.token_urlsafe(24)}",),
    )


async def introduce(settings: Settings, port: int) -> None:
    """Tell a local provider where this node takes its events; it may start after the node.

    One that is no `localstripe` doesn't understand, which is noted and harmless.
    """
    if not is_local(settings.stripe_api_base):
        return
    scheme = "http" if settings.tls_certificate is None else "https"
    about = {
        "url": f"{scheme}://127.0.0.1:{port}{WEBHOOK}",
        "secret": settings.stripe_webhook_secret[0],
    }
    async with httpx.AsyncClient(base_url=settings.stripe_api_base, timeout=CALL_S) as http:
        for _ in range(TRIES):
            try:
                answer = await http.post("/_config/webhooks/last-light", json=about)
            except httpx.HTTPError:
                await trio.sleep(AGAIN_S)
                continue
            if answer.is_success:
                log.info("local_payments", base=settings.stripe_api_base)
            else:
                log.warning("local_payments_have_no_webhooks", status=answer.status_code)
            return
    log.warning("local_payments_away", base=settings.stripe_api_base)


def is_local(api_base: str) -> bool:
    """Whether an address is on this machine."""
    host = urlsplit(api_base).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
