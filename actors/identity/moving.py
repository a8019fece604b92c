"""An account takes another address: its identity takes it, and frees it again if that is undone.

Chain: a new address = account → identity → account. The old identity is freed by the account.
"""

from __future__ import annotations

from actors.identity.registering import TAKEN
from actors.identity.state import IdentityState
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address
from protocol.internal.accounts import AddressTaken, TakeAddress
from protocol.internal.people import FreeIdentity
from protocol.records.runtime import Identity


@decides(TakeAddress)
def decide_take_address(state: IdentityState, command: TakeAddress, context: Context) -> Decision:
    """Take the address for an account that is there already."""
    if state.identity is not None:
        return TAKEN
    assert command.request.email is not None, "an address was asked for"
    taken = Identity(
        id=context.address.id, email=command.request.email.lower(), user_id=command.user_id
    )
    word = AddressTaken(request=command.request, version=command.version)
    account = Address(ActorKind.ACCOUNT, command.user_id)
    undo = FreeIdentity() if context.in_saga else None
    return Outcome(changes=(taken,), sends=(Send(account, word, undo=undo),))
