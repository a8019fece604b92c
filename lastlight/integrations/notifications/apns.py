"""Apple Push Notification service over HTTP/2: pushes to iPhones and Macs.

One provider token (ES256) for all requests. The provider wants it renewed no sooner than after 20
minutes and no later than after 60; it is renewed after 40, and once before that if it is said to
be expired. `apns-collapse-id` makes a letter that is sent twice one notification, and `apns-id`
is the letter's own. (developer.apple.com, "Sending notification requests to APNs")
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import attrs
import jwt
import msgspec
import trio
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from lastlight.integrations.notifications.fcm import CredentialsUnusable, cut
from lastlight.integrations.notifications.http import Answered, ProviderHTTP
from lastlight.integrations.notifications.port import (
    Letter,
    TargetGone,
    TryLater,
    Undeliverable,
)
from protocol.internal.notifications import Loudness

_RENEW_S: Final = 40 * 60.0
_LEAST_S: Final = 20 * 60.0
"""Tokens that are renewed more often are answered TooManyProviderTokenUpdates."""
_COLLAPSE_BYTES_MAX: Final = 64
_TOKEN: Final = re.compile(r"[0-9A-Fa-f]{16,400}")
_GONE: Final = frozenset({"BadDeviceToken", "DeviceTokenNotForTopic", "ExpiredToken"})
_STALE: Final = frozenset({"ExpiredProviderToken", "InvalidProviderToken"})
_LEVELS: Final[Mapping[Loudness, tuple[str, str]]] = {
    Loudness.ALARM: ("10", "time-sensitive"),
    Loudness.PLAIN: ("10", "active"),
    Loudness.SILENT: ("5", "passive"),
}
"""`apns-priority` and `interruption-level`."""


def read_signing_key(path: Path) -> EllipticCurvePrivateKey:
    """Read the `.p8` file that the provider gives out.

    Raises:
        CredentialsUnusable: it is not there, or no such key.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise CredentialsUnusable(f"{path} can't be read: {error.strerror}") from None
    except (ValueError, TypeError):
        raise CredentialsUnusable(f"{path} is not a key for APNs") from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise CredentialsUnusable(f"{path} is not a P-256 key, as APNs wants it")
    return key


@attrs.define(eq=False, kw_only=True)
class Apns:
    """Pushes through APNs; a target is a device's token in hexadecimal."""

    key: EllipticCurvePrivateKey = attrs.field(repr=False)
    key_id: str
    team_id: str
    topic: str
    http: ProviderHTTP
    now: Callable[[], datetime]
    _token: str | None = attrs.field(default=None, init=False, repr=False)
    _made_at: float = attrs.field(default=0.0, init=False)
    _renewed_early_at: float = attrs.field(default=-math.inf, init=False)

    async def deliver(self, target: str, letter: Letter) -> str:
        """See `Provider.deliver`."""
        if not _TOKEN.fullmatch(target):
            raise TargetGone(reason="that is no device token of APNs")
        content = msgspec.json.encode(payload_of(letter))
        token = self._provider_token()
        answer = await self._send(target, letter, content, token)
        if answer.status == 403 and _reason(answer) in _STALE and self._renewed(token):
            answer = await self._send(target, letter, content, self._provider_token())
        if answer.status == 200:
            return str(answer.headers.get("apns-id", letter.id))[:200]
        raise self._error(answer)

    async def _send(self, target: str, letter: Letter, content: bytes, token: str) -> Answered:
        words = letter.words
        until = words.good_until
        headers = {
            "authorization": f"bearer {token}",
            "apns-id": str(letter.id),
            "apns-topic": self.topic,
            "apns-push-type": "alert",
            "apns-priority": _LEVELS[words.loudness][0],
            "apns-expiration": "0" if until is None else str(int(until.timestamp())),
        }
        if words.collapse is not None:
            headers["apns-collapse-id"] = words.collapse[:_COLLAPSE_BYTES_MAX]
        return await self.http.post(f"/3/device/{target}", headers=headers, content=content)

    def _error(self, answer: Answered) -> TryLater | Undeliverable | TargetGone:
        """What an answer other than 200 means, by its status and reason."""
        reason = _reason(answer)
        said = f"APNs answered {answer.status} {reason}".rstrip()
        after_s = answer.retry_after_s(self.now())
        if answer.status == 410 or reason in _GONE:
            return TargetGone(reason=said)
        if answer.status == 429:
            # Too many for one device; only of provider tokens there are too many for all of us.
            updates = reason == "TooManyProviderTokenUpdates"
            if updates and after_s is None:
                after_s = _LEAST_S
            return TryLater(reason=said, after_s=after_s, everything=updates)
        if answer.status >= 500 or answer.status == 403:
            # Of 403 it is our key that is not taken: somebody may see to it.
            return TryLater(reason=said, after_s=after_s, everything=after_s is not None)
        return Undeliverable(reason=said)

    # The provider token

    def _provider_token(self) -> str:
        if self._token is None or trio.current_time() - self._made_at >= _RENEW_S:
            self._make_token()
        assert self._token is not None
        return self._token

    def _make_token(self) -> None:
        self._token = jwt.encode(
            {"iss": self.team_id, "iat": int(self.now().timestamp())},
            self.key,
            algorithm="ES256",
            headers={"kid": self.key_id},
        )
        self._made_at = trio.current_time()

    def _renewed(self, refused: str) -> bool:
        """Whether there is another token than the refused one now.

        One that is refused in its first 20 minutes is renewed all the same, as this machine's
        clock may have been wrong; but not again and again.
        """
        if self._token != refused:
            return True
        at = trio.current_time()
        if at - self._made_at < _LEAST_S:
            if at - self._renewed_early_at < _LEAST_S:
                return False
            self._renewed_early_at = at
        self._make_token()
        return True


def payload_of(letter: Letter) -> Mapping[str, Any]:
    """The JSON of one notification; everything beside `aps` is for the app."""
    words = letter.words
    aps: dict[str, Any] = {
        "alert": {"title": words.title, "body": cut(letter.text)},
        "interruption-level": _LEVELS[words.loudness][1],
    }
    if words.loudness is not Loudness.SILENT:
        aps["sound"] = "default"
    if words.collapse is not None:
        aps["thread-id"] = words.collapse
    return {**words.data, "notification_id": str(letter.id), "aps": aps}


def _reason(answer: Answered) -> str:
    return str(answer.body.get("reason", ""))[:60]
