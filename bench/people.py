"""A database in which everybody has an account: rows are made anew at each load, as from a wire."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from protocol.addresses import ActorKind, Address
from protocol.limits import IDEMPOTENCY_KEEP_S
from protocol.reads import Loaded, Read
from protocol.records.base import Record
from protocol.records.money import CreditGrant, Credits
from protocol.records.money_states import CreditSource, IdempotencyStatus
from protocol.records.platform import IdempotencyKey
from protocol.records.users import User
from tests.twins.database import MemoryDatabase


class EverybodyThere(MemoryDatabase):
    """Loads any account: a lot of credit, and `keys_each` keys with answers of half a kilobyte."""

    keys_each: int = 5

    async def load(self, address: Address, reads: tuple[Read, ...]) -> Loaded:
        """The account's rows, made for this load."""
        if address.kind is not ActorKind.ACCOUNT:
            return await super().load(address, reads)
        rows = [*_account(address.id, self), *_keys(address.id, self, self.keys_each)]
        return Loaded(records=tuple(rows), flushed=self.position)


def _account(id_: UUID, database: MemoryDatabase) -> list[Record]:
    now = database.now()
    user = User(
        id=id_,
        email=f"{id_}@example.org",
        password_hash="$2b$12$" + id_.hex + "abcdefghijklmnopqrstu",
        display_name=f"Guest {id_.int % 997}",
        pseudonym=UUID(int=id_.int ^ 1),
        created_at=now,
    )
    grant = CreditGrant(
        id=UUID(int=id_.int + (1 << 100)),
        user_id=id_,
        venue_id=None,
        source=CreditSource.PAID,
        currency="JPY",
        amount_minor=100_000,
        remaining_minor=100_000,
        priority=100,
        expires_at=None,
        transaction_id=None,
        created_at=now,
    )
    return [user, Credits(user_id=id_, currency="JPY", paid_minor=100_000), grant]


def _keys(id_: UUID, database: MemoryDatabase, count: int) -> list[Record]:
    now = database.now()
    return [
        IdempotencyKey(
            actor_type=ActorKind.ACCOUNT,
            actor_id=id_,
            user_id=id_,
            method="POST",
            route="/api/transactions/purchase",
            key=f"{id_}-{n}",
            fingerprint=id_.bytes * 2,
            status=IdempotencyStatus.DONE,
            http_status=201,
            response={"status": 201, "body": {"note": "x" * 500}, "refusal": None, "version": None},
            created_at=now,
            expires_at=now + timedelta(seconds=IDEMPOTENCY_KEEP_S),
        )
        for n in range(count)
    ]
