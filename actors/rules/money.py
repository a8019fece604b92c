"""Tax and shares of money, in whole minor units (Rule 1).

Nothing here touches a float. Parts of an amount always add up to the amount, whatever the
rounding, and what is undone has exactly the size of what was done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

BASIS_POINTS: Final = 10_000


def tax_of(gross_minor: int, rate_bp: int) -> int:
    """The tax inside a tax-inclusive amount: round-half-up(gross·bp / (10000 + bp)) (Rule 1).

    A negative amount (a refund, a mirror) has the negative of its opposite's tax, so that a mirror
    undoes a line to the unit.
    """
    assert rate_bp >= 0
    if gross_minor < 0:
        return -tax_of(-gross_minor, rate_bp)
    divisor = BASIS_POINTS + rate_bp
    return (2 * gross_minor * rate_bp + divisor) // (2 * divisor)


def tax_of_step(before_minor: int, after_minor: int, rate_bp: int) -> int:
    """The tax of one step of a growing charge, so that all steps together have the tax of the sum.

    Ticks post a charge in pieces; rounding each piece by itself would make the tax depend on when
    the ticks came (Rule 3, law a).
    """
    return tax_of(after_minor, rate_bp) - tax_of(before_minor, rate_bp)


def share_of(amount_minor: int, *, before: int, part: int, whole: int) -> int:
    """What belongs to `part` of `whole` units when `before` of them had their share already.

    Successive parts that make up the whole add up to `amount_minor` exactly: this is how a line is
    refunded piece by piece (Rule 10).
    """
    assert 0 <= before <= before + part <= whole
    assert whole > 0
    return amount_minor * (before + part) // whole - amount_minor * before // whole


def allot(amount_minor: int, weights: Sequence[int]) -> tuple[int, ...]:
    """`amount_minor` in shares as `weights`, adding up exactly; earlier shares get no less.

    Raises:
        ValueError: a weight is negative, or all are zero while there is something to share.
    """
    total = sum(weights)
    if any(weight < 0 for weight in weights) or (total == 0 and amount_minor != 0):
        raise ValueError(f"cannot share {amount_minor} by the weights {list(weights)}")
    if total == 0:
        return (0,) * len(weights)
    shares = [amount_minor * weight // total for weight in weights]
    # The units that flooring left over go to those who lost most by it, first come first.
    by_loss = sorted(range(len(weights)), key=lambda n: (-(amount_minor * weights[n] % total), n))
    for n in by_loss[: amount_minor - sum(shares)]:
        shares[n] += 1
    return tuple(shares)
