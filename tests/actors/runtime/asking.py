"""How the tests of the runtime ask a node, and the toys that they ask."""

from __future__ import annotations

from uuid import UUID

import msgspec

from actors.runtime.answers import Answer
from actors.runtime.node import Node
from protocol.addresses import Address
from protocol.commands import Command
from protocol.messages import KeyScope
from tests.actors.runtime.toys import purse_of, vault_of

PURSE = purse_of(1)
VAULT = vault_of(2)


def key(text: str, body: bytes = b"same") -> KeyScope:
    """An idempotency key of one user on one route."""
    return KeyScope(user_id=UUID(int=9), method="POST", route="/purse", key=text, fingerprint=body)


async def ask(
    node: Node, command: Command, *, of: Address = PURSE, scope: KeyScope | None = None
) -> Answer:
    """Ask as the gateway does."""
    return await node.ask(of, command, principal=None, status=201, scope=scope)


def count_in(answer: Answer) -> int:
    """The count that an answer tells."""
    return int(msgspec.json.decode(answer.body)["count"])
