"""Before a profile is changed: PINs are hashed, and the password that allows it is checked.

No PIN and no password reaches an actor or the journal.
"""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from actors.runtime.node import Node
from lastlight.auth.passwords import Passwords
from lastlight.gateway.calls import Call, Refused
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, FieldError, Refusal
from protocol.internal.people import Credentials, ReadCredentials
from protocol.operations.users import UpdateOwnProfile
from protocol.values import Verdict


@attrs.frozen(kw_only=True, eq=False)
class ProfileSteps:
    """The step of PATCH /api/users/me, with what it needs."""

    node: Node
    passwords: Passwords

    async def prove_profile(self, call: Call) -> Call:
        """Check the password if a PIN is set, and hash the PINs.

        Raises:
            Refused: the two PINs would be one; 422.
            PasswordsBusy: too many wait to be checked; 503.
            LastLightError: the account can't be asked now.
        """
        command = call.command
        assert isinstance(command, UpdateOwnProfile), f"{call.operation.name} is no profile"
        given = command.current_password
        if given is None or (command.pin is None and command.duress_pin is None):
            return _with(call, current_password=None)
        known = await self._credentials(call)
        right = await self.passwords.verify(given, known.password_hash)
        prepared: dict[str, Any] = {
            "verdict": Verdict.PASSWORD if right else Verdict.WRONG,
            "credentials_version": known.credentials_version,
        }
        if right:
            await self._refuse_same(command, known)
            prepared["pin_hash"] = await self._hashed(command.pin)
            prepared["duress_pin_hash"] = await self._hashed(command.duress_pin)
        return _with(call, current_password=None, pin=None, duress_pin=None, **prepared)

    async def _refuse_same(self, command: UpdateOwnProfile, known: Credentials) -> None:
        """A PIN that is also the other one would call for help at every step-up, or never."""
        pairs = ((command.pin, known.duress_pin_hash), (command.duress_pin, known.pin_hash))
        both = command.pin is not None and command.duress_pin is not None
        for pin, other in () if both else pairs:
            if pin is not None and await self.passwords.verify(pin, other):
                detail = "the PIN and the one for duress must differ"
                errors = (FieldError("/duress_pin", "not_allowed", detail),)
                raise Refused(Refusal(Code.VALIDATION_FAILED, detail, errors=errors))

    async def _hashed(self, pin: str | None) -> str | None:
        return None if pin is None else await self.passwords.hash(pin)

    async def _credentials(self, call: Call) -> Credentials:
        account = Address(ActorKind.ACCOUNT, call.signed_in.user_id)
        answer = await self.node.ask(account, ReadCredentials(), principal=None)
        if answer.refusal is not None:
            raise Refused(answer.refusal)
        return msgspec.json.decode(answer.body, type=Credentials)


def _with(call: Call, **prepared: Any) -> Call:
    return attrs.evolve(call, command=call.command.evolve(**prepared))
