"""The table of operations: complete, consistent, and the way from a path to its row."""

from __future__ import annotations

from http import HTTPStatus

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.addresses import Role
from protocol.bounds import PREPARED
from protocol.codec import bare, reader_of
from protocol.codes import PROBLEMS, Code
from protocol.operations.addresses import Finding
from protocol.operations.auth import LogIn
from protocol.operations.base import KeyRule, Operation, RateRule
from protocol.operations.table import BY_NAME, OPERATIONS, MethodNotAllowed, find

P, S, O, N = Role.PATRON, Role.STAFF, Role.OWNER, Role.PUBLIC  # noqa: E741
CONTRACT = {
    "POST /api/auth/register": ("RegisterUser", N, 201),
    "POST /api/auth/login": ("LogIn", N, 200),
    "POST /api/auth/refresh": ("RefreshToken", N, 200),
    "POST /api/auth/logout": ("LogOut", P, 204),
    "POST /api/auth/password/forgot": ("RequestPasswordReset", N, 202),
    "POST /api/auth/password/reset": ("ResetPassword", N, 204),
    "POST /api/auth/step-up": ("StepUp", S, 200),
    "POST /api/auth/verify-email": ("VerifyEmail", N, 200),
    "GET /api/auth/sessions": ("ListAuthSessions", P, 200),
    "DELETE /api/auth/sessions/{auth_session_id}": ("RevokeAuthSession", P, 204),
    "POST /api/sessions/checkin": ("CheckIn", P, 201),
    "GET /api/sessions/active": ("ListActiveSessions", P, 200),
    "GET /api/sessions/{session_id}": ("GetSession", P, 200),
    "POST /api/sessions/{session_id}/checkout": ("CheckOut", P, 200),
    "POST /api/sessions/{session_id}/pause": ("PauseSession", P, 200),
    "POST /api/sessions/{session_id}/resume": ("ResumeSession", P, 200),
    "POST /api/sessions/{session_id}/activity": ("SwitchActivity", P, 200),
    "POST /api/sessions/{session_id}/location": ("ReportLocation", P, 200),
    "GET /api/sessions/{session_id}/meter": ("QuoteMeter", P, 200),
    "GET /api/sessions": ("ListSessions", S, 200),
    "GET /api/sessions/history": ("ListSessionHistory", P, 200),
    "PATCH /api/sessions/{session_id}": ("UpdateSession", S, 200),
    "DELETE /api/sessions/{session_id}": ("VoidSession", Role.MANAGEMENT, 200),
    "POST /api/sessions/{session_id}/extend": ("ExtendSession", P, 200),
    "POST /api/sessions/{session_id}/force-checkout": ("ForceCheckOut", Role.MANAGEMENT, 200),
    "GET /api/users/me": ("GetOwnProfile", P, 200),
    "POST /api/transactions/purchase": ("PurchaseItems", P, 201),
    "GET /api/transactions/credits": ("GetCreditBalance", P, 200),
    "GET /api/transactions/packages": ("ListCreditPackages", P, 200),
    "POST /api/transactions/topup": ("TopUpCredits", P, 201),
    "POST /api/staff/clock-in": ("ClockIn", S, 201),
    "POST /api/staff/clock-out": ("ClockOut", S, 200),
    "POST /api/staff/tills": ("OpenTill", S, 201),
    "POST /api/staff/tills/{till_id}/close": ("CloseTill", S, 200),
    "GET /api/inventory/games": ("ListGames", P, 200),
    "GET /api/inventory/rooms": ("ListRooms", P, 200),
    "GET /api/inventory/items": ("ListMenuItems", P, 200),
    "POST /api/emergency/sos": ("RaiseSos", S, 201),
    "POST /api/emergency/sos/{incident_id}/respond": ("RespondSos", S, 200),
    "GET /api/admin/actors": ("ListActors", O, 200),
    "GET /api/admin/actors/{actor_type}/{actor_id}": ("InspectActor", O, 200),
    "GET /api/venues": ("ListPublicVenues", P, 200),
    "GET /api/venues/{venue_id}/checkin-code": ("IssueCheckinCode", S, 200),
    "GET /healthz": ("CheckLiveness", N, 200),
    "GET /readyz": ("CheckReadiness", N, 200),
    "GET /metrics": ("ReadMetrics", O, 200),
    "GET /openapi.json": ("ReadOpenApi", N, 200),
    "GET /.well-known/jwks.json": ("ReadSigningKeys", N, 200),
    "GET /ws": ("OpenSocket", P, 101),
}

