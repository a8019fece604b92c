"""Steps before the mailbox for wallets: one-time codes for gifts, and balances of shared accounts.

A code is told to its owner and to nobody else: what is stored is a digest, by which whoever was
given the code finds the owner's account, without learning whose it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final
from uuid import UUID

import attrs

from actors.rules.giving import gift_code_id
from actors.rules.profile import VenueProfile
from actors.runtime.node import Node
from lastlight.gateway.calls import Call, Step
from protocol.addresses import ActorKind, Address
from protocol.operations.transactions import GetCreditBalance
from protocol.operations.wallet import PostAdjustment, TransferCredits
from protocol.records.ledger import ledger_account_id

ReadBalances = Callable[[Sequence[UUID]], Awaitable[Mapping[str, int]]]
"""Balances of ledger accounts by their codes, as fresh as the journal is now."""
_LETTERS: Final = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""Without those that look alike."""
_CODE_CHARS: Final = 10


@attrs.frozen(kw_only=True, eq=False)
class WalletSteps:
    """The steps, with what they need."""

    node: Node
    balances: ReadBalances

    def by_name(self) -> Mapping[str, Step]:
        """The steps as rows of the operation table name them."""
        return {
            "mint_gift_code": self.mint_gift_code,
            "find_receiver": self.find_receiver,
            "read_balances": self.read_balances,
        }

    async def mint_gift_code(self, call: Call) -> Call:
        """Make a code of ten letters and digits, if one is wanted."""
        assert isinstance(call.command, GetCreditBalance)
        if not call.command.gift_code:
            return call
        code = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_CHARS))
        return attrs.evolve(call, command=call.command.evolve(new_code=code))

    async def find_receiver(self, call: Call) -> Call:
        """Find whose code it is; the code itself goes no further.

        That nobody has it is for the giver's account to say: a gift that was answered is answered
        so again, though its code is gone by then (Rule 12).

        Raises:
            LastLightError: the directory can't be asked now.
        """
        assert isinstance(call.command, TransferCredits)
        if call.command.code is None:
            return call
        code_id = gift_code_id(call.command.code)
        owner = await self.node.owner_of("auth_tokens", code_id)
        found = call.command.evolve(
            code=None, code_id=code_id, code_owner_id=None if owner is None else owner.id
        )
        return attrs.evolve(call, command=found)

    async def read_balances(self, call: Call) -> Call:
        """Read what stands on the shared accounts of an adjustment's lines.

        Between this and the decision others may post; the ledger's own check stands behind both.

        Raises:
            StaleRead: the tables can't be asked now.
        """
        assert isinstance(call.command, PostAdjustment)
        profile = self.node.shared(Address(ActorKind.VENUE, call.command.venue_id))
        if not isinstance(profile, VenueProfile):
            return call
        codes = {line.account for line in call.command.postings}
        ids = [ledger_account_id(code, profile.currency) for code in sorted(codes)]
        balances = await self.balances(ids)
        return attrs.evolve(call, command=call.command.evolve(balances=balances))
