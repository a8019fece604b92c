"""Firebase Cloud Messaging, HTTP v1: pushes to Android and to browsers.

Its service account signs a JWT (RS256), which is exchanged for an access token; that one is kept
until shortly before its end, and made anew once if the provider does not take it any more. Letters
collapse by `Words.collapse`, so one that is sent twice is seen once.
(firebase.google.com/docs/reference/fcm/rest/v1, developers.google.com/identity/protocols/oauth2)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import attrs
import jwt
import msgspec
import trio
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from lastlight.integrations.notifications.http import Answered, ProviderHTTP
from lastlight.integrations.notifications.port import (
    Letter,
    TargetGone,
    TryLater,
    Undeliverable,
)
from protocol.errors import LastLightError
from protocol.internal.notifications import Loudness

_SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_S: Final = 3_600
_EARLY_S: Final = 300.0
"""A token is renewed this long before its end."""
_QUOTA_S: Final = 60.0
"""To be waited after 429 if the provider names no time."""
_GONE: Final = frozenset({"UNREGISTERED", "SENDER_ID_MISMATCH"})
_DATA_MOST: Final = 3_500
"""Bytes of a message; the provider takes 4,096 with what it adds."""


class CredentialsUnusable(LastLightError):
    """A provider's key can't be used; the message says which file and why, and nothing of it."""


@attrs.frozen(kw_only=True)
class ServiceAccount:
    """What the file of a service account says."""

    project_id: str
    client_email: str
    token_uri: str
    key_id: str
    key: RSAPrivateKey = attrs.field(repr=False)


def read_service_account(path: Path) -> ServiceAccount:
    """Read the JSON file that the provider gives out.

    Raises:
        CredentialsUnusable: it is not there, or no service account's.
    """
    try:
        given = msgspec.json.decode(path.read_bytes())
        key = load_pem_private_key(given["private_key"].encode(), password=None)
        if not isinstance(key, RSAPrivateKey):
            raise TypeError("not RSA")
        return ServiceAccount(
            project_id=_text(given["project_id"]),
            client_email=_text(given["client_email"]),
            token_uri=_text(given["token_uri"]),
            key_id=_text(given["private_key_id"]),
            key=key,
        )
    except OSError as error:
        raise CredentialsUnusable(f"{path} can't be read: {error.strerror}") from None
    except (KeyError, TypeError, AttributeError, ValueError):
        raise CredentialsUnusable(f"{path} is not the JSON file of a service account") from None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("no text")
    return value


@attrs.define(eq=False, kw_only=True)
class Fcm:
    """Pushes through FCM; a target is a device's registration token."""

    account: ServiceAccount
    http: ProviderHTTP
    now: Callable[[], datetime]
    _token: str | None = attrs.field(default=None, init=False, repr=False)
    _good_until: float = attrs.field(default=0.0, init=False)
    _signing_in: trio.Lock = attrs.field(factory=trio.Lock, init=False)

    async def deliver(self, target: str, letter: Letter) -> str:
        """See `Provider.deliver`."""
        content = msgspec.json.encode({"message": message_of(target, letter, self.now())})
        token = await self._access_token()
        answer = await self._send(content, token)
        if answer.status == 401:
            # It ended before its time, or the account's keys were changed: once more, anew.
            self._forget(token)
            answer = await self._send(content, await self._access_token())
        if answer.status == 200:
            return str(answer.body.get("name", ""))[:200]
        raise self._error(answer)

    async def _send(self, content: bytes, token: str) -> Answered:
        return await self.http.post(
            f"/v1/projects/{self.account.project_id}/messages:send",
            headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
            content=content,
        )

    def _error(self, answer: Answered) -> TryLater | Undeliverable | TargetGone:
        """What an answer other than 200 means, by its code and not by its words."""
        status, code, about_token = _told(answer.body)
        said = f"FCM answered {answer.status} {code or status}".rstrip()
        after_s = answer.retry_after_s(self.now())
        if code in _GONE or about_token:
            return TargetGone(reason=said)
        if answer.status == 429:
            return TryLater(
                reason=said, after_s=_QUOTA_S if after_s is None else after_s, everything=True
            )
        if answer.status >= 500 or answer.status in (401, 403):
            return TryLater(reason=said, after_s=after_s, everything=after_s is not None)
        return Undeliverable(reason=said)

    # Signing in

    def _forget(self, token: str) -> None:
        if self._token == token:
            self._token = None

    async def _access_token(self) -> str:
        async with self._signing_in:
            if self._token is None or trio.current_time() >= self._good_until:
                self._token = await self._exchange()
            return self._token

    async def _exchange(self) -> str:
        at = int(self.now().timestamp())
        claims = {
            "iss": self.account.client_email,
            "scope": _SCOPE,
            "aud": self.account.token_uri,
            "iat": at,
            "exp": at + _ASSERTION_S,
        }
        assertion = jwt.encode(
            claims, self.account.key, algorithm="RS256", headers={"kid": self.account.key_id}
        )
        answer = await self.http.post(
            self.account.token_uri, form={"grant_type": _GRANT, "assertion": assertion}
        )
        token, lasts = answer.body.get("access_token"), answer.body.get("expires_in")
        if answer.status == 200 and isinstance(token, str) and type(lasts) is int:
            self._good_until = trio.current_time() + max(0.0, lasts - _EARLY_S)
            return token
        # A key that is not taken may be given its rights again: nothing is given up for it.
        said = f"the sign-in at FCM answered {answer.status} {_grant_error(answer.body)}".rstrip()
        raise TryLater(reason=said, after_s=answer.retry_after_s(self.now()))


