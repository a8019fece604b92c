"""Keys, access tokens and refresh tokens: what is forged, foreign or over must prove nothing."""

from __future__ import annotations

import base64
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lastlight.auth.keys import (
    KeyRing,
    KeysUnusable,
    SigningKey,
    load_keys,
    load_or_make_keys,
    load_or_make_secret,
    rotate_keys,
)
from lastlight.auth.refresh import RefreshTokenInvalid, RefreshTokens
from lastlight.auth.tokens import AUDIENCE, ISSUER, TOKEN_TYPE, Grant, TokenInvalid, Tokens
from protocol.addresses import Principal, Role
from protocol.errors import Code

NOW = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
VENUE = UUID(int=7)
GRANT = Grant(
    user_id=UUID(int=1),
    display_name="夜",
    roles={VENUE: Role.STAFF},
    everywhere=Role.PATRON,
    token_version=3,
    family_id=UUID(int=2),
    elevated_until=NOW + timedelta(minutes=5),
)
RING = KeyRing.fresh()


def claims(**changed: object) -> dict[str, Any]:
    issued_s = int(NOW.timestamp())
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(GRANT.user_id),
        "iat": issued_s,
        "exp": issued_s + 900,
        "jti": "x",
        "name": "n",
        "roles": {},
        "everywhere": "patron",
        "ver": 3,
        "fam": str(GRANT.family_id),
        **changed,
    }


def signed(payload: dict[str, Any], *, key: SigningKey = RING.current, **headers: object) -> str:
    named = {"kid": key.kid, "typ": TOKEN_TYPE, **headers}
    return jwt.encode(payload, key.private, algorithm="EdDSA", headers=named)


