"""What card operations need of the provider before the mailbox, and what is added after it.

The account writes a payment before the provider is asked for it, and the provider knows it by our
id: so a crash in between loses nothing, and asking again makes nothing twice. The `client_secret`
travels beside the command, from here to the answer; it is in no journal, table or log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

import attrs
import msgspec
import structlog
import trio

from actors.runtime.answers import Answer
from actors.runtime.node import Node
from lastlight.gateway.calls import Call, Step
from lastlight.gateway.finding import find_address
from lastlight.integrations.payments import (
    CardBegun,
    PaymentAsk,
    PaymentProvider,
    ProviderError,
    ProviderPayment,
    ProviderUnavailable,
)
from protocol.addresses import ActorKind
from protocol.codec import to_json
from protocol.errors import LastLightError
from protocol.internal.payments import (
    ApplyPaymentResult,
    BeginPayment,
    CustomerKnown,
    PaymentBegun,
    PaymentKnown,
    ReadCustomer,
    ReadPayment,
)
from protocol.limits import PROVIDER_CALL_S
from protocol.operations.addresses import child
from protocol.operations.payments import (
    AddPaymentMethod,
    CancelPayment,
    CreatePaymentIntent,
    GetPayment,
)
from protocol.records.money_states import PaymentStatus
from protocol.replies.payments import CardSetup, PaymentIntent

log = structlog.get_logger(__name__)
T = TypeVar("T")
FRESH: Final = timedelta(seconds=30)
"""What the provider said so lately is not asked again."""
_PAYMENT: Final = child("payment_id", ActorKind.ACCOUNT)
_LIVE: Final = (PaymentStatus.CREATED, PaymentStatus.REQUIRES_ACTION, PaymentStatus.PROCESSING)
_FINAL_REPLIES: Final[Mapping[type[Any], str]] = {
    PaymentIntent: "payment_id",
    CardSetup: "setup_intent_id",
}
"""Answers that a secret is added to, with the field that says whose secret it is."""


@attrs.frozen(kw_only=True, eq=False)
class PaymentSteps:
    """The steps of card operations, with what they need."""

    node: Node
    provider: PaymentProvider
    now: Callable[[], datetime]

    def by_name(self) -> Mapping[str, Step]:
        """The steps as rows of the operation table name them."""
        return {
            "create_intent": self.create_intent,
            "refresh_payment": self.refresh_payment,
            "cancel_intent": self.cancel_intent,
            "set_card_up": self.set_card_up,
        }

    async def create_intent(self, call: Call) -> Call:
        """Have the payment written, then made at the provider.

        What the account refuses it refuses again in its decision, so a repeat with a key that was
        answered gets its answer.

        Raises:
            LastLightError: the account or the provider can't be asked; 502, 503.
        """
        command = call.command
        assert isinstance(command, CreatePaymentIntent)
        if not self.provider.on:
            return call
        address = await find_address(self.node, call, call.operation.address)
        begin = BeginPayment(transaction_id=command.transaction_id, method_id=command.method_id)
        answer = await self.node.ask(address, begin, principal=call.principal)
        if answer.refusal is not None:
            return call
        begun = msgspec.json.decode(answer.body, type=PaymentBegun)
        made, customer_id = await _bounded(lambda: self._made(begun))
        prepared = command.evolve(
            payment_id=begun.payment_id,
            provider_id=made.provider_id,
            provider_status=made.status,
            customer_id=customer_id,
        )
        return _beside(call, prepared, str(begun.payment_id), made.client_secret)

    async def _made(self, begun: PaymentBegun) -> tuple[ProviderPayment, str]:
        """The payment at the provider, and what it calls the person; both in one call's time."""
        customer_id = begun.customer_id or await self.provider.customer(begun.user_id)
        made = await self.provider.create_payment(
            PaymentAsk(
                payment_id=begun.payment_id,
                amount_minor=begun.amount_minor,
                currency=begun.currency,
                user_id=begun.user_id,
                customer_id=customer_id,
                method_id=begun.method_provider_id,
                metadata={
                    "payment_id": str(begun.payment_id),
                    "transaction_id": str(begun.transaction_id),
                    "venue_id": str(begun.venue_id),
                },
            )
        )
        return made, customer_id

    async def refresh_payment(self, call: Call) -> Call:
        """Ask the provider how a payment is, and tell the account; what fails changes nothing."""
        command = call.command
        assert isinstance(command, GetPayment)
        if not command.refresh or not self.provider.on:
            return call
        known = await self._known(call)
        if known is None or known.provider_id is None:
            return call
        if known.last_checked_at is not None and self.now() < known.last_checked_at + FRESH:
            return call
        provider_id = known.provider_id
        try:
            said = await _bounded(lambda: self.provider.payment(provider_id))
        except LastLightError as error:
            log.warning("payment_not_refreshed", payment=str(command.payment_id), why=str(error))
            return call
        result = ApplyPaymentResult(
            payment_id=command.payment_id,
            status=said.status,
            provider_id=said.provider_id,
            failure_code=said.failure_code,
        )
        address = await find_address(self.node, call, _PAYMENT)
        await self.node.ask(address, result, principal=None)
        return call

    async def cancel_intent(self, call: Call) -> Call:
        """Cancel at the provider what it knows of, and say what it said.

        Raises:
            LastLightError: the provider can't be asked; 502, 503.
        """
        command = call.command
        assert isinstance(command, CancelPayment)
        known = await self._known(call)
        if known is None or known.provider_id is None or known.status not in _LIVE:
            return call
        provider_id = known.provider_id
        said = await _bounded(lambda: self.provider.cancel_payment(provider_id))
        return attrs.evolve(call, command=command.evolve(provider_status=said.status))

    async def set_card_up(self, call: Call) -> Call:
        """Begin to save a card, or look whether it was confirmed.

        Raises:
            LastLightError: the provider can't be asked, or it is nobody's of this name.
        """
        command = call.command
        assert isinstance(command, AddPaymentMethod)
        if not self.provider.on:
            raise ProviderUnavailable
        user_id = call.signed_in.user_id
        if command.setup_intent_id is None:
            key = f"{user_id}:{'' if call.scope is None else call.scope.key}"
            known_id = await self._customer_id(call)
            begun, customer_id = await _bounded(lambda: self._begun(user_id, known_id, key))
            prepared = command.evolve(begun_id=begun.setup_id, customer_id=customer_id)
            return _beside(call, prepared, begun.setup_id, begun.client_secret)
        setup_id = command.setup_intent_id
        card = await _bounded(lambda: self.provider.confirmed_card(setup_id, user_id))
        return attrs.evolve(call, command=command.evolve(begun_id=setup_id, card=card))

    async def _customer_id(self, call: Call) -> str | None:
        """What the provider calls the caller, as far as their account knows."""
        address = await find_address(self.node, call, call.operation.address)
        answer = await self.node.ask(address, ReadCustomer(), principal=call.principal)
        if answer.refusal is not None:
            return None
        return msgspec.json.decode(answer.body, type=CustomerKnown).customer_id

    async def _begun(
        self, user_id: UUID, customer_id: str | None, key: str
    ) -> tuple[CardBegun, str]:
        """A card on its way, and whose it will be at the provider; both in one call's time."""
        customer_id = customer_id or await self.provider.customer(user_id)
        return await self.provider.begin_card(user_id, customer_id, key), customer_id

    async def _known(self, call: Call) -> PaymentKnown | None:
        """An own payment as the account has it; None where that is refused."""
        address = await find_address(self.node, call, _PAYMENT)
        payment_id: UUID = getattr(call.command, "payment_id")  # noqa: B009 - of three commands
        answer = await self.node.ask(
            address, ReadPayment(payment_id=payment_id), principal=call.principal
        )
        if answer.refusal is not None:
            return None
        return msgspec.json.decode(answer.body, type=PaymentKnown)


def with_secret(call: Call, answer: Answer) -> Answer:
    """The answer with the `client_secret` of what it is about, if a step found it."""
    reply = call.operation.reply
    field = None if reply is None else _FINAL_REPLIES.get(reply)
    secret = call.aside.get("client_secret")
    if field is None or secret is None or answer.refusal is not None:
        return answer
    assert reply is not None
    said = msgspec.json.decode(answer.body, type=reply)
    if str(getattr(said, field)) != call.aside["whose"]:
        return answer
    return attrs.evolve(answer, body=to_json(attrs.evolve(said, client_secret=secret)))


def _beside(call: Call, command: Any, whose: str, secret: str | None) -> Call:
    aside = {} if secret is None else {"whose": whose, "client_secret": secret}
    return attrs.evolve(call, command=command, aside=aside)


async def _bounded(ask: Callable[[], Awaitable[T]]) -> T:
    """What the provider says, if it says it in time."""
    with trio.move_on_after(PROVIDER_CALL_S):
        return await ask()
    raise ProviderError(f"no answer in {PROVIDER_CALL_S:g} s")
