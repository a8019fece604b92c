"""The offline queues of a person's devices: how far each was taken (Rule 12)."""

from __future__ import annotations

from datetime import timedelta

from actors.account.state import AccountState
from actors.rules.offline import refuse_gap
from actors.rules.sos import time_of_id
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from protocol.domain_limits import PUSH_SILENT_DAYS, SYNC_DEVICES_MAX, SYNC_SILENT_DAYS
from protocol.errors import Code, Refusal
from protocol.internal.forgetting import ForgetSilentDevices
from protocol.internal.sync import AdvanceDevice, CheckDevice, DevicePlace
from protocol.records.base import Record
from protocol.records.platform import SyncDevice
from protocol.records.users import PushDevice
from protocol.replies.base import Done


@decides(CheckDevice)
def decide_check_device(state: AccountState, command: CheckDevice, context: Context) -> Decision:
    """Tell where a queue stands, or that something is missing in between."""
    known = state.get(SyncDevice, state.user_id, command.device_id)
    if known is None and len(state.rows(SyncDevice)) >= SYNC_DEVICES_MAX:
        return Refusal(
            Code.VALIDATION_FAILED,
            f"{SYNC_DEVICES_MAX} devices of this account keep queues already; use one of them",
        )
    last_seq = 0 if known is None else known.last_seq
    refusal = refuse_gap(command.device_id, last_seq, command.first_seq)
    return refusal or Outcome(reply=DevicePlace(last_seq=last_seq))


@decides(AdvanceDevice)
def decide_advance_device(
    state: AccountState, command: AdvanceDevice, context: Context
) -> Decision:
    """Note how far a queue was taken; never back."""
    known = state.get(SyncDevice, state.user_id, command.device_id)
    if known is not None and known.last_seq >= command.last_seq:
        return Outcome(reply=DevicePlace(last_seq=known.last_seq))
    row = SyncDevice(
        user_id=state.user_id,
        device_id=command.device_id,
        last_seq=command.last_seq,
        clock_skew_ms=command.clock_skew_ms,
        updated_at=context.now,
        version=1 if known is None else known.version + 1,
    )
    return Outcome(reply=DevicePlace(last_seq=row.last_seq), changes=(row,))


@decides(ForgetSilentDevices)
def decide_forget_silent_devices(
    state: AccountState, command: ForgetSilentDevices, context: Context
) -> Decision:
    """Let go of what was heard of last so long ago that nobody has the device any more.

    A device that no push ever reached is as old as its row.
    """
    pushes = context.now - timedelta(days=PUSH_SILENT_DAYS)
    queues = context.now - timedelta(days=SYNC_SILENT_DAYS)
    gone: list[Record] = []
    for push in state.all(PushDevice):
        heard_of = push.last_ok_at or time_of_id(push.id)
        if heard_of is not None and heard_of < pushes:
            gone.append(push)
    gone += [queue for queue in state.all(SyncDevice) if queue.updated_at < queues]
    return Outcome(reply=Done(), removes=tuple(gone))
