"""What people do with their own account: profile, preferences, limits, devices, export, end."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Final
from uuid import UUID

import attrs

from protocol.addresses import Role
from protocol.bounds import PREPARED, integer, items, text
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.domain_limits import PREFERENCES_MAX
from protocol.errors import FieldError
from protocol.operations.addresses import gateway, own_account, query
from protocol.operations.base import KeyRule, Operation, in_category
from protocol.records.states import LimitKind, LimitPeriod, PushPlatform
from protocol.replies.users import (
    DeviceRegistered,
    ErasureTaken,
    ExportJob,
    Limits,
    Preferences,
    Profile,
)
from protocol.values import (
    Amount,
    DeviceId,
    Email,
    EmergencyContact,
    GivenPassword,
    Locale,
    Name,
    Phone,
    Pin,
    PreparedText,
    PreparedVersion,
    QuietHours,
    Verdict,
)

MINUTES_MAX: Final = 30 * 24 * 60
"""Thirty days: the longest period that a limit of time counts."""


class Clearable(enum.StrEnum):
    """What a profile may be without."""

    PHONE = "phone"
    AVATAR = "avatar"
    EMERGENCY_CONTACT = "emergency_contact"


class Switch(enum.StrEnum):
    """What somebody can have told to them, and how."""

    PUSH = "push"
    EMAIL = "email"
    SMS = "sms"
    VISITS = "visits"
    WALLET = "wallet"
    RESERVATIONS = "reservations"
    OFFERS = "offers"
    SAFETY = "safety"
    SECURITY = "security"


ALWAYS_ON: Final = (Switch.SAFETY, Switch.SECURITY)


@command
class GetOwnProfile(Command):
    """The caller's own profile, roles, limits and exclusions."""


@command
class UpdateOwnProfile(Command):
    """Change what is given; `clear` names what is to be empty.

    A new e-mail address is confirmed by a code that is sent to it. PINs are for people who work
    at a venue, and take the password.
    """

    display_name: Name | None = None
    phone: Phone | None = None
    locale: Locale | None = None
    emergency_contact: EmergencyContact | None = None
    avatar: Annotated[str, text(min=1, max=300, pattern=r"[!-~]+")] | None = None
    email: Email | None = None
    birth_date: date | None = None
    clear: Annotated[tuple[Clearable, ...], items(0, 3)] = ()
    pin: Pin | None = None
    duress_pin: Pin | None = None
    current_password: GivenPassword | None = None
    verdict: Annotated[Verdict | None, PREPARED] = None
    credentials_version: PreparedVersion = None
    pin_hash: PreparedText = None
    duress_pin_hash: PreparedText = None
    new_code: PreparedText = None

    def faults(self) -> Iterable[FieldError]:
        """A value that is both given and cleared is neither; the two PINs must differ."""
        for index, name in enumerate(self.clear):
            if getattr(self, name.value) is not None:
                yield FieldError(f"/clear/{index}", "not_allowed", f"{name.value} is given as well")
        if self.pin is not None and self.pin == self.duress_pin:
            yield FieldError("/duress_pin", "not_allowed", "must be another than the PIN")
        if (self.pin or self.duress_pin) and self.current_password is None:
            yield FieldError("/current_password", "required", "a PIN is set with the password")


@command
class RequestErasure(Command):
    """Have the account erased after seven days; `forfeit` gives up what is left in the wallet."""

    forfeit: bool = False


@command
class GetPreferences(Command):
    """App settings, channels, quiet hours, accessibility and consent."""


@command
class ReplacePreferences(Command):
    """All preferences anew: what is left out is as it was at the beginning."""

    locale: Locale | None = None
    channels: Annotated[Mapping[Switch, bool], items(0, len(Switch))] = attrs.field(factory=dict)
    quiet_hours: QuietHours | None = None
    marketing_consent: bool = False
    analytics_opt_out: bool = False
    accessibility: Annotated[
        Mapping[
            Annotated[str, text(min=1, max=40, pattern=r"[a-z0-9_]+")],
            Annotated[str, text(max=100)] | bool | Annotated[int, integer(0, 1000)],
        ],
        items(0, PREFERENCES_MAX),
    ] = attrs.field(factory=dict)

    def faults(self) -> Iterable[FieldError]:
        """Notices of safety and security can't be switched off."""
        for switch in ALWAYS_ON:
            if self.channels.get(switch) is False:
                detail = f"{switch.value} notices can't be switched off"
                yield FieldError(f"/channels/{switch.value}", "not_allowed", detail)


@command
class GetLimits(Command):
    """Own limits with what is used of them, and what keeps the caller out."""