every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda row: row.name)


def test_the_table_says_what_the_contract_says() -> None:
    """A role too low is an open door; a route too few is a client that gets 404."""
    found = {row.route: (row.name, row.least, row.status) for row in OPERATIONS}
    for route, row in CONTRACT.items():
        assert found[route] == row, route


def test_no_command_and_no_route_stands_twice() -> None:
    """WebSocket finds a row by its command, HTTP by its route; either must be unique."""
    assert len(BY_NAME) == len(OPERATIONS) == len({row.route for row in OPERATIONS})


@every_operation
def test_every_name_in_a_path_is_a_required_field_of_the_command(operation: Operation) -> None:
    """What the path says must reach the decision, and nothing else may say it."""
    members = reader_of(operation.command).members
    for name in operation.parameters:
        assert members[name].required


@every_operation
def test_every_status_is_one_of_success_and_every_problem_has_one(operation: Operation) -> None:
    """A client is told beforehand everything that may come back."""
    assert HTTPStatus(operation.status) < 400
    bodiless = operation.status in {101, 204} or operation.name == "RequestPasswordReset"
    own_media = operation.name in {"ReadMetrics", "ReadOpenApi", "DownloadExport"}
    assert (operation.reply is None) == (bodiless or own_media)
    for code in operation.problems:
        assert PROBLEMS[code].status >= 400
    assert len(set(operation.errors)) == len(operation.errors)


@every_operation
def test_fields_that_steps_fill_belong_to_rows_with_steps(operation: Operation) -> None:
    """A prepared field that nothing prepares would always be empty."""
    kinds = [bare(field.type) for field in attrs.fields(operation.command)]  # type: ignore[arg-type]
    # What asks the provider tells it to the account, not to the query.
    prepared = bool(operation.prepare) and operation.name != "GetPayment"
    assert any(PREPARED in metadata for _, metadata, _ in kinds) == prepared


@every_operation
def test_keys_are_for_what_changes_something(operation: Operation) -> None:
    """Rule 12: a key is accepted on every changing route, but for those that only give tokens."""
    tokens_only = {"LogIn", "RefreshToken", "StepUp"}
    takes_key = operation.key is not KeyRule.NONE
    assert takes_key == (operation.changes and operation.name not in tokens_only)


def test_keys_are_required_where_money_moves() -> None:
    """Rule 12: where a repeat without a key would cost somebody money, it is refused."""
    required = {row.name for row in OPERATIONS if row.key is KeyRule.REQUIRED}
    assert required == {
        "CheckIn",
        "PurchaseItems",
        "TopUpCredits",
        "GrantCredits",
        "PostAdjustment",
        "TransferCredits",
        "PlaceHold",
        "AddTip",
        "OpenTill",
        "MoveStock",
        "CreateReservation",
        "CreatePaymentIntent",
        "AddPaymentMethod",
    }


def test_only_emergencies_overtake_and_only_calls_for_help_take_anything() -> None:
    """Rule 8: a call for help is taken whatever comes; that is for nothing else."""
    assert {row.name for row in OPERATIONS if row.emergency} == {
        "RaiseSos",
        "RespondSos",
        "RequestHelp",
        "BroadcastEmergency",
    }
    assert {row.name for row in OPERATIONS if row.lenient} == {"RaiseSos", "RequestHelp"}
    exempt = {row.name for row in OPERATIONS if row.rate is RateRule.EXEMPT}
    assert exempt == {
        "RaiseSos",
        "RequestHelp",
        "BroadcastEmergency",
        "CheckLiveness",
        "CheckReadiness",
        "ReadSigningKeys",
    }
    assert Code.ACTOR_UNAVAILABLE not in BY_NAME["RaiseSos"].problems


