"""Whether a webhook is the provider's: by a vector made apart from our code, and by breaking it."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastlight.integrations.stripe_signature import refuse_signature
from protocol.errors import Code

SECRET = "whsec_test_secret"
BODY = b'{"id":"evt_1"}'
AT = 1_700_000_000
# `printf '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test_secret`
VECTOR = "248a374f50f943a28b0f6ab50faf9a7e7e29b710fa26df9fb1618b9bf8ea9c9a"
SECRETS = ("whsec_old", SECRET)


def code_of(
    header: str | None, body: bytes = BODY, *, now_s: float = AT, secrets: tuple[str, ...] = SECRETS
) -> Code | None:
    refusal = refuse_signature(header, body, secrets=secrets, now_s=now_s)
    return None if refusal is None else refusal.code


def test_the_vector_is_right() -> None:
    """Made with another program than ours."""
    assert code_of(f"t={AT},v1={VECTOR}") is None


def test_several_signatures_and_schemes_may_stand_in_one_header() -> None:
    """While a secret is rotated the provider signs with both; `v0` is a scheme for tests."""
    assert code_of(f"t={AT},v1={'0' * 64},v1={VECTOR},v0=6ffbb59b2300aae6") is None
    assert code_of(f" t={AT} , v1={VECTOR} ") is None


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "t=,v1=",
        f"v1={VECTOR}",
        f"t={AT}",
        f"t={AT},v0={VECTOR}",
        f"t={AT + 1},v1={VECTOR}",
        f"t={AT},t={AT},v1={VECTOR}",
        f"t={AT},v1={VECTOR[:-1]}",
        f"t={AT},v1={VECTOR.upper()}",
        f"t=-{AT},v1={VECTOR}",
        f"t=1e9,v1={VECTOR}",
        f"t={'9' * 13},v1={VECTOR}",
        f"t={AT}," + ",".join(["v1=00"] * 16) + f",v1={VECTOR}",
        f"t={AT},v1={VECTOR}" + " " * 5_000,
        f"t={AT},v1=é",
    ],
)
def test_anything_else_is_no_signature(header: str | None) -> None:
    """Whatever is wrong with it, the answer is the same."""
    assert code_of(header) is Code.SIGNATURE_INVALID


def test_without_a_secret_nothing_is_right() -> None:
    """A node without a provider takes no event."""
    assert code_of(f"t={AT},v1={VECTOR}", secrets=()) is Code.SIGNATURE_INVALID


@pytest.mark.parametrize(
    ("late_s", "code"),
    [(300, None), (-300, None), (300.5, Code.SIGNATURE_STALE), (-301, Code.SIGNATURE_STALE)],
)
def test_five_minutes_either_way_are_taken(late_s: float, code: Code | None) -> None:
    """Clocks differ, but a captured request must not be good for ever. Rule 11 signature."""
    assert code_of(f"t={AT},v1={VECTOR}", now_s=AT + late_s) is code


def test_age_is_told_only_of_what_is_right() -> None:
    """Who can't sign learns nothing of our clock."""
    assert code_of(f"t={AT},v1={'0' * 64}", now_s=AT + 10_000) is Code.SIGNATURE_INVALID


@given(st.binary(max_size=200), st.binary(max_size=200), st.text(min_size=1, max_size=40))
def test_only_the_very_bytes_that_were_signed_are_right(
    signed: bytes, sent: bytes, secret: str
) -> None:
    """Over raw bytes: not over what they mean. Rule 11 signature."""
    mac = hmac.new(secret.encode(), b"%d." % AT + signed, hashlib.sha256).hexdigest()
    expected = None if signed == sent else Code.SIGNATURE_INVALID
    assert code_of(f"t={AT},v1={mac}", sent, secrets=(secret,)) is expected


@given(st.text(max_size=300))
def test_no_header_breaks_it(header: str) -> None:
    """It stands in the open."""
    assert code_of(header) is Code.SIGNATURE_INVALID
