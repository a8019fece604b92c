"""What accounts ask of the provider once it is durable: refunds, cancellations, how a payment is.

An effect is performed again after a crash, and our ids are the provider's keys, so it happens once.
A refund that the provider can't be asked for now goes back to the account, which sets a timer;
everything else is tried again by the node, on terms of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

import attrs
import structlog
import trio

from actors.runtime.effect_terms import EffectDelayed, EffectRefused, EffectTerms, Lane
from actors.runtime.outcome import Send
from lastlight.integrations.payments import (
    PaymentProvider,
    ProviderError,
    ProviderPayment,
    ProviderRefused,
    ProviderUnavailable,
    RefundAsk,
)
from lastlight.integrations.performing import Perform
from protocol.addresses import ActorKind, Address
from protocol.commands import Command
from protocol.errors import LastLightError
from protocol.internal.payments import (
    ApplyPaymentResult,
    ApplyRefundResult,
    AskOfPayment,
    CancelAtProvider,
    ForgetCard,
    ForgetCustomer,
    RefundAtProvider,
    RefundNotTaken,
)
from protocol.limits import PAYMENT_ASKED_S, PROVIDER_CALL_S, PROVIDER_CALLS_AT_ONCE_MAX
from protocol.messages import Message
from protocol.records.money_states import RefundStatus

log = structlog.get_logger(__name__)
T = TypeVar("T")
_CARDS: Final = Lane("cards", at_once_max=PROVIDER_CALLS_AT_ONCE_MAX)
_USUAL: Final = EffectTerms(lane=_CARDS, try_s=2 * PROVIDER_CALL_S)
TERMS: Final[Mapping[type[Command], EffectTerms]] = {
    RefundAtProvider: _USUAL,
    CancelAtProvider: _USUAL,
    # Asked again by its payment's timer anyway.
    AskOfPayment: attrs.evolve(_USUAL, tries_max=3, age_max_s=PAYMENT_ASKED_S),
    ForgetCard: _USUAL,
    ForgetCustomer: _USUAL,
}
"""A provider that hangs holds up nothing but its own."""


@attrs.frozen(eq=False)
class PaymentEffects:
    """Performs the provider's effects."""

    provider: PaymentProvider

    def performers(self) -> Mapping[type[Command], Perform]:
        """What is done for each command."""
        return {
            RefundAtProvider: self._refund,
            CancelAtProvider: self._cancel,
            AskOfPayment: self._ask,
            ForgetCard: self._forget,
            ForgetCustomer: self._forget_customer,
        }

    async def _forget(self, message: Message) -> Sequence[Send]:
        command = message.command
        assert isinstance(command, ForgetCard)
        await _done(lambda: self.provider.forget_card(command.provider_id))
        return ()

    async def _forget_customer(self, message: Message) -> Sequence[Send]:
        command = message.command
        assert isinstance(command, ForgetCustomer)
        await _done(lambda: self.provider.forget_customer(command.customer_id))
        return ()

    async def _refund(self, message: Message) -> Sequence[Send]:
        command = message.command
        assert isinstance(command, RefundAtProvider)
        account = Address(ActorKind.ACCOUNT, command.account_id)
        ask = RefundAsk(
            refund_id=command.refund_id,
            provider_payment_id=command.provider_payment_id,
            amount_minor=command.amount_minor,
            currency=command.currency,
        )
        try:
            made = await _bounded(lambda: self.provider.refund(ask))
        except ProviderRefused as error:
            failed = ApplyRefundResult(
                refund_id=command.refund_id,
                status=RefundStatus.FAILED,
                failure_code=error.reason[:200],
            )
            return (Send(account, failed),)
        except LastLightError as error:
            log.warning("refund_waits", refund=str(command.refund_id), reason=str(error))
            waits = RefundNotTaken(refund_id=command.refund_id, reason=str(error)[:200])
            return (Send(account, waits),)
        result = ApplyRefundResult(
            refund_id=command.refund_id,
            status=made.status,
            provider_ref=made.provider_id,
            failure_code=made.failure_code,
        )
        return (Send(account, result),)

    async def _cancel(self, message: Message) -> Sequence[Send]:
        command = message.command
        assert isinstance(command, CancelAtProvider)
        said = await _done(lambda: self.provider.cancel_payment(command.provider_payment_id))
        return _told(command, said)

    async def _ask(self, message: Message) -> Sequence[Send]:
        command = message.command
        assert isinstance(command, AskOfPayment)
        if not self.provider.on:
            return ()
        try:
            said = await _done(lambda: self.provider.payment(command.provider_payment_id))
        except EffectRefused as error:
            # The account asks again by its timer, and the nightly comparison finds what is wrong.
            log.warning("payment_not_known_there", reason=error.reason)
            return ()
        return _told(command, said)


def _told(command: AskOfPayment | CancelAtProvider, said: ProviderPayment) -> Sequence[Send]:
    """What the account hears of it."""
    result = ApplyPaymentResult(
        payment_id=command.payment_id,
        status=said.status,
        provider_id=said.provider_id,
        failure_code=said.failure_code,
    )
    return (Send(Address(ActorKind.ACCOUNT, command.account_id), result),)


async def _done(ask: Callable[[], Awaitable[T]]) -> T:
    """What the provider says.

    Raises:
        EffectDelayed: it said nothing; asking again is safe.
        EffectRefused: it said no, or there is no provider any more.
    """
    try:
        return await _bounded(ask)
    except ProviderError as error:
        raise EffectDelayed(error.reason) from None
    except ProviderRefused as error:
        raise EffectRefused(error.reason) from None
    except ProviderUnavailable:
        raise EffectRefused("no payment provider is set up") from None


async def _bounded(ask: Callable[[], Awaitable[T]]) -> T:
    with trio.move_on_after(PROVIDER_CALL_S):
        return await ask()
    raise ProviderError(f"no answer in {PROVIDER_CALL_S:g} s")
