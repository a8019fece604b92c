"""Signing in as a client meets it: steps, node and finishing, without HTTP around them.

Passwords are real bcrypt in real threads, at the least cost; so time is real here too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any, Final

import attrs
import msgspec

from actors.account.behaviour import ACCOUNT
from actors.identity.behaviour import IDENTITY
from actors.platform.behaviour import PLATFORM
from actors.runtime.answers import Answer
from actors.runtime.behaviour import Behaviour
from actors.runtime.node import Node
from lastlight.auth.finishing import Finisher
from lastlight.auth.keys import KeyRing
from lastlight.auth.passwords import Passwords
from lastlight.auth.refresh import RefreshTokens
from lastlight.auth.steps import Steps
from lastlight.auth.tokens import Tokens
from lastlight.gateway.calls import Call, Caller
from lastlight.gateway.finding import find_address
from protocol.addresses import ActorKind, Principal
from protocol.commands import Command
from protocol.errors import Code, LastLightError, Refusal
from protocol.messages import KeyScope
from protocol.operations.auth import LogIn, RegisterUser
from protocol.operations.table import BY_NAME
from tests.twins.nodes import Running, World, open_memory_node

BEHAVIOURS: Final[Mapping[ActorKind, Behaviour]] = {
    ActorKind.IDENTITY: IDENTITY,
    ActorKind.ACCOUNT: ACCOUNT,
    ActorKind.PLATFORM: PLATFORM,
}
EMAIL = "someone@example.org"
PASSWORD = "correct horse battery"
SECRET = b"s" * 32


def a_registration(**given: Any) -> RegisterUser:
    """What a client sends to register."""
    made: dict[str, Any] = {
        "email": EMAIL,
        "password": PASSWORD,
        "display_name": "Somebody",
        "birth_date": date(2000, 1, 1),
    }
    return RegisterUser(**made | given)


def a_login(password: str = PASSWORD, email: str = EMAIL) -> LogIn:
    """What a client sends to sign in."""
    return LogIn(email=email, password=password)


def a_call(
    command: Command, principal: Principal | None = None, scope: KeyScope | None = None
) -> Call:
    """A request, understood."""
    return Call(
        operation=BY_NAME[type(command).__name__],
        command=command,
        principal=principal,
        caller=Caller(client="192.0.2.7", user_agent="app/1", request_id="r"),
        scope=scope,
    )


@attrs.define(eq=False, kw_only=True)
class Client:
    """Asks as the gateway does, on behalf of somebody outside."""

    world: World
    running: Running
    steps: Steps
    tokens: Tokens
    refresh_tokens: RefreshTokens
    finisher: Finisher

    @property
    def node(self) -> Node:
        """The node that answers."""
        return self.running.node

    def now(self) -> datetime:
        """Server time."""
        return self.steps.now()

    async def send(
        self, command: Command, principal: Principal | None = None, scope: KeyScope | None = None
    ) -> Answer:
        """The answer as the client has it; errors of the gateway as refusals."""
        call = a_call(command, principal, scope)
        try:
            for name in call.operation.prepare:
                call = await self.steps.by_name()[name](call)
            address = await find_address(self.node, call, call.operation.address)
            answer = await self.node.ask(
                address,
                call.command,
                principal=principal,
                status=call.operation.status,
                scope=scope,
            )
        except LastLightError as error:
            refusal = error.refusal()
            return Answer(status=refusal.status, refusal=refusal)
        return self.finisher.finish(call, answer)

    async def told(self, command: Command, principal: Principal | None = None) -> Any:
        """The body of an answer that must be no refusal."""
        answer = await self.send(command, principal)
        assert answer.refusal is None, answer.refusal
        return msgspec.json.decode(answer.body) if answer.body else None

    async def refusal(self, command: Command, principal: Principal | None = None) -> Refusal:
        """The refusal of an answer that must be one."""
        refusal = (await self.send(command, principal)).refusal
        assert refusal is not None
        return refusal

    async def code(self, command: Command, principal: Principal | None = None) -> Code:
        """The code of an answer that must be a refusal."""
        return (await self.refusal(command, principal)).code

    def principal_of(self, body: Mapping[str, Any]) -> Principal:
        """Whom an access token proves."""
        return self.tokens.verify(body["access_token"], now=self.now())

    def journaled(self) -> str:
        """Everything that was ever written, as text."""
        return repr([entry.data for entry in self.world.disk.entries])


@asynccontextmanager
async def open_client(
    world: World | None = None, passwords: Passwords | None = None
) -> AsyncIterator[Client]:
    """A node in memory with the steps and the finishing of signing in around it."""
    world = world or World()
    ring, refresh_tokens = KeyRing.fresh(), RefreshTokens(b"r" * 32)
    tokens = Tokens(ring)
    async with open_memory_node(world, BEHAVIOURS) as running:
        steps = Steps(
            node=running.node,
            passwords=passwords or Passwords(cost=4),
            refresh_tokens=refresh_tokens,
            checkin_secret=SECRET,
            now=world.clock.now,
        )
        yield Client(
            world=world,
            running=running,
            steps=steps,
            tokens=tokens,
            refresh_tokens=refresh_tokens,
            finisher=Finisher(tokens=tokens, refresh_tokens=refresh_tokens, now=world.clock.now),
        )
