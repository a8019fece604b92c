"""What Stripe knows and answers, as documented (docs.stripe.com/api): objects, keys, errors.

Only what payments here need of it. Requests come as a method, a path and decoded parameters;
`tests.twins.stripe_server` brings them over HTTP. What happens there without us (a card pays,
declines, is charged back) is said by the methods that a `MemoryProvider` has too.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import attrs
import msgspec

from tests.twins.provider import WEBHOOK_SECRET, signature_of

Thing = dict[str, Any]
FEE: Final = 36
"""Per thousand."""
_OPEN: Final = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
_WITH_ID: Final = re.compile(r"/v1/(?P<kind>\w+)/(?P<id>\w+)(?:/(?P<verb>\w+))?")


@attrs.frozen
class Wrong(Exception):
    """An error object, with its status."""

    status: int
    code: str
    type: str = "invalid_request_error"

    @property
    def body(self) -> Thing:
        """As it is sent."""
        return {"error": {"type": self.type, "code": self.code, "message": "no"}}


@attrs.define(eq=False)
class StripeBooks:
    """One account at Stripe."""

    now: Callable[[], datetime]
    refunds_wait: bool = False
    secrets: tuple[str, ...] = (WEBHOOK_SECRET,)
    things: dict[str, dict[str, Thing]] = attrs.field(factory=dict)
    """By kind as paths have it, and id."""
    events: list[Mapping[str, Any]] = attrs.field(factory=list)
    asked: list[tuple[str, str, Mapping[str, Any], str | None]] = attrs.field(factory=list)
    """Every request: method, path, parameters, key."""
    _answers: dict[str, tuple[object, int, Thing]] = attrs.field(factory=dict)
    _count: Iterator[int] = attrs.field(factory=lambda: itertools.count(1))

    def answer(
        self, method: str, path: str, params: Mapping[str, Any], key: str | None
    ) -> tuple[int, Thing]:
        """What is answered: status and body. With a key that was used, the answer of then."""
        self.asked.append((method, path, params, key))
        asked = (method, path, params)
        if key is not None and key in self._answers:
            before, status, body = self._answers[key]
            if before != asked:
                return 400, Wrong(400, "", "idempotency_error").body
            return status, body
        try:
            status, body = 200, self._do(method, path, params)
        except Wrong as wrong:
            return wrong.status, wrong.body
        if key is not None:
            self._answers[key] = (asked, status, msgspec.json.decode(msgspec.json.encode(body)))
        return status, body

    def forgets_keys(self) -> None:
        """A day has passed."""
        self._answers.clear()

    def _do(self, method: str, path: str, params: Mapping[str, Any]) -> Thing:
        if (found := _WITH_ID.fullmatch(path)) is not None:
            kind, id_, verb = found["kind"], found["id"], found["verb"]
            match (method, verb):
                case ("GET", None):
                    return self._shown(kind, self._known(kind, id_), params)
                case ("DELETE", None):
                    self._known(kind, id_)
                    del self.things[kind][id_]
                    return {"id": id_, "deleted": True}
                case ("POST", "cancel"):
                    return self._cancel(id_)
                case ("POST", "detach"):
                    return self._detach(id_)
        elif method == "GET":
            return self._list(path.removeprefix("/v1/"), params)
        else:
            make = {
                "/v1/customers": self._make_customer,
                "/v1/payment_intents": self._make_intent,
                "/v1/setup_intents": self._make_setup,
                "/v1/refunds": self._make_refund,
            }.get(path)
            if make is not None:
                return make(params)
        raise Wrong(404, "url_invalid")

    def _make_customer(self, params: Mapping[str, Any]) -> Thing:
        return self._new("customers", "cus", metadata=params.get("metadata", {}))

    def _make_intent(self, params: Mapping[str, Any]) -> Thing:
        amount = int(params["amount"])
        if amount < 50:
            raise Wrong(400, "amount_too_small")
        self._known("customers", params["customer"])
        method = params.get("payment_method")
        if method is not None and (
            self._known("payment_methods", method)["customer"] != params["customer"]
        ):
            raise Wrong(400, "payment_method_customer_mismatch")
        status = "requires_payment_method" if method is None else "requires_confirmation"
        made = self._new(
            "payment_intents", "pi", amount=amount, currency=params["currency"], status=status,
            customer=params["customer"], payment_method=method, latest_charge=None,
            last_payment_error=None, metadata=dict(params.get("metadata", {})),
        )  # fmt: skip
        made["client_secret"] = f"{made['id']}_secret_x"
        return made

    def _make_setup(self, params: Mapping[str, Any]) -> Thing:
        self._known("customers", params["customer"])
        made = self._new(
            "setup_intents", "seti", customer=params["customer"], payment_method=None,
            status="requires_payment_method", metadata=dict(params.get("metadata", {})),
        )  # fmt: skip
        made["client_secret"] = f"{made['id']}_secret_x"
        return made

    def _make_refund(self, params: Mapping[str, Any]) -> Thing:
        intent = self._known("payment_intents", params["payment_intent"])
        amount = int(params["amount"])
        if intent["status"] != "succeeded":
            raise Wrong(400, "charge_not_captured")
        charge = self.things["charges"][intent["latest_charge"]]
        if charge["amount_refunded"] + amount > charge["amount"]:
            raise Wrong(400, "charge_already_refunded")
        charge["amount_refunded"] += amount
        made = self._new(
            "refunds", "re", amount=amount, currency=intent["currency"], charge=charge["id"],
            payment_intent=intent["id"], status="pending" if self.refunds_wait else "succeeded",
            metadata=dict(params.get("metadata", {})), failure_reason=None,
            balance_transaction={"object": "balance_transaction", "fee": 0},
        )  # fmt: skip
        self._tell("refund.created", made)
        return made

    def _cancel(self, id_: str) -> Thing:
        intent = self._known("payment_intents", id_)
        if intent["status"] not in _OPEN:
            raise Wrong(400, "payment_intent_unexpected_state")
        intent["status"] = "canceled"
        self._tell("payment_intent.canceled", intent)
        return intent

    def _detach(self, id_: str) -> Thing:
        method = self._known("payment_methods", id_)
        if method["customer"] is None:
            raise Wrong(400, "payment_method_not_attached")
        method["customer"] = None
        return method

    def _list(self, kind: str, params: Mapping[str, Any]) -> Thing:
        rows = sorted(
            self.things.get(kind, {}).values(), key=lambda one: int(one["number"]), reverse=True
        )
        if (intent := params.get("payment_intent")) is not None:
            self._known("payment_intents", intent)
            rows = [one for one in rows if one["payment_intent"] == intent]
        created = params.get("created", {})
        since, until = int(created.get("gte", 0)), int(created.get("lt", 2**40))
        rows = [one for one in rows if since <= one["created"] < until]
        if (after := params.get("starting_after")) is not None:
            rows = rows[1 + [one["id"] for one in rows].index(after) :]
        most = int(params.get("limit", 10))
        page = [self._shown(kind, one, {}) for one in rows[:most]]
        return {"object": "list", "data": page, "has_more": len(rows) > most, "url": f"/v1/{kind}"}

    def _shown(self, kind: str, thing: Thing, params: Mapping[str, Any]) -> Thing:
        expand = params.get("expand", {})
        shown = dict(thing)
        for name in expand.values() if isinstance(expand, dict) else expand:
            other = {"latest_charge": "charges", "payment_method": "payment_methods"}[name]
            if shown[name] is not None:
                shown[name] = self.things[other][shown[name]]
        return shown

    # What happens there without us

    def pays(self, provider_id: str) -> None:
        """The card is good: the money comes."""
        intent = self._known("payment_intents", provider_id)
        if intent["status"] != "succeeded":
            charge = self._new(
                "charges", "ch", amount=intent["amount"], currency=intent["currency"],
                payment_intent=provider_id, status="succeeded", captured=True, amount_refunded=0,
                metadata=dict(intent["metadata"]),
                balance_transaction={
                    "object": "balance_transaction", "fee": intent["amount"] * FEE // 1_000,
                },
            )  # fmt: skip
            intent |= {"latest_charge": charge["id"], "last_payment_error": None}
        self._becomes(provider_id, "succeeded", "payment_intent.succeeded")

    def declines(self, provider_id: str, code: str = "card_declined") -> None:
        """The card is refused; the intent waits for another."""
        intent = self._known("payment_intents", provider_id)
        intent["last_payment_error"] = {"type": "card_error", "code": code}
        self._becomes(provider_id, "requires_payment_method", "payment_intent.payment_failed")

    def works_on(self, provider_id: str) -> None:
        """The bank takes its time."""
        self._becomes(provider_id, "processing", "payment_intent.processing")

    def asks_to_prove(self, provider_id: str) -> None:
        """The bank wants to know that it is them: 3-D Secure."""
        self._becomes(provider_id, "requires_action", "payment_intent.requires_action")

    def fails_refund(self, provider_id: str) -> None:
        """The card did not take it back."""
        refund = self._known("refunds", provider_id)
        refund |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}
        self.things["charges"][refund["charge"]]["amount_refunded"] -= refund["amount"]
        self._tell("refund.failed", refund)

    def settles_refund(self, provider_id: str) -> None:
        """The card took it back."""
        refund = self._known("refunds", provider_id)
        refund["status"] = "succeeded"
        self._tell("refund.updated", refund)

    def confirms(self, setup_id: str, last4: str = "4242") -> None:
        """The person has confirmed the card."""
        setup = self._known("setup_intents", setup_id)
        card = {"brand": "visa", "last4": last4, "exp_month": 12, "exp_year": 2030}
        method = self._new(
            "payment_methods", "pm", type="card", card=card, customer=setup["customer"]
        )
        setup |= {"payment_method": method["id"], "status": "succeeded"}

    def disputes(self, provider_id: str, status: str = "needs_response", **more: Any) -> None:
        """The card's owner takes it back at the bank; again, with another status, its end."""
        intent = self._known("payment_intents", provider_id)
        known = [
            one
            for one in self.things.get("disputes", {}).values()
            if one["payment_intent"] == provider_id
        ]
        dispute = known[0] if known else self._new(
            "disputes", "dp", amount=intent["amount"], currency=intent["currency"],
            charge=intent["latest_charge"], payment_intent=provider_id,
            evidence_details={"due_by": None},
        )  # fmt: skip
        dispute |= {"status": status, **more}
        type_ = "charge.dispute.updated" if known else "charge.dispute.created"
        self._tell(type_, dispute)

    def webhook(self, n: int = -1) -> tuple[bytes, str]:
        """An event as it is sent: its body and its signatures, made now with every live secret."""
        body = msgspec.json.encode(self.events[n])
        signed = [signature_of(body, self.now(), secret) for secret in self.secrets]
        timestamp = signed[0].partition(",")[0]
        return body, ",".join([timestamp, *(one.partition(",")[2] for one in signed)])

    def _known(self, kind: str, id_: str) -> Thing:
        thing = self.things.get(kind, {}).get(id_)
        if thing is None:
            raise Wrong(404, "resource_missing")
        return thing

    def _new(self, kind: str, prefix: str, **fields: Any) -> Thing:
        number = next(self._count)
        id_ = f"{prefix}_{number:04d}{UUID(int=number).hex[:8]}"
        object_ = kind.removesuffix("s")
        created = int(self.now().timestamp())
        thing = {"id": id_, "object": object_, "created": created, "number": number, **fields}
        self.things.setdefault(kind, {})[id_] = thing
        return thing

    def _becomes(self, provider_id: str, status: str, type_: str) -> None:
        intent = self._known("payment_intents", provider_id)
        intent["status"] = status
        self._tell(type_, intent)

    def _tell(self, type_: str, about: Thing) -> None:
        event = self._new("events", "evt", type=type_, data={"object": dict(about)})
        self.events.append(event)
