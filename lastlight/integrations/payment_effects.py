"""What accounts ask of the provider once it is durable: refunds, cancellations, how a payment is.

An effect is performed again after a crash, and our ids are the provider's keys, so it happens once.
What the provider can't be asked now goes back to the account, which sets a timer; nothing here
waits for hours.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

import attrs
import structlog
import trio

from actors.runtime.outcome import Send
from lastlight.integrations.payments import (
    PaymentProvider,
    ProviderError,
    ProviderPayment,
    ProviderRefused,
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
from protocol.limits import PROVIDER_CALL_S
from protocol.messages import Message
from protocol.records.money_states import RefundStatus

log = structlog.get_logger(__name__)
T = TypeVar("T")
_AGAIN_S: Final = (0.5, 2.0)
"""Waits between the tries of what nobody asks for again."""


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
        await self._patiently(lambda: self.provider.forget_card(command.provider_id))
        return ()

    async def _forget_customer(self, message: Message) -> Sequence[Send]:
        command = message.command
        assert isinstance(command, ForgetCustomer)
        await self._patiently(lambda: self.provider.forget_customer(command.customer_id))
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
        said = await self._patiently(
            lambda: self.provider.cancel_payment(command.provider_payment_id)
        )
        return _told(command, said)

    async def _ask(self, message: Message) -> Sequence[Send]:
        command = message.command
        assert isinstance(command, AskOfPayment)
        if not self.provider.on:
            return ()
        said = await self._patiently(lambda: self.provider.payment(command.provider_payment_id))
        return _told(command, said)

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """A few tries; what stays undone is harmless, and told in the log."""
        for wait_s in (*_AGAIN_S, None):
            try:
                return await _bounded(ask)
            except ProviderError as error:
                if wait_s is None:
                    log.error("provider_not_reached", reason=str(error))
                    return None
                await trio.sleep(wait_s)
            except LastLightError as error:
                log.warning("provider_refused", reason=str(error))
                return None
        return None


def _told(command: AskOfPayment | CancelAtProvider, said: ProviderPayment | None) -> Sequence[Send]:
    """What the account hears of it, if the provider said anything."""
    if said is None:
        return ()
    result = ApplyPaymentResult(
        payment_id=command.payment_id,
        status=said.status,
        provider_id=said.provider_id,
        failure_code=said.failure_code,
    )
    return (Send(Address(ActorKind.ACCOUNT, command.account_id), result),)


async def _bounded(ask: Callable[[], Awaitable[T]]) -> T:
    with trio.move_on_after(PROVIDER_CALL_S):
        return await ask()
    raise ProviderError(f"no answer in {PROVIDER_CALL_S:g} s")
