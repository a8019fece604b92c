"""The house's contact outside (a security company, say), told by a signed webhook (Rule 8).

The signature is made as Stripe makes its own, so that receivers may check it with what they have:
`Last-Light-Signature: t=<unix seconds>,v1=<hex of HMAC-SHA-256 of "<t>.<body>">`. Each request
says under `Idempotency-Key` which one it is; one that comes again has the same.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Final

import attrs

from lastlight.integrations.notifications.http import ProviderHTTP
from lastlight.integrations.notifications.port import Letter, TryLater, Undeliverable
from protocol.chains import rfc3339
from protocol.codec import to_json

SIGNATURE: Final = "Last-Light-Signature"
_PASSING: Final = frozenset({401, 403, 404, 408, 409, 425, 429})
"""Of these somebody may see to it while the alarm still goes on."""


@attrs.frozen(kw_only=True)
class Contact:
    """Tells the contact; its only target is the address it was opened with."""

    http: ProviderHTTP = attrs.field(eq=False, repr=False)
    secret: str = attrs.field(repr=False)
    now: Callable[[], datetime] = attrs.field(eq=False, repr=False)

    async def deliver(self, target: str, letter: Letter) -> str:
        """See `Provider.deliver`."""
        at = self.now()
        words = letter.words
        body = to_json(
            {
                **words.data,
                "id": letter.id,
                "sent_at": rfc3339(at),
                "title": words.title,
                "text": words.body,
            }
        )
        answer = await self.http.post(
            "",
            headers={
                "content-type": "application/json",
                "idempotency-key": str(letter.id),
                SIGNATURE: signature_of(body, self.secret, int(at.timestamp())),
            },
            content=body,
        )
        if 200 <= answer.status < 300:
            return str(letter.id)
        said = f"the contact's webhook answered {answer.status}"
        if answer.status >= 500 or answer.status in _PASSING:
            raise TryLater(reason=said, after_s=answer.retry_after_s(at))
        raise Undeliverable(reason=said)


def signature_of(body: bytes, secret: str, at_s: int) -> str:
    """The header's value for a body."""
    signed = f"{at_s}.".encode() + body
    return f"t={at_s},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"
