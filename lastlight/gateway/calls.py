"""One request, understood: the same whether it came by HTTP, WebSocket or offline replay."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from uuid import UUID

import attrs
import msgspec

from actors.runtime.answers import Answer
from protocol.addresses import Principal
from protocol.commands import Command
from protocol.errors import LastLightError, Refusal
from protocol.messages import KeyScope, Provenance
from protocol.operations.base import Operation

__all__ = ["Answer", "Call", "Caller", "Refused", "Step"]


@attrs.frozen(kw_only=True)
class Caller:
    """Where a request came from."""

    client: str
    """Network address."""
    user_agent: str | None
    request_id: str

    @property
    def request_uuid(self) -> UUID | None:
        """The id as the audit trail keeps it."""
        try:
            return msgspec.convert(self.request_id, UUID)
        except msgspec.ValidationError:
            return None


@attrs.frozen(kw_only=True)
class Call:
    """An operation to perform."""

    operation: Operation
    command: Command
    principal: Principal | None
    caller: Caller
    scope: KeyScope | None = None
    expected_version: int | None = None
    creates: bool = False
    """`If-None-Match: *`: it must not be there yet."""
    media: str = "application/json"
    """What the caller asked for, of what the operation offers."""
    occurred_at: datetime | None = None
    """When a device did this that was offline; None for now."""
    raw_body: bytes = b""
    """Of an operation that takes it as it came; bounded as every body."""
    signature: str | None = None
    """What a provider says proves it."""
    aside: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    """What a step found for the answer alone: it reaches no actor and is stored nowhere."""
    dropped: tuple[str, ...] = ()
    """Pointers to what was left out of a lenient command."""

    @property
    def provenance(self) -> Provenance:
        """What the audit trail tells of the request."""
        return Provenance(
            request_id=self.caller.request_uuid,
            client_address=self.caller.client,
            occurred_at=self.occurred_at,
        )

    @property
    def signed_in(self) -> Principal:
        """The principal of an operation that needs one."""
        assert self.principal is not None, f"{self.operation.name} is public"
        return self.principal


Step = Callable[[Call], Awaitable[Call]]
"""A named step before the mailbox: what it finds travels in the command."""


class Refused(LastLightError):
    """A refusal on its way out of the gateway. No actor was asked."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self._refusal = refusal

    def refusal(self) -> Refusal:
        """What to answer."""
        return self._refusal


NOBODY = UUID(int=0)
"""Stands for the user in the scope of a key when nobody is signed in."""
