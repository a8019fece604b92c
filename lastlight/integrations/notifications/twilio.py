"""SMS and calls by Twilio's REST API, or anybody's who speaks it.

It takes no key by which a repeated request would be known: a crash at the wrong moment sends a
text twice, and says so here. A 429 was not processed and is safe to send again; what other codes
mean in detail may change, so only the HTTP status decides.
(twilio.com/docs/usage/api, "Error and Warning Dictionary" 20429)

What becomes of a message or call it would tell a public address, which the contract has none for;
so its resource is looked at, which has the same status.
(twilio.com/docs/messaging/api/message-resource, .../voice/api/call-resource)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final
from xml.sax.saxutils import escape

import attrs

from lastlight.integrations.notifications.http import Answered, ProviderHTTP
from lastlight.integrations.notifications.port import (
    Fate,
    Letter,
    Trace,
    TryLater,
    Undeliverable,
)

TEXT_CHARS_MAX: Final = 1_600
SPOKEN_CHARS_MAX: Final = 500
_FATES: Final[Mapping[str, Fate]] = {
    "delivered": Fate.DELIVERED,
    "read": Fate.DELIVERED,
    "completed": Fate.DELIVERED,
    **dict.fromkeys(
        ("undelivered", "failed", "canceled", "busy", "no-answer", "partially_delivered"),
        Fate.FAILED,
    ),
}
"""Ends of a message and of a call; every other status is on its way to one."""
_TOO_MANY_S: Final = 2.0
_RING_S: Final = 45


@attrs.frozen(kw_only=True)
class TwilioAccount:
    """Who we are there, and from which number we call."""

    account: str
    token: str = attrs.field(repr=False)
    sender: str
    http: ProviderHTTP = attrs.field(eq=False, repr=False)
    now: Callable[[], datetime] = attrs.field(eq=False, repr=False)

    async def make(self, resource: str, form: Mapping[str, str]) -> str:
        """Make a message or a call; returns its `sid`.

        Raises:
            TryLater, Undeliverable: see `Provider`.
        """
        answer = await self.http.post(
            f"/2010-04-01/Accounts/{self.account}/{resource}.json",
            form={"From": self.sender, **form},
            auth=(self.account, self.token),
        )
        if answer.status in (200, 201):
            return str(answer.body.get("sid", ""))[:200]
        raise self._error(answer)

    async def trace(self, resource: str, name: str) -> Trace:
        """Where a message or call is; raises as `make`."""
        if not name.isalnum():
            raise Undeliverable(reason="Twilio gave it no name")
        answer = await self.http.get(
            f"/2010-04-01/Accounts/{self.account}/{resource}/{name}.json",
            auth=(self.account, self.token),
        )
        if answer.status != 200:
            raise self._error(answer)
        status, code = str(answer.body.get("status"))[:40], answer.body.get("error_code")
        fate = _FATES.get(status, Fate.UNDER_WAY)
        reason = f"{status} {code}" if type(code) is int else status
        return Trace(
            fate=fate,
            at=_time_in(answer.body.get("date_updated")),
            reason=f"Twilio says: {reason}" if fate is Fate.FAILED else None,
        )

    def _error(self, answer: Answered) -> TryLater | Undeliverable:
        code = answer.body.get("code")
        said = f"Twilio answered {answer.status} {code if type(code) is int else ''}".rstrip()
        after_s = answer.retry_after_s(self.now())
        if answer.status == 429:
            return TryLater(
                reason=said, after_s=_TOO_MANY_S if after_s is None else after_s, everything=True
            )
        # Of 401 and 403 it is our sign-in that is not taken: somebody may see to it.
        if answer.status >= 500 or answer.status in (401, 403, 408):
            return TryLater(reason=said, after_s=after_s, everything=after_s is not None)
        return Undeliverable(reason=said)


@attrs.frozen
class Texts:
    """SMS; a target is a telephone number with its country's."""

    account: TwilioAccount

    async def deliver(self, target: str, letter: Letter) -> str:
        """See `Provider.deliver`. There is no key: at least once."""
        said = f"{letter.words.title}\n{letter.text}"[:TEXT_CHARS_MAX]
        return await self.account.make("Messages", {"To": target, "Body": said})

    async def trace(self, name: str) -> Trace:
        """See `Tracer.trace`; delivered means that a carrier said so."""
        return await self.account.trace("Messages", name)


@attrs.frozen
class Calls:
    """Telephone calls that say the words twice; a target is a number with its country's."""

    account: TwilioAccount

    async def deliver(self, target: str, letter: Letter) -> str:
        """See `Provider.deliver`. There is no key: at least once."""
        words = letter.words
        form = {"To": target, "Twiml": spoken(words.title, letter.text), "Timeout": str(_RING_S)}
        return await self.account.make("Calls", form)

    async def trace(self, name: str) -> Trace:
        """See `Tracer.trace`; delivered means that somebody, or a machine, answered."""
        return await self.account.trace("Calls", name)


def spoken(title: str, text: str) -> str:
    """TwiML that says something twice: whoever is woken by it hears it the second time."""
    said = escape(f"{title}. {text}"[:SPOKEN_CHARS_MAX])
    return f'<Response><Say>{said}</Say><Pause length="1"/><Say>{said}</Say></Response>'


def _time_in(told: object) -> datetime | None:
    """A date as mail has it (RFC 2822), or None."""
    try:
        at = parsedate_to_datetime(told) if isinstance(told, str) else None
    except ValueError:
        return None
    return None if at is None or at.tzinfo is None else at
