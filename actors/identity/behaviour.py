"""The identity actor, declared: one for each e-mail address that anybody signs in with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actors.identity import moving, registering, signing_in
from actors.identity.state import IdentityState
from actors.runtime.behaviour import Behaviour, decisions_of
from protocol.addresses import ActorKind
from protocol.internal.accounts import TakeAddress
from protocol.internal.people import FindUser, FreeIdentity
from protocol.operations.auth import (
    LogIn,
    RegisterUser,
    RequestPasswordReset,
    ResetPassword,
    VerifyEmail,
)
from protocol.reads import Read
from protocol.records.runtime import Identity


def _masked(state: IdentityState) -> Mapping[str, object]:
    return {"taken": state.identity is not None}


IDENTITY: Final = Behaviour(
    kind=ActorKind.IDENTITY,
    state=IdentityState,
    decisions=decisions_of((registering, moving, signing_in)),
    reads=(Read(Identity, by="id"),),
    # All but the first only answer, and write nothing, where nobody has the address.
    founded_by=(
        RegisterUser,
        LogIn,
        RequestPasswordReset,
        ResetPassword,
        VerifyEmail,
        FindUser,
        FreeIdentity,
        TakeAddress,
    ),
    masked=_masked,
)