def test_what_may_come_from_offline_is_what_the_rules_allow() -> None:
    """Rule 12: never top-ups, refunds, transfers, roles, settings."""
    assert {row.name for row in OPERATIONS if row.offline} == {
        "CheckIn",
        "CheckOut",
        "PauseSession",
        "ResumeSession",
        "ReportLocation",
        "PurchaseItems",
        "ClockIn",
        "ClockOut",
        "RecordBreak",
        "PostHandover",
        "UpdateTaskStatus",
        "RaiseSos",
        "LogSafetyObservation",
    }


def test_passwords_are_never_sent_over_a_socket() -> None:
    """A socket is opened by someone signed in already; its messages are kept for resuming."""
    for row in OPERATIONS:
        if row.least is Role.PUBLIC or "verify_password" in row.prepare:
            assert not row.socket, row.name


def test_a_row_whose_command_lacks_a_field_cannot_be_made() -> None:
    """A typing error in the table is found at import, not at night."""
    with pytest.raises(AssertionError, match="lacks"):
        Operation(
            LogIn, Role.PUBLIC, "POST /x/{nothing}", BY_NAME["LogIn"].address, None, summary="x"
        )


def test_what_a_row_asks_for_may_be_refused_for_its_lack() -> None:
    """A precondition brings 428 and 412 with it, a step-up 403: nobody lists them by hand."""
    row = attrs.evolve(BY_NAME["CheckOut"], precondition=True, step_up=True)
    added = set(row.problems) - set(BY_NAME["CheckOut"].problems)
    wanted = {Code.PRECONDITION_REQUIRED, Code.VERSION_CONFLICT, Code.STEP_UP_REQUIRED}
    assert added == wanted


@every_operation
def test_every_path_finds_its_row(operation: Operation) -> None:
    """Also where another path looks alike."""
    values = dict.fromkeys(operation.parameters, "01935d2a-7c00-7000-8000-0000000000a1")
    assert find(operation.method, operation.path.format(**values)) == (operation, values)


def test_a_static_path_beats_a_path_with_an_id() -> None:
    """`active` is no session's id, neither for GET nor for anything else."""
    found = find("GET", "/api/sessions/active")
    assert isinstance(found, tuple)
    assert found[0].name == "ListActiveSessions"
    assert find("DELETE", "/api/sessions/active") == MethodNotAllowed(("GET", "HEAD"))


@pytest.mark.parametrize(
    "path", ["", "/", "//", "/api", "/api/sessions/", "/API/venues", "/api/venues/", "x", "/ws/x"]
)
def test_a_path_that_is_not_in_the_table_is_unknown(path: str) -> None:
    """Paths are exact: what a proxy might think the same is not."""
    assert find("GET", path) is None


def test_a_known_path_with_another_method_says_which_are_allowed() -> None:
    """405 needs an Allow header (RFC 9110)."""
    assert find("PUT", "/api/sessions/checkin") == MethodNotAllowed(("POST",))


@settings(deadline=None)
@given(st.text(), st.text())
def test_no_path_breaks_the_search(method: str, path: str) -> None:
    """A path comes from a stranger too; whatever it is, it is found, unknown or not allowed."""
    find(method, path)


def test_a_path_of_a_thousand_segments_is_unknown() -> None:
    """The search goes as deep as the table and not as deep as the path."""
    assert find("GET", "/api" + "/x" * 5_000) is None
    assert find("GET", "/" * 5_000) is None


def test_addresses_name_what_they_need() -> None:
    """The gateway follows the rule without looking at the command's class."""
    for row in OPERATIONS:
        finding = row.address.finding
        assert (row.query is not None) == (finding is Finding.QUERY)
        assert row.by_gateway == (finding is Finding.GATEWAY)
        fielded = finding not in {Finding.OWN, Finding.QUERY, Finding.GATEWAY}
        assert (row.address.field is not None) == fielded