def message_of(target: str, letter: Letter, now: datetime) -> Mapping[str, Any]:
    """The JSON of one message: what the app gets, and how each platform is to show it."""
    words = letter.words
    loud = words.loudness is not Loudness.SILENT
    android: dict[str, Any] = {
        "priority": "HIGH" if loud else "NORMAL",
        "notification": {
            "channel_id": words.loudness.value,
            "notification_priority": _ANDROID[words.loudness],
        },
    }
    if words.collapse is not None:
        android["collapse_key"] = words.collapse
        android["notification"]["tag"] = words.collapse
    if words.good_until is not None:
        android["ttl"] = f"{max(0, int((words.good_until - now).total_seconds()))}s"
    return {
        "token": target,
        "notification": {"title": words.title, "body": cut(letter.text)},
        "data": {**words.data, "notification_id": str(letter.id)},
        "android": android,
    }


_ANDROID: Final[Mapping[Loudness, str]] = {
    Loudness.ALARM: "PRIORITY_MAX",
    Loudness.PLAIN: "PRIORITY_DEFAULT",
    Loudness.SILENT: "PRIORITY_MIN",
}


def cut(text: str, most: int = _DATA_MOST // 4) -> str:
    """A text of at most `most` characters: four bytes each still fit a provider's bound."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _grant_error(body: Mapping[str, Any]) -> str:
    """What an OAuth server names its refusal, such as `invalid_grant`."""
    error = body.get("error")
    return error[:40] if isinstance(error, str) else ""


def _told(body: Mapping[str, Any]) -> tuple[str, str, bool]:
    """Canonical status, FCM's own code, and whether it is the token that is not taken."""
    error = body.get("error")
    if not isinstance(error, dict):
        return "", "", False
    code, about_token = "", False
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        if not isinstance(detail, dict):
            continue
        if str(detail.get("@type", "")).endswith("google.firebase.fcm.v1.FcmError"):
            code = str(detail.get("errorCode", ""))[:40]
        violations = detail.get("fieldViolations")
        for violation in violations if isinstance(violations, list) else ():
            about_token |= isinstance(violation, dict) and violation.get("field") == "message.token"
    return str(error.get("status", ""))[:40], code, about_token
