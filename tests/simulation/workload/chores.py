"""Steps that keep accounts in order: logins, passwords, exports, what the operator looks at."""

from __future__ import annotations

from lastlight.demo.founding import DEMO_PASSWORD
from protocol.records.money_states import StripeEventStatus
from protocol.records.payments import StripeEvent
from tests.simulation.night import Night
from tests.simulation.workload.steps import step
from tests.twins.people import ask

PUBLIC = ("/healthz", "/readyz", "/openapi.json", "/.well-known/jwks.json")
FORGETFUL = "patron9"
"""Whose password is asked for again: the others need theirs."""


@step(2)
async def look_after_logins(night: Night) -> None:
    """See where one is signed in, and end one of those."""
    patron = await night.patron()
    heard = await night.ask(patron, "GET", "/api/auth/sessions")
    if heard.status == 200 and len(heard.body["items"]) > 1 and night.perhaps(0.7):
        others = [one for one in heard.body["items"] if not one.get("current")]
        chosen = night.one(others)
        path = f"/api/auth/sessions/{chosen['auth_session_id']}"
        await night.ask(patron, "DELETE", path, again=False)


@step(1)
async def forget_a_password(night: Night) -> None:
    """Have a letter sent; somebody tries a secret that is none."""
    body = {"email": f"{FORGETFUL}@lastlight.example"}
    heard = await ask(night.house, "POST", "/api/auth/password/forgot", body)
    assert heard.status in {202, 429, 500, 503, 504}, heard
    night.operations["RequestPasswordReset"] += heard.status == 202
    wrong = {"token": "0" * 32 + ".nothing", "password": DEMO_PASSWORD}
    heard = await ask(night.house, "POST", "/api/auth/password/reset", wrong)
    assert heard.status in {400, 401, 403, 404, 409, 422, 500, 503, 504}, heard


@step(1)
async def take_ones_data_along(night: Night) -> None:
    """Have everything put together, and fetch what is not ready."""
    patron = await night.patron()
    heard = await night.ask(patron, "GET", "/api/users/me/export")
    if heard.status == 202:
        await night.ask(patron, "GET", f"/api/users/me/exports/{heard.body['job_id']}")


@step(1)
async def look_after_the_machine(night: Night) -> None:
    """What anybody may ask a node, and what the owner may."""
    for path in PUBLIC:
        heard = await ask(night.house, "GET", path)
        assert heard.status in {200, 503}, heard
    for name in ("CheckLiveness", "CheckReadiness", "ReadOpenApi", "ReadSigningKeys"):
        night.operations[name] += 1
    owner = await night.owner()
    await night.ask(owner, "GET", "/metrics")
    await night.ask(owner, "GET", "/ws")


@step(1)
async def have_an_event_read_again(night: Night) -> None:
    """The owner has one of the provider's events applied anew."""
    event = night.row(StripeEvent, lambda row: row.status is not StripeEventStatus.APPLIED)
    owner = await night.owner()
    await night.ask(owner, "POST", f"/api/payments/webhooks/stripe/{event.event_id}/replay", {})
