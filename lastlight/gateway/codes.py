"""Puts the codes of the door into the answer that names their steps (Rule 6).

Here is the one place that makes them, because here is the secret; the venue decided whether and for
which steps, and no token is stored anywhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta

import attrs
import msgspec

from actors.rules.checkin_code import NONCE_BYTES, make_token, step_of
from actors.runtime.answers import Answer
from lastlight.gateway.calls import Call
from protocol.codec import to_json
from protocol.operations.venues import IssueCheckinCode
from protocol.replies.venues import CheckinCode, StepCode

_STEPS_VALID = 2
_SECOND = timedelta(seconds=1)


@attrs.frozen
class DoorCodes:
    """Makes tokens with the node's secret; `nonce` gives so many random bytes."""

    secret: bytes = attrs.field(repr=False)
    nonce: Callable[[int], bytes] = secrets.token_bytes

    def finish(self, call: Call, answer: Answer) -> Answer:
        """The answer with its codes; any other answer as it is."""
        command = call.command
        if not isinstance(command, IssueCheckinCode) or answer.refusal is not None:
            return answer
        named = msgspec.json.decode(answer.body, type=CheckinCode)
        minted = tuple(self._minted(command, code) for code in named.tokens)
        return attrs.evolve(answer, body=to_json(CheckinCode(tokens=minted)))

    def _minted(self, command: IssueCheckinCode, code: StepCode) -> StepCode:
        step_s = (code.valid_to - code.valid_from) // (_STEPS_VALID * _SECOND)
        token = make_token(
            command.venue_id,
            step_of(code.valid_from, step_s),
            step_s=step_s,
            nonce=self.nonce(NONCE_BYTES),
            secret=self.secret,
        )
        return StepCode(qr_token=token, valid_from=code.valid_from, valid_to=code.valid_to)
