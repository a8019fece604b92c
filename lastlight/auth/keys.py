"""The keys that sign access tokens: made once, kept for their owner's eyes, turned over in steps.

A ring holds the current key, the next one, which is published before it signs so that no verifier
meets an unknown key, and the one before, until its last token has ended. One PEM file holds them in
that order; its mode is 0600 and it is never written in place.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Final

import attrs
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from protocol.errors import LastLightError
from protocol.limits import SIGNING_KEYS_MAX

_PEM_END: Final = b"-----END PRIVATE KEY-----"
SECRET_BYTES: Final = 32


class KeysUnusable(LastLightError):
    """A key file is there but can't be used; nothing was written over it."""


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


@attrs.frozen(eq=False)
class SigningKey:
    """One Ed25519 key; `kid` is its RFC 7638 thumbprint, so the same key always has one name."""

    private: Ed25519PrivateKey = attrs.field(repr=False)
    kid: str = attrs.field(init=False)

    @kid.default
    def _thumbprint(self) -> str:
        members = json.dumps(self._members(), sort_keys=True, separators=(",", ":"))
        return _base64url(hashlib.sha256(members.encode("ascii")).digest())

    @classmethod
    def fresh(cls) -> SigningKey:
        """A new key from the system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @property
    def public(self) -> Ed25519PublicKey:
        """The half that may be known."""
        return self.private.public_key()

    def _members(self) -> dict[str, str]:
        return {"crv": "Ed25519", "kty": "OKP", "x": _base64url(self.public.public_bytes_raw())}

    def jwk(self) -> dict[str, str]:
        """The public half as RFC 8037 writes it."""
        return {**self._members(), "kid": self.kid, "use": "sig", "alg": "EdDSA"}

    def pem(self) -> bytes:
        """The private half, PKCS 8 without a passphrase."""
        return self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


@attrs.frozen(eq=False)
class KeyRing:
    """Between one and SIGNING_KEYS_MAX keys; the first signs, all verify."""

    keys: tuple[SigningKey, ...]

    def __attrs_post_init__(self) -> None:
        if not 1 <= len(self.keys) <= SIGNING_KEYS_MAX:
            raise KeysUnusable(
                f"a key ring of {len(self.keys)} keys; it holds 1 to {SIGNING_KEYS_MAX}, "
                "the current first"
            )

    @classmethod
    def fresh(cls) -> KeyRing:
        """A current and a next key, both new."""
        return cls((SigningKey.fresh(), SigningKey.fresh()))

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        return self.keys[0]

    def find(self, kid: str) -> SigningKey | None:
        """The key of that name, or None if no token with it should be alive."""
        return next((key for key in self.keys if key.kid == kid), None)

    def rotated(self) -> KeyRing:
        """The next key signs, a new one is published, the current one still verifies.

        Two rotations within ACCESS_TOKEN_S would end tokens before their time.
        """
        following = self.keys[1] if len(self.keys) > 1 else SigningKey.fresh()
        return KeyRing((following, SigningKey.fresh(), self.current))

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The document of `/.well-known/jwks.json` (RFC 7517): no private member in it."""
        return {"keys": [key.jwk() for key in self.keys]}

    def pem(self) -> bytes:
        """All keys, in their order."""
        return b"".join(key.pem() for key in self.keys)


def _ring_of(content: bytes, path: Path) -> KeyRing:
    blocks = [block + _PEM_END for block in content.split(_PEM_END)[:-1]]
    keys = []
    for number, block in enumerate(blocks, 1):
        try:
            private = serialization.load_pem_private_key(block.lstrip(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeysUnusable(f"key {number} in {path} can't be read: {error}") from None
        if not isinstance(private, Ed25519PrivateKey):
            raise KeysUnusable(f"key {number} in {path} is not Ed25519; make one that is")
        keys.append(SigningKey(private))
    if not keys:
        raise KeysUnusable(f"{path} holds no PEM private key; move it away to have one made")
    return KeyRing(tuple(keys))


def _read_private(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode & 0o777
        if mode & 0o007:
            raise KeysUnusable(f"{path} may be read by everyone (mode {mode:o}); chmod 600 it")
        return file.read()


def _write_private(path: Path, content: bytes) -> None:
    """Put `content` at `path` for its owner alone: wholly, or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    written.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load_keys(path: Path) -> KeyRing:
    """Read a ring that somebody made.

    Raises:
        KeysUnusable: there is no file, everyone may read it, or it holds anything but Ed25519 keys.
    """
    try:
        return _ring_of(_read_private(path), path)
    except OSError as error:
        raise KeysUnusable(f"key file {path} can't be read: {error.strerror}") from error


def load_or_make_keys(path: Path) -> KeyRing:
    """Read the node's own ring, or make it if there is none yet.

    Raises:
        KeysUnusable: as `load_keys`. A file that is there is never replaced.
    """
    if not path.exists():
        _write_private(path, KeyRing.fresh().pem())
    return load_keys(path)


def rotate_keys(path: Path) -> KeyRing:
    """Turn the ring at `path` over by one key; a running node takes it at its next start.

    Raises:
        KeysUnusable: as `load_keys`.
    """
    ring = load_keys(path).rotated()
    _write_private(path, ring.pem())
    return ring


def load_or_make_secret(path: Path) -> bytes:
    """The node's own SECRET_BYTES of randomness, such as the key under refresh tokens.

    Raises:
        KeysUnusable: it can't be read, everyone may read it, or it has another length.
    """
    if not path.exists():
        _write_private(path, secrets.token_bytes(SECRET_BYTES))
    try:
        secret = _read_private(path)
    except OSError as error:
        raise KeysUnusable(f"secret {path} can't be read: {error.strerror}") from error
    if len(secret) != SECRET_BYTES:
        raise KeysUnusable(f"secret {path} has {len(secret)} bytes, not {SECRET_BYTES}")
    return secret