@command
class SetLimits(Command):
    """Set one own limit: `amount_minor` for money, `minutes` for time, neither with `remove`.

    Lowering acts at once. Raising and removing wait for 24 h and are confirmed by the same
    request again; else they lapse (Rule 7).
    """

    kind: LimitKind
    period: LimitPeriod
    amount_minor: Amount | None = None
    minutes: Annotated[int, integer(0, MINUTES_MAX)] | None = None
    remove: bool = False

    def faults(self) -> Iterable[FieldError]:
        """Exactly what the kind is measured in."""
        right, wrong = ("minutes", "amount_minor")
        if self.kind is not LimitKind.TIME:
            right, wrong = wrong, right
        if getattr(self, wrong) is not None:
            yield FieldError(f"/{wrong}", "not_allowed", f"{self.kind.value} is in {right}")
        if (getattr(self, right) is None) is not self.remove:
            detail = "the limit, or remove: true to have none"
            yield FieldError(f"/{right}", "not_allowed" if self.remove else "required", detail)

    @property
    def wished(self) -> int | None:
        """Minor units or minutes; None for no limit."""
        return self.minutes if self.kind is LimitKind.TIME else self.amount_minor


@command
class ExportOwnData(Command):
    """Have everything that is held about the caller put together."""


@command
class DownloadExport(Command):
    """The finished copy of one's data."""

    job_id: UUID


@command
class RegisterDevice(Command):
    """Where the caller's pushes go; a device known already gets the new token."""

    device_id: DeviceId
    platform: PushPlatform
    token: Annotated[str, text(min=1, max=1000, pattern=r"[!-~]+", secret=True)]
    app: Annotated[str, text(min=1, max=100)] = "patron"


@command
class RemoveDevice(Command):
    """Forget a push token."""

    device_id: DeviceId


_ACCEPTED: Final = KeyRule.ACCEPTED

# fmt: off
OPERATIONS: Final = in_category(
    "Users",
    Operation(
        GetOwnProfile, Role.PATRON, "GET /api/users/me", query("own_profile"), Profile,
        summary="Own profile, roles per venue, active limits and exclusions.",
    ),
    Operation(
        UpdateOwnProfile, Role.PATRON, "PATCH /api/users/me", own_account, Profile,
        summary="Change the own profile; a new e-mail address is confirmed by a code.",
        key=_ACCEPTED, precondition=True, socket=False, prepare=("prove_profile", "mint_code"),
        errors=(
            Code.EMAIL_TAKEN, Code.FIELD_LOCKED, Code.UNDER_MINIMUM_AGE, Code.INVALID_CREDENTIALS,
            Code.LOGIN_LOCKED,
        ),
    ),
    Operation(
        RequestErasure, Role.PATRON, "DELETE /api/users/me", own_account, ErasureTaken,
        summary="Have the account erased after seven days; signing in meanwhile keeps it.",
        status=202, key=_ACCEPTED, ended=True,
        errors=(Code.SESSION_ACTIVE, Code.BALANCE_OUTSTANDING, Code.LAST_OWNER),
        emits=("auth.session_revoked",),
    ),
    Operation(
        GetPreferences, Role.PATRON, "GET /api/users/me/preferences", query("own_preferences"),
        Preferences,
        summary="App settings, notification channels, quiet hours, accessibility, consent.",
    ),
    Operation(
        ReplacePreferences, Role.PATRON, "PUT /api/users/me/preferences", own_account, Preferences,
        summary="Replace the preferences; safety and security notices stay on.",
        key=_ACCEPTED, precondition=True,
    ),
    Operation(
        GetLimits, Role.PATRON, "GET /api/users/me/limits", own_account, Limits,
        summary="Own limits with used and remaining, pending raises, running exclusions.",
    ),
    Operation(
        SetLimits, Role.PATRON, "PUT /api/users/me/limits", own_account, Limits,
        summary="Lower a limit at once, or raise it after 24 h and a second confirmation.",
        key=_ACCEPTED, errors=(Code.LIMIT_CHANGE_PENDING,), emits=("safety.exclusion_changed",),
    ),
    Operation(
        ExportOwnData, Role.PATRON, "GET /api/users/me/export", own_account, ExportJob,
        summary="Have everything held about the caller put into a zip of JSON, once a day.",
        status=202, emits=("system.notification",),
    ),
    Operation(
        DownloadExport, Role.PATRON, "GET /api/users/me/exports/{job_id}", gateway, None,
        summary="The finished zip; the link is good for seven days.",
        media="application/zip", socket=False,
    ),
    Operation(
        RegisterDevice, Role.PATRON, "POST /api/users/me/devices", own_account, DeviceRegistered,
        summary="Register a push token of a device; at most five devices.",
        status=201, also=(200,), key=_ACCEPTED,
    ),
    Operation(
        RemoveDevice, Role.PATRON, "DELETE /api/users/me/devices/{device_id}", own_account, None,
        summary="Forget a push token.",
        status=204, key=_ACCEPTED,
    ),
)
# fmt: on
