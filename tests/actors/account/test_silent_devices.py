"""Devices that nobody has any more are forgotten, and not before."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from actors.account.syncing import decide_forget_silent_devices
from protocol.domain_limits import PUSH_SILENT_DAYS, SYNC_SILENT_DAYS
from protocol.ids import id_at
from protocol.internal.forgetting import ForgetSilentDevices
from protocol.records.platform import SyncDevice
from protocol.records.users import PushDevice
from tests.actors.account.people import ACCOUNT, a_family, a_push, a_user, an_account
from tests.actors.deciding import NOW, a_context, accepted

ASKED = a_context(ACCOUNT)


def ago(days: int, *, hours: int = 0) -> datetime:
    """So long before now."""
    return NOW - timedelta(days=days, hours=hours)


@pytest.mark.parametrize("reached", [True, False])
def test_a_push_device_goes_after_270_silent_days(reached: bool) -> None:
    """Counted from its last push, or from when it came if none ever reached it."""
    old, young = ago(PUSH_SILENT_DAYS, hours=1), ago(PUSH_SILENT_DAYS, hours=-1)

    def device(at: datetime, number: int) -> PushDevice:
        known = a_push(a_family()).evolve(device_id=f"phone {number}")
        fresh = UUID(int=(0x7 << 76) | (0x8 << 60) | number)
        made = ago(600) if reached else at
        return known.evolve(id=id_at(made, fresh), last_ok_at=at if reached else None)

    silent, heard = device(old, 1), device(young, 2)
    state = an_account(a_user(), silent, heard)
    outcome = accepted(decide_forget_silent_devices(state, ForgetSilentDevices(), ASKED))
    assert outcome.removes == (silent,)
    assert outcome.changes == ()


def test_an_offline_queue_goes_after_180_silent_days() -> None:
    """Its device would have to begin anew, which nobody notices after half a year."""

    def queue(at: datetime, name: str) -> SyncDevice:
        return SyncDevice(user_id=ACCOUNT.id, device_id=name, last_seq=3, updated_at=at)

    silent = queue(ago(SYNC_SILENT_DAYS, hours=1), "old")
    heard = queue(ago(SYNC_SILENT_DAYS, hours=-1), "young")
    state = an_account(a_user(), silent, heard)
    outcome = accepted(decide_forget_silent_devices(state, ForgetSilentDevices(), ASKED))
    assert outcome.removes == (silent,)
