"""What the provider's events say, in our words; and that nothing they hold breaks the reading."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastlight.integrations.stripe_events import (
    ToldDispute,
    ToldPayment,
    ToldRefund,
    head_of,
    parse,
    told_by,
)
from protocol.internal.payments import DisputeOutcome
from protocol.records.money_states import PaymentStatus, RefundStatus

OURS = UUID(int=7)


def an_event(about: dict[str, Any], type_: str = "payment_intent.succeeded") -> dict[str, Any]:
    return {"id": "evt_1", "type": type_, "created": 1_700_000_000, "data": {"object": about}}


def an_intent(status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "status": status,
        "metadata": {"payment_id": str(OURS)},
        **more,
    }


@pytest.mark.parametrize(
    ("status", "meant"),
    [
        ("requires_payment_method", PaymentStatus.CREATED),
        ("requires_action", PaymentStatus.REQUIRES_ACTION),
        ("processing", PaymentStatus.PROCESSING),
        ("succeeded", PaymentStatus.SUCCEEDED),
        ("canceled", PaymentStatus.CANCELED),
    ],
)
def test_a_payment_s_status_is_ours(status: str, meant: PaymentStatus) -> None:
    """By docs.stripe.com/payments/paymentintents/lifecycle."""
    told = told_by(an_event(an_intent(status)))
    assert isinstance(told, ToldPayment)
    assert (told.payment_id, told.provider_id, told.status) == (OURS, "pi_1", meant)


def test_a_declined_card_is_a_failure_although_the_intent_waits_for_another() -> None:
    """The provider says it by the event's type; the reason is the decline code if there is one."""
    about = an_intent(
        "requires_payment_method",
        last_payment_error={"code": "card_declined", "decline_code": "insufficient_funds"},
    )
    told = told_by(an_event(about, "payment_intent.payment_failed"))
    assert isinstance(told, ToldPayment)
    assert (told.status, told.failure_code) == (PaymentStatus.FAILED, "insufficient_funds")


def test_a_payment_without_our_id_is_told_by_the_provider_s() -> None:
    """Whether anybody knows it is for others to say."""
    told = told_by(an_event(an_intent("succeeded", metadata={"payment_id": "not an id"})))
    assert isinstance(told, ToldPayment)
    assert told.payment_id is None


@pytest.mark.parametrize(
    ("status", "meant"),
    [
        ("pending", RefundStatus.PROCESSING),
        ("succeeded", RefundStatus.SUCCEEDED),
        ("failed", RefundStatus.FAILED),
        ("canceled", RefundStatus.FAILED),
    ],
)
def test_a_refund_is_told(status: str, meant: RefundStatus) -> None:
    """By our id in its metadata."""
    about = {
        "id": "re_1",
        "object": "refund",
        "status": status,
        "metadata": {"refund_id": str(OURS)},
    }
    told = told_by(an_event(about, "refund.updated"))
    assert isinstance(told, ToldRefund)
    assert (told.refund_id, told.provider_id, told.status) == (OURS, "re_1", meant)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("needs_response", DisputeOutcome.OPEN),
        ("under_review", DisputeOutcome.OPEN),
        ("won", DisputeOutcome.WON),
        ("lost", DisputeOutcome.LOST),
        ("warning_needs_response", None),
    ],
)
def test_a_dispute_is_told_and_an_inquiry_is_not(
    status: str, outcome: DisputeOutcome | None
) -> None:
    """An inquiry has taken no money yet."""
    about = {
        "id": "dp_1", "object": "dispute", "status": status, "amount": 500, "currency": "jpy",
        "created": 1,
        "payment_intent": "pi_1", "evidence_details": {"due_by": 100},
    }  # fmt: skip
    told = told_by(an_event(about, "charge.dispute.created"))
    assert (told.outcome if isinstance(told, ToldDispute) else told) is outcome


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"object": "customer", "id": "cus_1"},
        an_intent("invented"),
        an_intent("succeeded", id=7),
        an_intent("succeeded", id="x" * 300),
        an_intent("succeeded", metadata=7),
        {"object": "dispute", "id": "dp_1", "status": "lost", "amount": 10**40, "created": 1},
        {"object": "dispute", "id": "dp_1", "status": "lost", "amount": True, "created": 1},
    ],
)
def test_what_is_not_of_ours_is_irrelevant(about: dict[str, Any]) -> None:
    """It is no fault: the provider sends what it likes, and gets 200."""
    told = told_by(an_event(about))
    assert told is None or isinstance(told, ToldPayment)


@pytest.mark.parametrize(
    "payload",
    [{}, {"id": 1}, {"id": "e", "type": "t"}, {"id": "", "type": "t", "created": 1},
     {"id": "e", "type": "t", "created": -1}, {"id": "e\0", "type": "t", "created": 1}],
)  # fmt: skip
def test_what_has_no_head_is_no_event(payload: dict[str, Any]) -> None:
    """It could not be kept by its id."""
    assert head_of(payload) is None


json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(json, st.sampled_from(["payment_intent", "refund", "dispute"]), st.data())
def test_nothing_signed_breaks_the_reading(value: Any, kind: str, data: st.DataObject) -> None:
    """A new version of the provider's API must not stop the inbox."""
    fields = ["id", "status", "amount", "created", "metadata", "payment_intent",
              "last_payment_error", "evidence_details", "failure_reason"]  # fmt: skip
    whole = {"id": "x", "status": "lost", "amount": 1, "created": 1, "payment_intent": "p"}
    about = {**whole, "object": kind, data.draw(st.sampled_from(fields)): value}
    told_by(an_event(about, data.draw(st.sampled_from(["a", "payment_intent.payment_failed"]))))
    told_by(an_event(value))
    head_of(an_event(value) | {"created": value})


@given(st.binary(max_size=50))
def test_a_body_is_an_object_or_nothing(body: bytes) -> None:
    """Signed or not, it is read without complaint."""
    parsed = parse(body)
    assert parsed is None or parsed == msgspec.json.decode(body)
