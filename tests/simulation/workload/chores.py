"""Steps that keep accounts in order: logins, exports, what the operator looks at."""

from __future__ import annotations

import trio

from lastlight.demo.founding import DEMO_PASSWORD
from protocol.records.money_states import ErasureKind, StripeEventStatus
from protocol.records.payments import StripeEvent
from protocol.records.platform import ErasureJob
from tests.simulation.night import Night
from tests.simulation.signing import ask_without_token
from tests.simulation.workload.cards import pay_with_a_card
from tests.simulation.workload.steps import step
from tests.twins.people import ask

PUBLIC = ("/healthz", "/readyz", "/openapi.json", "/.well-known/jwks.json")
MADE_S = 3
"""About how long a copy takes."""


@step(2)
async def look_after_logins(night: Night) -> None:
    """See where one is signed in, perhaps on a second phone, too, and end one of those."""
    patron = await night.patron()
    if night.perhaps(0.5):
        body = {"email": f"{patron.name}@lastlight.example", "password": DEMO_PASSWORD}
        await ask_without_token(night, "/api/auth/login", {**body})
    heard = await night.ask(patron, "GET", "/api/auth/sessions")
    if heard.status == 200 and len(heard.body["items"]) > 1 and night.perhaps(0.7):
        others = [one for one in heard.body["items"] if not one.get("current")]
        chosen = night.one(others)
        path = f"/api/auth/sessions/{chosen['auth_session_id']}"
        await night.ask(patron, "DELETE", path, again=False)


@step(2)
async def take_ones_data_along(night: Night) -> None:
    """Have everything put together, and fetch it; nobody else can."""
    patron = await night.patron()
    heard = await night.ask(patron, "GET", "/api/users/me/export")
    if heard.status == 202:
        await trio.sleep(MADE_S)
        await night.house.wait_flushed()
    job = night.row(ErasureJob, lambda row: row.kind is ErasureKind.EXPORT)
    path = f"/api/users/me/exports/{job.id}"
    for person in (await night.of_user(job.user_id), await night.patron()):
        heard = await night.ask(person, "GET", path)
        mine = person.user_id == str(job.user_id)
        assert mine or heard.status >= 400, f"{person.name} has what is not theirs: {job}"


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


@step(2)
async def have_an_event_read_again(night: Night) -> None:
    """The owner has one of the provider's events applied anew, most often one that was not."""
    if not night.rows(StripeEvent):
        await pay_with_a_card(night)
        await night.house.wait_flushed()
    event = night.row(
        StripeEvent,
        lambda row: row.status is not StripeEventStatus.APPLIED or night.perhaps(0.3),
    )
    owner = await night.owner()
    await night.ask(owner, "POST", f"/api/payments/webhooks/stripe/{event.event_id}/replay", {})
