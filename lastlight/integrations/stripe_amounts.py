"""Amounts as the provider counts them, where that is not as ISO 4217 does.

Amounts here are in the minor unit of ISO 4217: yen for JPY, cents for USD, fils for KWD. The
provider takes the same but for a few currencies (docs.stripe.com/currencies, "Special cases"):
ISK and UGX have no minor unit any more and are still written in hundredths; MGA is written whole;
and of the currencies with three decimals the last digit must be 0.
"""

from __future__ import annotations

from typing import Final

HUNDREDTHS: Final = frozenset({"ISK", "UGX"})
WHOLE: Final = frozenset({"MGA"})
IN_TENS: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def to_provider(amount_minor: int, currency: str) -> int:
    """What to send for an amount.

    Raises:
        ValueError: the provider takes no such amount of this currency.
    """
    code = currency.upper()
    if code in HUNDREDTHS:
        return amount_minor * 100
    if code in WHOLE:
        if amount_minor % 100:
            raise ValueError(f"{amount_minor} minor of {code} is no whole unit")
        return amount_minor // 100
    if code in IN_TENS and amount_minor % 10:
        raise ValueError(f"{amount_minor} minor of {code} does not end in 0")
    return amount_minor


def from_provider(amount: int, currency: str) -> int:
    """What an amount of the provider is in the minor unit."""
    code = currency.upper()
    if code in HUNDREDTHS:
        return amount // 100
    return amount * 100 if code in WHOLE else amount
