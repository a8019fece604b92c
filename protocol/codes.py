"""The codes of all problems, with the HTTP status of each: one table, total by a test.

The enumeration stands in order of status; a code is retryable if the same request, unchanged, may
succeed later.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

import attrs


class Code(enum.StrEnum):
    """The `code` of a problem document."""

    IDEMPOTENCY_KEY_REQUIRED = "idempotency_key_required"
    MALFORMED_REQUEST = "malformed_request"
    SIGNATURE_INVALID = "signature_invalid"
    SIGNATURE_STALE = "signature_stale"
    INVALID_CREDENTIALS = "invalid_credentials"
    REFRESH_INVALID = "refresh_invalid"
    REFRESH_REUSED = "refresh_reused"
    UNAUTHENTICATED = "unauthenticated"
    INSUFFICIENT_CREDITS = "insufficient_credits"
    ACCOUNT_SUSPENDED = "account_suspended"
    AGE_UNVERIFIED = "age_unverified"
    ALCOHOL_REFUSED = "alcohol_refused"
    APPROVAL_LIMIT_EXCEEDED = "approval_limit_exceeded"
    BANNED = "banned"
    EXCLUDED = "excluded"
    FORBIDDEN = "forbidden"
    FORBIDDEN_FIELD = "forbidden_field"
    GEOFENCE_OUTSIDE = "geofence_outside"
    LOCATION_UNTRUSTED = "location_untrusted"
    SELF_ACK = "self_ack"
    SELF_APPROVAL = "self_approval"
    SIGNATURE_REQUIRED = "signature_required"
    SPEND_LIMIT_REACHED = "spend_limit_reached"
    STEP_UP_REQUIRED = "step_up_required"
    TOPUP_LIMIT_REACHED = "topup_limit_reached"
    TRANSFER_NOT_ALLOWED = "transfer_not_allowed"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    ACTIVITY_NOT_PAUSABLE = "activity_not_pausable"
    ALREADY_ACKNOWLEDGED = "already_acknowledged"
    ALREADY_VERIFIED = "already_verified"
    ASSET_TAG_TAKEN = "asset_tag_taken"
    ASSIGNEE_OFF_DUTY = "assignee_off_duty"
    BALANCE_OUTSTANDING = "balance_outstanding"
    BALANCE_WOULD_BE_NEGATIVE = "balance_would_be_negative"
    BUSINESS_DAY_CLOSED = "business_day_closed"
    CAPACITY_FULL = "capacity_full"
    CHECK_CLOSED = "check_closed"
    CURRENCY_LOCKED = "currency_locked"
    DEVICE_SEQUENCE_GAP = "device_sequence_gap"
    DRAWER_IN_USE = "drawer_in_use"
    EMAIL_TAKEN = "email_taken"
    EXCLUSION_ACTIVE = "exclusion_active"
    HANDOVER_REQUIRED = "handover_required"
    HOLD_SETTLED = "hold_settled"
    IDEMPOTENCY_IN_PROGRESS = "idempotency_in_progress"
    INCIDENT_CLOSED = "incident_closed"
    INTERVENTION_CLOSED = "intervention_closed"
    INTERVENTION_OPEN = "intervention_open"
    INVALID_TRANSITION = "invalid_transition"
    ITEM_UNAVAILABLE = "item_unavailable"
    LAST_OWNER = "last_owner"
    LIMIT_CHANGE_PENDING = "limit_change_pending"
    METHOD_IN_USE = "method_in_use"
    METHOD_LIMIT = "method_limit"
    NAME_TAKEN = "name_taken"
    NO_OPEN_SHIFT = "no_open_shift"
    NOT_ENOUGH_HISTORY = "not_enough_history"
    OPEN_ORDERS_EXIST = "open_orders_exist"
    PAUSE_QUOTA_USED = "pause_quota_used"
    PAYMENT_EXISTS = "payment_exists"
    PAYMENT_FINAL = "payment_final"
    PRICE_CHANGED = "price_changed"
    RECEIPT_NOT_READY = "receipt_not_ready"
    RECIPIENT_UNAVAILABLE = "recipient_unavailable"
    REFUND_DECIDED = "refund_decided"
    REFUND_EXCEEDS_REMAINDER = "refund_exceeds_remainder"
    REFUND_PENDING = "refund_pending"
    REFUND_WINDOW_CLOSED = "refund_window_closed"
    ROOM_RESERVED = "room_reserved"
    SAFETY_HOLD_ACTIVE = "safety_hold_active"
    SCHEDULE_OVERLAP = "schedule_overlap"
    SERVICE_STOPPED = "service_stopped"
    SESSION_ACTIVE = "session_active"
    SESSION_CLOSED = "session_closed"
    SESSION_NOT_VOIDABLE = "session_not_voidable"
    SESSION_VOIDED = "session_voided"
    SHIFT_ALREADY_OPEN = "shift_already_open"
    SKU_TAKEN = "sku_taken"
    STATION_BUSY = "station_busy"
    STATION_OUT_OF_ORDER = "station_out_of_order"
    STOCK_WOULD_BE_NEGATIVE = "stock_would_be_negative"
    TILL_CLOSED = "till_closed"
    TILL_NOT_OPEN = "till_not_open"
    TILL_OPEN = "till_open"
    TIME_LIMIT_REACHED = "time_limit_reached"
    TIP_ALREADY_ADDED = "tip_already_added"
    TIP_WINDOW_CLOSED = "tip_window_closed"
    TRANSACTION_NOT_PAYABLE = "transaction_not_payable"
    TRANSACTION_NOT_REFUNDABLE = "transaction_not_refundable"
    TRANSACTION_NOT_VOIDABLE = "transaction_not_voidable"
    VENUE_CLOSED = "venue_closed"
    CURSOR_EXPIRED = "cursor_expired"
    HOLD_EXPIRED = "hold_expired"
    QR_EXPIRED = "qr_expired"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    VERSION_CONFLICT = "version_conflict"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    ALCOHOL_DATA_MISSING = "alcohol_data_missing"
    AMOUNT_OUT_OF_RANGE = "amount_out_of_range"
    DOCUMENT_EXPIRED = "document_expired"
    FIELD_LOCKED = "field_locked"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    JOURNAL_UNBALANCED = "journal_unbalanced"
    LOCATION_INACCURATE = "location_inaccurate"
    OUTSIDE_OPENING_HOURS = "outside_opening_hours"
    QUANTITY_LIMIT = "quantity_limit"
    RATE_BAND_OVERLAP = "rate_band_overlap"
    REST_RULE_VIOLATED = "rest_rule_violated"
    SETTING_BELOW_FLOOR = "setting_below_floor"
    UNDER_MINIMUM_AGE = "under_minimum_age"
    VALIDATION_FAILED = "validation_failed"
    PRECONDITION_REQUIRED = "precondition_required"
    LOGIN_LOCKED = "login_locked"
    RATE_LIMITED = "rate_limited"
    INTERNAL = "internal"
    PROVIDER_ERROR = "provider_error"
    ACTOR_UNAVAILABLE = "actor_unavailable"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    STALE_READ = "stale_read"
    OUTCOME_UNKNOWN = "outcome_unknown"
    STARTING = "starting"


@attrs.frozen
class ProblemKind:
    """What a code means to HTTP: its status, and whether the same request may succeed later."""

    status: int
    retryable: bool


# fmt: off
_STATUSES: Final[Mapping[int, tuple[Code, ...]]] = {
    400: (
        Code.IDEMPOTENCY_KEY_REQUIRED, Code.MALFORMED_REQUEST, Code.SIGNATURE_INVALID,
        Code.SIGNATURE_STALE,
    ),
    401: (
        Code.INVALID_CREDENTIALS, Code.REFRESH_INVALID, Code.REFRESH_REUSED,
        Code.UNAUTHENTICATED,
    ),
    402: (
        Code.INSUFFICIENT_CREDITS,
    ),
    403: (
        Code.ACCOUNT_SUSPENDED, Code.AGE_UNVERIFIED, Code.ALCOHOL_REFUSED,
        Code.APPROVAL_LIMIT_EXCEEDED, Code.BANNED, Code.EXCLUDED, Code.FORBIDDEN,
        Code.FORBIDDEN_FIELD, Code.GEOFENCE_OUTSIDE, Code.LOCATION_UNTRUSTED, Code.SELF_ACK,
        Code.SELF_APPROVAL, Code.SIGNATURE_REQUIRED, Code.SPEND_LIMIT_REACHED,
        Code.STEP_UP_REQUIRED, Code.TOPUP_LIMIT_REACHED, Code.TRANSFER_NOT_ALLOWED,
    ),
    404: (
        Code.NOT_FOUND,
    ),
    405: (
        Code.METHOD_NOT_ALLOWED,
    ),
    409: (
        Code.ACTIVITY_NOT_PAUSABLE, Code.ALREADY_ACKNOWLEDGED, Code.ALREADY_VERIFIED,
        Code.ASSET_TAG_TAKEN, Code.ASSIGNEE_OFF_DUTY, Code.BALANCE_OUTSTANDING,
        Code.BALANCE_WOULD_BE_NEGATIVE, Code.BUSINESS_DAY_CLOSED, Code.CAPACITY_FULL,
        Code.CHECK_CLOSED, Code.CURRENCY_LOCKED, Code.DEVICE_SEQUENCE_GAP, Code.DRAWER_IN_USE,
        Code.EMAIL_TAKEN, Code.EXCLUSION_ACTIVE, Code.HANDOVER_REQUIRED, Code.HOLD_SETTLED,
        Code.IDEMPOTENCY_IN_PROGRESS, Code.INCIDENT_CLOSED, Code.INTERVENTION_CLOSED,
        Code.INTERVENTION_OPEN, Code.INVALID_TRANSITION, Code.ITEM_UNAVAILABLE, Code.LAST_OWNER,
        Code.LIMIT_CHANGE_PENDING, Code.METHOD_IN_USE, Code.METHOD_LIMIT, Code.NAME_TAKEN,
        Code.NO_OPEN_SHIFT, Code.NOT_ENOUGH_HISTORY, Code.OPEN_ORDERS_EXIST,
        Code.PAUSE_QUOTA_USED, Code.PAYMENT_EXISTS, Code.PAYMENT_FINAL, Code.PRICE_CHANGED,
        Code.RECEIPT_NOT_READY, Code.RECIPIENT_UNAVAILABLE, Code.REFUND_DECIDED,
        Code.REFUND_EXCEEDS_REMAINDER, Code.REFUND_PENDING, Code.REFUND_WINDOW_CLOSED,
        Code.ROOM_RESERVED, Code.SAFETY_HOLD_ACTIVE, Code.SCHEDULE_OVERLAP,
        Code.SERVICE_STOPPED, Code.SESSION_ACTIVE, Code.SESSION_CLOSED,
        Code.SESSION_NOT_VOIDABLE, Code.SESSION_VOIDED, Code.SHIFT_ALREADY_OPEN, Code.SKU_TAKEN,
        Code.STATION_BUSY, Code.STATION_OUT_OF_ORDER, Code.STOCK_WOULD_BE_NEGATIVE,
        Code.TILL_CLOSED, Code.TILL_NOT_OPEN, Code.TILL_OPEN, Code.TIME_LIMIT_REACHED,
        Code.TIP_ALREADY_ADDED, Code.TIP_WINDOW_CLOSED, Code.TRANSACTION_NOT_PAYABLE,
        Code.TRANSACTION_NOT_REFUNDABLE, Code.TRANSACTION_NOT_VOIDABLE, Code.VENUE_CLOSED,
    ),
    410: (
        Code.CURSOR_EXPIRED, Code.HOLD_EXPIRED, Code.QR_EXPIRED, Code.TOKEN_EXPIRED,
    ),
    412: (
        Code.VERSION_CONFLICT,
    ),
    413: (
        Code.PAYLOAD_TOO_LARGE,
    ),
    415: (
        Code.UNSUPPORTED_MEDIA_TYPE,
    ),
    422: (
        Code.ALCOHOL_DATA_MISSING, Code.AMOUNT_OUT_OF_RANGE, Code.DOCUMENT_EXPIRED,
        Code.FIELD_LOCKED, Code.IDEMPOTENCY_KEY_REUSED, Code.JOURNAL_UNBALANCED,
        Code.LOCATION_INACCURATE, Code.OUTSIDE_OPENING_HOURS, Code.QUANTITY_LIMIT,
        Code.RATE_BAND_OVERLAP, Code.REST_RULE_VIOLATED, Code.SETTING_BELOW_FLOOR,
        Code.UNDER_MINIMUM_AGE, Code.VALIDATION_FAILED,
    ),
    428: (
        Code.PRECONDITION_REQUIRED,
    ),
    429: (
        Code.LOGIN_LOCKED, Code.RATE_LIMITED,
    ),
    500: (
        Code.INTERNAL,
    ),
    502: (
        Code.PROVIDER_ERROR,
    ),
    503: (
        Code.ACTOR_UNAVAILABLE, Code.PROVIDER_UNAVAILABLE, Code.STALE_READ, Code.STARTING,
    ),
    504: (
        Code.OUTCOME_UNKNOWN,
    ),
}
_RETRYABLE: Final = frozenset({
    Code.IDEMPOTENCY_IN_PROGRESS, Code.VERSION_CONFLICT, Code.LOGIN_LOCKED, Code.RATE_LIMITED,
    Code.PROVIDER_ERROR, Code.ACTOR_UNAVAILABLE, Code.PROVIDER_UNAVAILABLE, Code.STALE_READ,
    Code.OUTCOME_UNKNOWN, Code.STARTING,
})
# fmt: on

PROBLEMS: Final[Mapping[Code, ProblemKind]] = {
    code: ProblemKind(status, code in _RETRYABLE)
    for status, codes in _STATUSES.items()
    for code in codes
}
