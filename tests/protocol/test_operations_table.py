"""The table of operations: complete, consistent, and the way from a path to its row."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Final

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

BEYOND: Final = {
    "DownloadExport": "the link that an export's answer names has to lead somewhere",
}
"""Operations that the contract has not, with the reason why they are there."""


def _split(value: str) -> frozenset[str]:
    return frozenset() if value == "-" else frozenset(value.split(","))


@attrs.frozen
class Promised:
    """One row of the contract: what clients were told, whatever the code says.

    `marks` are what a request must bring (key, if-match, step-up) and what it may ask for (pages,
    csv, html); `errors` the codes that are its own.
    """

    category: str
    method: str
    path: str
    least: str
    command: str
    status: int = attrs.field(converter=int)
    marks: frozenset[str] = attrs.field(converter=_split)
    errors: frozenset[str] = attrs.field(converter=_split)
    emits: frozenset[str] = attrs.field(converter=_split)


CONTRACT: Final = tuple(
    Promised(*line.split("\t"))
    for line in Path(__file__).with_name("contract.tsv").read_text().splitlines()[1:]
)
ROWS: Final = {row.route: row for row in OPERATIONS}

every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda row: row.name)


every_promise = pytest.mark.parametrize("row", CONTRACT, ids=lambda row: row.command)


def test_the_contract_is_here_in_full() -> None:
    """109 endpoints and 25 more: a line lost from the file would be a promise forgotten."""
    assert len(CONTRACT) == 109 + 25
    assert len({row.command for row in CONTRACT}) == len(CONTRACT)


def test_the_table_has_every_row_of_the_contract_and_no_other() -> None:
    """A route too few is a client that gets 404; one too many is a door that nobody asked for."""
    promised = {row.command for row in CONTRACT}
    assert promised - set(BY_NAME) == set()
    assert set(BY_NAME) - promised == set(BEYOND)


@every_promise
def test_a_row_says_what_the_contract_says(row: Promised) -> None:
    """A role too low is an open door; another status is a client that takes success for failure."""
    found = ROWS[f"{row.method} {row.path}"]
    assert (found.name, found.least.label, found.status, found.category) == (
        row.command,
        row.least,
        row.status,
        row.category,
    )


@every_promise
def test_a_row_demands_what_the_contract_demands(row: Promised) -> None:
    """Keys where money moves, versions where rows change, a proof where trust is not enough.

    Rule 12 required.
    """
    found = BY_NAME[row.command]
    assert (found.key is KeyRule.REQUIRED) == ("key" in row.marks)
    assert found.precondition == ("if-match" in row.marks)
    assert found.step_up == ("step-up" in row.marks)


@every_promise
def test_a_row_offers_what_the_contract_offers(row: Promised) -> None:
    """Whoever was told of pages, of CSV or of a page to print gets them."""
    found = BY_NAME[row.command]
    names = set(reader_of(found.command).members)
    assert "pages" not in row.marks or {"cursor", "limit"} <= names
    assert ("text/csv" in found.offers) == ("csv" in row.marks)
    assert ("text/html" in found.offers) == ("html" in row.marks)


@every_promise
def test_a_row_names_the_problems_and_events_of_the_contract(row: Promised) -> None:
    """A client can prepare only for what it was told may come."""
    found = BY_NAME[row.command]
    assert row.errors - {code.value for code in found.problems} == set()
    assert row.emits == set(found.emits)


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
    """Rule 12: accepted on every changing route, but for those that only give tokens.

    A batch from offline has a key in each of its commands, and repeats nothing by itself.
    """
    without = {"LogIn", "RefreshToken", "StepUp", "ReplayOfflineCommands"}
    takes_key = operation.key is not KeyRule.NONE
    assert takes_key == (operation.changes and operation.name not in without)


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
        "ReceiveStripeEvent",
        "CheckLiveness",
        "CheckReadiness",
        "ReadSigningKeys",
    }
    assert Code.ACTOR_UNAVAILABLE not in BY_NAME["RaiseSos"].problems


def test_what_may_come_from_offline_is_what_the_rules_allow() -> None:
    """Rule 12: never top-ups, refunds, transfers, roles, settings. Rule 12 allowed."""
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
