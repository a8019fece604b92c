"""Taking an e-mail address: one account each, decided here and nowhere else.

Chain: RegisterUser = identity → account → identity. Should the account refuse, the address is free
again.
"""

from __future__ import annotations

from typing import Final

from actors.identity.state import IdentityState
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.internal.people import (
    AccountFounded,
    FindUser,
    FoundAccount,
    FreeIdentity,
    UserFound,
)
from protocol.operations.auth import RegisterUser
from protocol.records.runtime import Identity

TAKEN: Final = Refusal(
    Code.EMAIL_TAKEN, "somebody has an account with this address; sign in, or reset it"
)


@decides(RegisterUser)
def decide_register(state: IdentityState, command: RegisterUser, context: Context) -> Decision:
    """Take the address and found an account behind it."""
    if state.identity is not None:
        return TAKEN
    assert command.password_hash is not None, "the password is hashed before the mailbox"
    assert not command.password, "the password stays outside"
    user_id = context.fresh_id()
    taken = Identity(id=context.address.id, email=command.email.lower(), user_id=user_id)
    founding = FoundAccount(user_id=user_id, request=command)
    account = Address(ActorKind.ACCOUNT, user_id)
    return Outcome(
        reply=LATER,
        changes=(taken,),
        sends=(Send(account, founding, undo=FreeIdentity(), fresh=True),),
    )


@decides(AccountFounded)
def decide_account_founded(
    state: IdentityState, command: AccountFounded, context: Context
) -> Decision:
    """Answer the registration."""
    return Outcome(reply=command.answer if context.in_saga else None)


@decides(FreeIdentity)
def decide_free_identity(state: IdentityState, command: FreeIdentity, context: Context) -> Decision:
    """Nobody signs in here after all."""
    identity = state.identity
    return Outcome() if identity is None else Outcome(removes=(identity,))


@decides(FindUser)
def decide_find_user(state: IdentityState, command: FindUser, context: Context) -> Decision:
    """Tell the gateway, and only it, whose password to check."""
    identity = state.identity
    if identity is None:
        return Refusal(Code.NOT_FOUND, "nobody signs in with this address")
    return Outcome(reply=UserFound(user_id=identity.user_id))