def written(header: dict[str, Any]) -> str:
    """Our claims under a header of the attacker's choice, without a signature."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part(claims())}."


def confused() -> str:
    """HMAC with our public key as the secret: what a library that trusts `alg` would take."""
    headers = {"kid": RING.current.kid, "typ": TOKEN_TYPE}
    secret = RING.current.public.public_bytes_raw()
    return jwt.encode(claims(), secret, algorithm="HS256", headers=headers)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in claims().items() if key != name}


def test_what_was_granted_is_what_is_verified() -> None:
    """Role checks rest on the claims; none of them may be lost or widened on the way."""
    tokens = Tokens(RING)
    assert tokens.verify(tokens.issue(GRANT, now=NOW), now=NOW) == Principal(
        user_id=GRANT.user_id,
        display_name="夜",
        roles={VENUE: Role.STAFF},
        everywhere=Role.PATRON,
        token_version=3,
        family_id=GRANT.family_id,
        expires_at=NOW + timedelta(minutes=15),
        elevated_until=GRANT.elevated_until,
    )


@pytest.mark.parametrize("second_look", [False, True])
def test_a_token_lives_fifteen_minutes_and_not_a_second_longer(second_look: bool) -> None:
    """Rule 16; also for a token that was remembered as good. Rule 16 access."""
    tokens = Tokens(RING)
    token = tokens.issue(GRANT, now=NOW)
    if second_look:
        tokens.verify(token, now=NOW)
    tokens.verify(token, now=NOW + timedelta(minutes=14, seconds=59))
    with pytest.raises(TokenInvalid, match="ended"):
        tokens.verify(token, now=NOW + timedelta(minutes=15))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "\ud800.b.c",
        "x" * 9000,
        written({"alg": "none", "typ": TOKEN_TYPE, "kid": RING.current.kid}),
        confused(),
        signed(claims(), key=SigningKey.fresh()),
        signed(claims(), key=SigningKey.fresh(), kid=RING.current.kid),
        written({"alg": "EdDSA", "typ": TOKEN_TYPE}),
        written({"alg": "EdDSA", "typ": TOKEN_TYPE, "kid": 7}),
        written({"alg": "EdDSA", "typ": TOKEN_TYPE, "kid": RING.current.kid, "crit": ["x"]}),
        signed(claims(), typ="JWT"),
        signed(claims(aud="somebody-else")),
        signed(claims(aud=[])),
        signed(claims(iss="somebody-else")),
        signed(claims(sub="nobody")),
        signed(claims(fam=7)),
        signed(claims(roles={str(VENUE): 4})),
        signed(claims(exp="tomorrow")),
        signed(claims(exp=10**30)),
        signed(claims(exp=True)),
        signed(claims(ver="3")),
        signed(claims(roles=["owner"])),
        signed(claims(roles={str(VENUE): "emperor"})),
        signed(claims(everywhere=None)),
        signed(claims(iat=int(NOW.timestamp()) + 60)),
        *(signed(without(name)) for name in ("aud", "iss", "exp", "sub", "ver", "fam", "roles")),
    ],
)
def test_a_token_that_proves_nothing_is_refused(token: str) -> None:
    """Each of these opened a door somewhere; here all are 401 and none is a crash."""
    with pytest.raises(TokenInvalid) as caught:
        Tokens(RING).verify(token, now=NOW)
    assert caught.value.refusal().code is Code.UNAUTHENTICATED
    assert not token or token not in str(caught.value)


def test_a_changed_letter_breaks_the_signature() -> None:
    """The payload is readable by everyone and must be writable by nobody else."""
    header, payload, proof = Tokens(RING).issue(GRANT, now=NOW).split(".")
    told = json.loads(base64.urlsafe_b64decode(payload + "=="))
    told["everywhere"] = "owner"
    forged = base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()
    with pytest.raises(TokenInvalid):
        Tokens(RING).verify(f"{header}.{forged}.{proof}", now=NOW)


def test_tokens_outlive_one_rotation_of_the_keys() -> None:
    """Turning the keys over throws nobody out; after the second turn the key is gone."""
    token = Tokens(RING).issue(GRANT, now=NOW)
    turned = RING.rotated()
    assert turned.current is RING.keys[1], "the published next key is the one that signs"
    assert Tokens(turned).verify(token, now=NOW).user_id == GRANT.user_id
    with pytest.raises(TokenInvalid):
        Tokens(turned.rotated()).verify(token, now=NOW)


def test_the_published_keys_verify_and_hold_nothing_private() -> None:
    """Other services verify with this document alone."""
    document = RING.jwks()
    assert [key["kid"] for key in document["keys"]] == [key.kid for key in RING.keys]
    assert all("d" not in key for key in document["keys"])
    key = jwt.PyJWKSet.from_dict(json.loads(json.dumps(document)))[RING.current.kid]
    token = signed(claims())
    options: Any = {"verify_exp": False, "verify_iat": False}
    assert jwt.decode(token, key.key, algorithms=["EdDSA"], audience=AUDIENCE, options=options)


def test_keys_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    """A second start with new keys would end every session of the night."""
    path = tmp_path / "keys" / "signing.pem"
    made = load_or_make_keys(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [key.kid for key in load_or_make_keys(path).keys] == [key.kid for key in made.keys]
    turned = rotate_keys(path)
    assert [key.kid for key in load_keys(path).keys] == [key.kid for key in turned.keys]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["signing.pem"]


def test_key_files_that_do_not_fit_are_refused_and_kept(tmp_path: Path) -> None:
    """Replacing an unreadable key file would be the worst way to handle it."""
    path = tmp_path / "signing.pem"
    with pytest.raises(KeysUnusable, match="can't be read"):
        load_keys(path)
    too_many = SigningKey(Ed25519PrivateKey.generate()).pem() * 4
    cut = SigningKey.fresh().pem().replace(b"\n-----END", b"!\n-----END")
    for content in (b"", b"not a key", too_many, cut):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(KeysUnusable):
            load_or_make_keys(path)
        assert path.read_bytes() == content
    path.write_bytes(RING.pem())
    path.chmod(0o644)
    with pytest.raises(KeysUnusable, match="chmod 600"):
        load_keys(path)


def test_the_nodes_secret_stays_the_same(tmp_path: Path) -> None:
    """With another one every refresh token in the field would be worthless."""
    path = tmp_path / "keys" / "refresh"
    secret = load_or_make_secret(path)
    assert len(secret) == 32
    assert load_or_make_secret(path) == secret
    path.write_bytes(b"short")
    with pytest.raises(KeysUnusable, match="5 bytes"):
        load_or_make_secret(path)


def test_a_refresh_token_can_be_made_again_and_not_made_up() -> None:
    """Rule 16: a lost answer is repeated from what is stored, and only from that."""
    tokens, other = RefreshTokens(b"k" * 32), RefreshTokens(b"o" * 32)
    token = tokens.make(GRANT.family_id, 4)
    assert tokens.make(GRANT.family_id, 4) == token
    assert tokens.read(token) == (GRANT.family_id, 4)
    family, n, proof = token.split(".")
    wrong = (
        "", "x", "\ud800", token + "\n", f"{family}.5.{proof}", f"{family}.04.{proof}",
        f"{family.upper()}.{n}.{proof[:-1]}", other.make(GRANT.family_id, 4),
    )  # fmt: skip
    for text in wrong:
        with pytest.raises(RefreshTokenInvalid):
            tokens.read(text)


def test_no_key_shows_in_a_repr() -> None:
    """Reprs end up in logs and tracebacks."""
    assert "key=" not in repr(RefreshTokens(b"k" * 32))
    assert "private" not in repr(RING)
    assert attrs.fields(RefreshTokens)
