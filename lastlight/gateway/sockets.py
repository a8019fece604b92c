"""Commands over WebSocket: the same operations, checks and problems as over HTTP."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import msgspec

from actors.rules.idempotency import fingerprint_of, refuse_key
from actors.runtime.ports import Ids
from lastlight.gateway.calls import Call, Caller
from lastlight.gateway.dispatch import Dispatcher
from lastlight.realtime.services import Answer
from protocol.addresses import Principal
from protocol.errors import Code, LastLightError, Refusal
from protocol.messages import KeyScope
from protocol.operations.base import KeyRule, Operation
from protocol.operations.requests import read_message
from protocol.operations.table import BY_NAME


@attrs.frozen(eq=False)
class SocketGateway:
    """Performs commands for connections."""

    dispatcher: Dispatcher
    ids: Ids

    async def authenticate(self, token: str) -> Principal | Refusal:
        """The person whom a token proves."""
        try:
            return self.dispatcher.guard.authenticate(token)
        except LastLightError as error:
            return error.refusal()

    async def command(
        self, principal: Principal, name: str, data: Mapping[str, object], key: str | None
    ) -> Answer | Refusal:
        """Perform the operation called `name`."""
        operation = BY_NAME.get(name)
        if operation is None or not operation.socket or operation.precondition:
            return Refusal(Code.NOT_FOUND, f"{name[:80]} is no command that sockets take")
        guard = self.dispatcher.guard
        try:
            guard.take(guard.counter_of(operation, principal, ""))
            if not operation.ended:
                guard.refuse_ended(principal)
            guard.refuse_role(principal, operation)
            call = self._call(operation, principal, data, key)
            if isinstance(call, Refusal):
                return call
            answer = await self.dispatcher.perform(call)
        except LastLightError as error:
            return error.refusal()
        if answer.refusal is not None:
            return answer.refusal
        return Answer(
            status=answer.status, data=msgspec.json.decode(answer.body) if answer.body else None
        )

    def _call(
        self,
        operation: Operation,
        principal: Principal,
        data: Mapping[str, object],
        key: str | None,
    ) -> Call | Refusal:
        takes_key = operation.changes and operation.key is not KeyRule.NONE
        if takes_key:
            refusal = refuse_key(key, required=operation.key is KeyRule.REQUIRED)
            if refusal is not None:
                return refusal
        taken = read_message(operation, data)
        scope = None
        if key is not None and takes_key:
            scope = KeyScope(
                user_id=principal.user_id,
                method=operation.method,
                route=operation.path,
                key=key,
                fingerprint=_fingerprint(operation, data),
            )
        return Call(
            operation=operation,
            command=taken.command,
            principal=principal,
            caller=Caller(client="", user_agent=None, request_id=str(self.ids.fresh())),
            scope=scope,
            dropped=taken.dropped,
        )


def _fingerprint(operation: Operation, data: Mapping[str, object]) -> bytes:
    """As over HTTP, where what the path names is not in the body."""
    path = {name: str(data[name]) for name in operation.parameters if name in data}
    body = {name: value for name, value in data.items() if name not in path}
    return fingerprint_of(body, path)
