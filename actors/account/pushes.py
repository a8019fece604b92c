"""Where a person's pushes go: at most five devices, each with its newest token."""

from __future__ import annotations

import hashlib

from actors.account.families import live_family
from actors.account.state import AccountState
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from protocol.domain_limits import PUSH_DEVICES_MAX
from protocol.errors import Code, FieldError, Refusal
from protocol.internal.notifications import DeviceGone, DeviceReached
from protocol.operations.users import RegisterDevice, RemoveDevice
from protocol.records.users import AuthSession, PushDevice
from protocol.replies.base import Done
from protocol.replies.users import DeviceRegistered


@decides(RegisterDevice)
def decide_register_device(
    state: AccountState, command: RegisterDevice, context: Context
) -> Decision:
    """Take a device's token; 200 if the device was known, 201 if it is new.

    The login that it comes with is the device's from now on: where it ends, so do the pushes.
    """
    known = _device(state, command.device_id)
    reply = DeviceRegistered(
        device_id=command.device_id, platform=command.platform, app=command.app
    )
    if known is not None:
        changed = known.revised(
            platform=command.platform, token=command.token, app=command.app, failed_at=None
        )
        return Outcome(reply=reply, status=200, changes=(changed, *_bound(state, command, context)))
    count = len(state.rows(PushDevice))
    if count >= PUSH_DEVICES_MAX:
        detail = f"{count} devices get pushes already, of {PUSH_DEVICES_MAX}; remove one first"
        errors = (FieldError("/device_id", "too_many", detail),)
        return Refusal(Code.VALIDATION_FAILED, detail, errors=errors)
    device = PushDevice(
        id=context.fresh_id(),
        user_id=state.user_id,
        device_id=command.device_id,
        platform=command.platform,
        token=command.token,
        app=command.app,
    )
    return Outcome(reply=reply, changes=(device, *_bound(state, command, context)))


@decides(RemoveDevice)
def decide_remove_device(state: AccountState, command: RemoveDevice, context: Context) -> Decision:
    """Forget a device; one that is not known is forgotten already."""
    known = _device(state, command.device_id)
    return Outcome(reply=Done(), removes=() if known is None else (known,))


@decides(DeviceGone)
def decide_device_gone(state: AccountState, command: DeviceGone, context: Context) -> Decision:
    """Whoever delivers pushes says that nobody is there: the token goes, if it is still this one.

    An app that is still there registers again when it is opened.
    """
    known = _with_token(state, command.device_id, command.token_digest)
    return Outcome(removes=() if known is None else (known,))


@decides(DeviceReached)
def decide_device_reached(
    state: AccountState, command: DeviceReached, context: Context
) -> Decision:
    """A push was taken for it: it is not silent, and not to be forgotten."""
    known = _with_token(state, command.device_id, command.token_digest)
    if known is None or (known.last_ok_at is not None and known.last_ok_at >= command.at):
        return Outcome()
    return Outcome(changes=(known.revised(last_ok_at=command.at, failed_at=None),))


def _with_token(state: AccountState, device_id: str, digest: bytes) -> PushDevice | None:
    """The device, unless it has got another token meanwhile."""
    known = _device(state, device_id)
    if known is None or hashlib.sha256(known.token.encode()).digest() != digest:
        return None
    return known


def _bound(
    state: AccountState, command: RegisterDevice, context: Context
) -> tuple[AuthSession, ...]:
    """The caller's family with the device, if it was signed in without one or with another."""
    assert context.principal is not None, "a command of the contract has a principal"
    family = live_family(state, context.principal.family_id, context.now)
    if family is None or family.device_id == command.device_id:
        return ()
    return (family.revised(device_id=command.device_id),)


def _device(state: AccountState, device_id: str) -> PushDevice | None:
    return next((one for one in state.all(PushDevice) if one.device_id == device_id), None)
