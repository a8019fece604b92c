"""What the platform's settings mean to the gateway, and what the node was started with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import attrs
import msgspec

from actors.rules.platform_profile import PlatformProfile
from actors.rules.platform_settings import PlatformSettings
from actors.runtime.answers import Answer
from actors.runtime.node import Node
from lastlight.auth.ratelimit import Counted
from lastlight.gateway.calls import Call
from protocol.addresses import PLATFORM, Role
from protocol.operations.admin_settings import GetSettings

_DEFAULT: Final = PlatformSettings()


def requests_most(node: Node) -> Callable[[Counted], int]:
    """How many requests a window has by what they are counted, as the platform says now."""

    def most(counted: Counted) -> int:
        found = node.shared(PLATFORM)
        settings = found.settings if isinstance(found, PlatformProfile) else _DEFAULT
        match counted:
            case Counted.ADDRESS:
                return settings.rate_address_max
            case Counted.USER:
                return settings.rate_user_max
            case Counted.FAMILY:
                return settings.rate_family_max

    return most


def with_system(system: Mapping[str, object], call: Call, answer: Answer) -> Answer:
    """Add to the platform's settings what the node was started with, for owners of everything.

    Secrets are masked in `system` already.
    """
    command = call.command
    if not isinstance(command, GetSettings) or command.venue_id is not None:
        return answer
    if answer.refusal is not None or call.signed_in.everywhere < Role.OWNER:
        return answer
    body = {**msgspec.json.decode(answer.body), "system": system}
    return attrs.evolve(answer, body=msgspec.json.encode(body))
