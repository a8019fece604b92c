"""What the platform decides for the whole node: who founds venues, how often anybody may ask."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from actors.platform.behaviour import PLATFORM as BEHAVIOUR
from actors.platform.founding import decide_put_venue, decide_venue_founded
from actors.platform.house_settings import decide_get_settings, decide_update_settings
from actors.platform.state import PlatformState
from actors.rules.platform_profile import PlatformProfile
from actors.rules.platform_settings import PLATFORM_SETTINGS, PlatformSettings
from actors.runtime.outcome import LATER, Context
from actors.venue.place_changes import detail_of
from lastlight.demo.place import demo_venue
from protocol.addresses import PLATFORM, ActorKind, Principal, Role
from protocol.errors import Code
from protocol.internal.administration import FoundVenue, VenueFounded
from protocol.operations.admin_settings import GetSettings, UpdateSettings
from protocol.replies.admin_settings import SettingsView
from tests.actors.deciding import (
    NOW,
    a_context,
    a_principal,
    accepted,
    after,
    refused,
    refused_with,
)
from tests.actors.venue.houses import MANAGER, OWNER, a_put

EVERYWHERE = a_principal(UUID(int=0xEE), Role.OWNER)


def by(principal: Principal = EVERYWHERE, version: int | None = None) -> Context:
    """A context of the platform."""
    return a_context(PLATFORM, principal=principal, expected_version=version)


def update(state: PlatformState, version: int | None, **settings: Any) -> Any:
    """The decision on a change."""
    return decide_update_settings(state, UpdateSettings(settings=settings), by(version=version))


def settings_shared(state: PlatformState) -> PlatformSettings:
    """What the node can see of them."""
    shared = BEHAVIOUR.share(state)
    assert isinstance(shared, PlatformProfile)
    return shared.settings


def test_owners_of_everything_found_venues() -> None:
    """An owner of one venue owns that one."""
    outcome = accepted(decide_put_venue(PlatformState(PLATFORM), a_put(), by()))
    (send,) = outcome.sends
    assert outcome.reply is LATER
    assert (send.target.kind, send.command) == (ActorKind.VENUE, FoundVenue(request=a_put()))
    assert refused_with(decide_put_venue(PlatformState(PLATFORM), a_put(), by(OWNER))) is (
        Code.FORBIDDEN
    )


def test_the_founder_is_answered_201() -> None:
    """With the venue as it was made."""
    detail = detail_of(demo_venue(NOW))
    told = decide_venue_founded(PlatformState(PLATFORM), VenueFounded(detail=detail), by())
    assert (accepted(told).reply, accepted(told).status) == (detail, 201)


def test_the_platform_shows_its_settings_to_management() -> None:
    """They are few, and none is a secret."""
    reply = accepted(decide_get_settings(PlatformState(PLATFORM), GetSettings(), by(MANAGER))).reply
    assert isinstance(reply, SettingsView)
    assert (reply.scope, reply.version) == ("platform", 1)
    assert [one.name for one in reply.settings] == list(PLATFORM_SETTINGS)
    assert {one.value for one in reply.settings} == {100, 600}


def test_a_change_holds_at_once_is_noted_and_told_to_owners() -> None:
    """What the node shares is what the door counts by."""
    state = PlatformState(PLATFORM)
    outcome = accepted(update(state, 1, rate_user_max=1_200))
    after(state, outcome)
    assert settings_shared(state) == PlatformSettings(rate_user_max=1_200)
    assert [row.action for row in outcome.appends if hasattr(row, "action")] == ["settings.changed"]
    (event,) = outcome.events
    assert (event.rooms, event.data["scope"]) == (("owner",), "platform")
    assert isinstance(outcome.reply, SettingsView)
    assert outcome.reply.version == 2
    after(state, accepted(update(state, 2, rate_user_max=None)))
    assert settings_shared(state) == PlatformSettings()
    assert refused_with(update(state, 2, rate_user_max=700)) is Code.VERSION_CONFLICT
    assert not accepted(update(state, 3, rate_user_max=600)).writes


@pytest.mark.parametrize(
    ("settings", "pointer"),
    [
        ({"rate_user_max": 19}, "/settings/rate_user_max"),
        ({"rate_user_max": 10**9}, "/settings/rate_user_max"),
        ({"rate_user_max": "600"}, "/settings/rate_user_max"),
        ({"rate_user_max": True}, "/settings/rate_user_max"),
        ({"pauses_max": 3}, "/settings/pauses_max"),
    ],
)
def test_what_makes_no_sense_is_refused(settings: dict[str, Any], pointer: str) -> None:
    """Nobody locks everybody out by a typing error."""
    refusal = refused(update(PlatformState(PLATFORM), 1, **settings))
    assert (refusal.code, refusal.errors[0].pointer) == (Code.VALIDATION_FAILED, pointer)


def test_the_platform_has_no_later_time_and_no_other_owners() -> None:
    """422 and 403; and a version is needed as anywhere."""
    state = PlatformState(PLATFORM)
    later = UpdateSettings(settings={"rate_user_max": 700}, effective_at=NOW)
    assert refused_with(decide_update_settings(state, later, by(version=1))) is (
        Code.VALIDATION_FAILED
    )
    mine = UpdateSettings(settings={"rate_user_max": 700})
    assert refused_with(decide_update_settings(state, mine, by(OWNER, 1))) is Code.FORBIDDEN
    assert refused_with(update(state, None, rate_user_max=700)) is Code.PRECONDITION_REQUIRED
