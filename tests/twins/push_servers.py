"""FCM and APNs as their documentation has them, as far as anybody could tell over HTTP/2.

Both check who asks: FCM a bearer token that its own token endpoint gave out for a JWT signed with
the service account's key, APNs a provider token that is no older than an hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

import attrs
import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.twins.web_server import Asked, Said

PROJECT: Final = "night"
EMAIL: Final = "pushes@night.example"
KEY_ID: Final = "ABC123DEFG"
TEAM_ID: Final = "DEF123GHIJ"
TOPIC: Final = "example.lastlight"
HOUR_S: Final = 3_600
_FCM_ERROR: Final = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


def fcm_error(status: int, canonical: str, code: str | None = None, **headers: str) -> Said:
    """An error as FCM tells it."""
    details = [] if code is None else [{"@type": _FCM_ERROR, "errorCode": code}]
    error = {"code": status, "message": "no", "status": canonical, "details": details}
    return Said(status, {"error": error}, headers)


@attrs.define(eq=False)
class FcmBooks:
    """A project at FCM, and the sign-in for its service account."""

    key: rsa.RSAPrivateKey = attrs.field(factory=lambda: rsa.generate_private_key(65537, 2048))
    url: str = ""
    good: set[str] = attrs.field(factory=set)
    """Access tokens that are taken."""
    given: int = 0
    lasts_s: int = HOUR_S
    gone: set[str] = attrs.field(factory=set)
    """Registration tokens of apps that were removed."""
    shown: dict[tuple[str, str], Mapping[str, Any]] = attrs.field(factory=dict)
    """By device and tag, the notification that is seen there."""
    sent: list[Mapping[str, Any]] = attrs.field(factory=list)

    def answer(self, asked: Asked) -> Said:
        """Either of the two addresses that a sender needs."""
        if asked.path == "/token":
            return self._token(asked)
        assert asked.path == f"/v1/projects/{PROJECT}/messages:send", asked.path
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.good:
            return fcm_error(401, "UNAUTHENTICATED")
        message = asked.json()["message"]
        if len(asked.body) > 4_096 or not all(
            isinstance(value, str) for value in message["data"].values()
        ):
            return fcm_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT")
        token = message["token"]
        if token in self.gone:
            return fcm_error(404, "NOT_FOUND", "UNREGISTERED")
        self.sent.append(message)
        tag = message["android"]["notification"].get("tag", str(len(self.sent)))
        self.shown[token, tag] = message["notification"]
        return Said(200, {"name": f"projects/{PROJECT}/messages/{len(self.sent)}"})

    def _token(self, asked: Asked) -> Said:
        form = parse_qs(asked.body.decode())
        assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
        claims = jwt.decode(
            form["assertion"][0],
            self.key.public_key(),
            algorithms=["RS256"],
            audience=f"{self.url}/token",
        )
        assert claims["iss"] == EMAIL
        assert claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging"
        assert claims["exp"] - claims["iat"] <= HOUR_S
        self.given += 1
        token = f"access-{self.given}"
        self.good.add(token)
        return Said(
            200, {"access_token": token, "expires_in": self.lasts_s, "token_type": "Bearer"}
        )

    def credentials(self) -> bytes:
        """The file of the service account."""
        pem = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return msgspec.json.encode(
            {
                "type": "service_account",
                "project_id": PROJECT,
                "private_key_id": "k1",
                "private_key": pem.decode(),
                "client_email": EMAIL,
                "token_uri": f"{self.url}/token",
            }
        )


def apns_error(status: int, reason: str, **more: Any) -> Said:
    """An error as APNs tells it."""
    return Said(status, {"reason": reason, **more})


@attrs.define(eq=False)
class ApnsBooks:
    """A topic at APNs."""

    key: ec.EllipticCurvePrivateKey = attrs.field(
        factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    now_s: float = 0.0
    """Unix time there, which tokens are judged by."""
    gone: set[str] = attrs.field(factory=set)
    tokens: list[str] = attrs.field(factory=list)
    """Provider tokens, as they came."""
    stale: set[str] = attrs.field(factory=set)
    """Provider tokens that are called expired."""
    shown: dict[tuple[str, str], Mapping[str, Any]] = attrs.field(factory=dict)
    """By device and collapse id, the notification that is seen there."""
    sent: list[tuple[Mapping[str, str], Mapping[str, Any]]] = attrs.field(factory=list)
    """Headers and payloads."""

    def answer(self, asked: Asked) -> Said:
        """One notification."""
        assert asked.version == "2", "APNs speaks HTTP/2 only"
        device = asked.path.removeprefix("/3/device/")
        token = asked.headers.get("authorization", "").removeprefix("bearer ")
        if not token:
            return apns_error(403, "MissingProviderToken")
        if token not in self.tokens:
            self.tokens.append(token)
        claims = jwt.decode(
            token, self.key.public_key(), algorithms=["ES256"], options={"verify_iat": False}
        )
        assert claims["iss"] == TEAM_ID
        assert jwt.get_unverified_header(token)["kid"] == KEY_ID
        if token in self.stale or abs(self.now_s - claims["iat"]) > HOUR_S:
            return apns_error(403, "ExpiredProviderToken")
        if asked.headers.get("apns-topic") != TOPIC:
            return apns_error(400, "TopicDisallowed")
        if (
            asked.headers["apns-push-type"] != "alert"
            or asked.headers["apns-priority"] not in "105"
        ):
            return apns_error(400, "InvalidPushType")
        collapse = asked.headers.get("apns-collapse-id", asked.headers["apns-id"])
        if len(collapse.encode()) > 64:
            return apns_error(400, "BadCollapseId")
        if len(asked.body) > 4_096:
            return apns_error(413, "PayloadTooLarge")
        if device in self.gone:
            return apns_error(410, "Unregistered", timestamp=int(self.now_s * 1000))
        payload = asked.json()
        self.sent.append((asked.headers, payload))
        self.shown[device, collapse] = payload["aps"]["alert"]
        return Said(200, b"", {"apns-id": asked.headers["apns-id"]})
