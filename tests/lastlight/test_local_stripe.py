"""A demo's own cards: nothing is made up for a provider that is not on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from lastlight.demo.local_stripe import introduce, is_local, with_local_payments
from lastlight.settings import Settings
from tests.twins.stripe_server import open_stripe_server

HERE = "http://127.0.0.1:8420"


def settings(base: str, **more: object) -> Settings:
    return Settings(data_dir=Path("data"), stripe_api_base=base, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("base", "local"),
    [(HERE, True), ("http://localhost:1", True), ("http://[::1]:1", True),
     ("https://api.stripe.com", False), ("http://10.0.0.1:8420", False)],
)  # fmt: skip
def test_what_is_on_this_machine_is_told_by_its_address(base: str, local: bool) -> None:
    """A made-up key sent elsewhere would be a puzzle for whoever reads their logs."""
    assert is_local(base) is local


def test_a_demo_beside_a_local_provider_needs_neither_key_nor_secret() -> None:
    """And what was set stays as it was set."""
    made = with_local_payments(settings(HERE))
    assert made.stripe_api_key is not None
    assert len(made.stripe_webhook_secret) == 1
    assert made.stripe_webhook_secret != with_local_payments(settings(HERE)).stripe_webhook_secret
    said = settings(HERE, stripe_api_key="sk_test_x", stripe_webhook_secret=("whsec_x",))
    assert with_local_payments(said) == said
    away = settings("https://api.stripe.com")
    assert with_local_payments(away) is away


async def test_a_provider_that_takes_no_addresses_is_no_trouble() -> None:
    """It is asked once; its webhooks are set up by whoever runs it."""
    async with open_stripe_server() as server:
        await introduce(with_local_payments(settings(server.url)), 3_000)
        assert server.at_once_most == 1
    await introduce(settings("https://api.stripe.com"), 3_000)
