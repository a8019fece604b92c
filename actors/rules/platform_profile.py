"""What the platform shares with its node: its settings, and exclusions without an account."""

from __future__ import annotations

import attrs

from actors.rules.platform_settings import PlatformSettings
from protocol.records.runtime import KeptExclusion


@attrs.frozen(kw_only=True)
class PlatformProfile:
    """The platform's settings in force, and the exclusions that outlived their accounts."""

    settings: PlatformSettings = attrs.field(factory=PlatformSettings)
    kept: tuple[KeptExclusion, ...] = ()
