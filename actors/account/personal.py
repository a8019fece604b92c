"""What the account decides of its person, besides money and signing in: all topics in one place."""

from __future__ import annotations

from typing import Final

from actors.account import (
    age,
    erasure,
    exclusions,
    exports,
    forfeiting,
    own_limits,
    preferences,
    profile,
    pushes,
    status,
)
from protocol.reads import Read, Since
from protocol.records.platform import ErasureJob

MODULES: Final = (
    profile,
    preferences,
    pushes,
    own_limits,
    exclusions,
    age,
    status,
    erasure,
    forfeiting,
    exports,
)
READS: Final = (
    # A finished copy has a link for seven days.
    Read(ErasureJob, by="user_id", where=(Since("done_at", 8 * 24 * 3600),)),
)
