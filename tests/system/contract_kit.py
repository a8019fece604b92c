"""What it takes to try the whole contract as it is described: people, ids of real things, checks.

The description is the one that the node serves. schemathesis draws requests from it, some that fit
and some that don't, always the same ones; ids that it draws are mostly replaced by those of things
that are there, or all it would ever see is 404.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

import attrs
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction, load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from protocol.addresses import Role
from protocol.codes import PROBLEMS, Code
from protocol.operations.base import Operation
from tests.system.guests import PASSWORD, TOKEN_USED_S

ELEVATED_S: Final = 200.0
"""A token with step-up lives for 300 s."""
ANSWER_S: Final = 30.0
ROLES: Final = {"patron301": Role.PATRON, "staff1": Role.STAFF, "manager": Role.MANAGEMENT,
                "owner": Role.OWNER}  # fmt: skip
"""Who asks by default, with what they are at the demo venue."""
SPARE: Final[Mapping[str, tuple[str, ...]]] = {
    "LogOut": ("patron331",),
    "RevokeAuthSession": ("patron332",),
    "ResetPassword": ("patron333",),
    "RequestErasure": ("patron334",),
    "StartExclusion": ("patron335", "manager"),
    "SetLimits": ("patron336",),
    "UpdateOwnProfile": ("patron337",),
    "StepUp": ("staff4",),
    "ClockOut": ("staff5", "manager"),
}
"""Who asks for what would end or lock everything else that they ask for: nobody else needs them."""
LAST: Final = (
    "StartExclusion", "SetUserStatus", "AssignRoles", "VoidSession", "ForceCheckOut", "CheckOut",
    "CloseBusinessDay", "UpdateSettings", "PutVenue",
)  # fmt: skip
"""What ends visits, days and venues comes after everything that needs them."""
OF_NEWCOMERS: Final = ("StartExclusion", "SetUserStatus", "AssignRoles")
"""What is done to somebody, who then is not any more who everything else takes them for."""
CHECKS: Final[tuple[CheckFunction, ...]] = (
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)
HEADERS: Final = {"Idempotency-Key": "", "If-Match": '"v1"', "Stripe-Signature": "t=1,v1=00"}
"""What an example has in them."""
NOTHING_TO_GET_WRONG: Final = ("/healthz", "/readyz", "/openapi.json", "/.well-known/jwks.json")
"""Nothing is sent there, not even a token."""
_IS_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|evt_\w+")
MAY_FAIL: Final = {502, 503, 504}
"""The only answers that may be said to be our fault, with a code that the operation tells."""
load_all_checks()


@attrs.define
class Asker:
    """Somebody signed in; asks for a new token when the old one may not do."""

    url: str
    name: str
    _tokens: dict[bool, tuple[str, float]] = attrs.field(factory=dict)

    def token(self, *, elevated: bool) -> str:
        """A token that is good for a while."""
        token, made_at = self._tokens.get(elevated, ("", 0.0))
        good_s = ELEVATED_S if elevated else TOKEN_USED_S
        if not token or time.monotonic() - made_at > good_s:
            token = self._elevated() if elevated else self._signed_in()
            self._tokens[elevated] = token, time.monotonic()
        return token

    def forget(self) -> None:
        """Sign in anew when asked again."""
        self._tokens.clear()

    def _signed_in(self) -> str:
        body = {"email": f"{self.name}@lastlight.example", "password": PASSWORD}
        return self._ask("login", body, {})

    def _elevated(self) -> str:
        headers = {"authorization": f"Bearer {self.token(elevated=False)}"}
        return self._ask("step-up", {"password": PASSWORD}, headers)

    def _ask(self, what: str, body: Mapping[str, str], headers: Mapping[str, str]) -> str:
        told = requests.post(
            f"{self.url}/api/auth/{what}", json=body, headers=dict(headers), timeout=ANSWER_S
        )
        assert told.status_code == 200, f"{self.name} {what}: {told.text}"
        token: str = told.json()["access_token"]
        return token


@attrs.define
class Contract:
    """A node and what it says of itself."""

    url: str
    document: dict[str, Any]
    known: dict[str, tuple[str, ...]]
    """Ids of things that are there, by the names of the members that they stand in."""
    schema: Any = attrs.field(init=False)
    succeeded: set[str] = attrs.field(factory=set, init=False)
    """The operations of which something was done."""
    session: requests.Session = attrs.field(factory=requests.Session, init=False)
    _askers: dict[str, Asker] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        config = schemathesis.Config.from_dict({"generation": {"allow-x00": True}})
        self.schema = schemathesis.openapi.from_dict(self.document, config=config)
        self.schema.config.update(base_url=self.url)

    def askers(self, operation: Operation) -> list[Asker]:
        """Everybody whose role is enough."""
        names = SPARE.get(operation.name) or tuple(
            name for name, role in ROLES.items() if role >= operation.least
        )
        return [self._askers.setdefault(name, Asker(self.url, name)) for name in names]

    def example(self, operation: Operation, which: int = 0) -> Any:
        """The request that the document shows, about real things."""
        described = self.schema[operation.path][operation.method]
        raw = self.document["paths"][operation.path][operation.method.lower()]
        shown: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
        parameters = self.document["components"]["parameters"]
        for given_or_named in raw.get("parameters", ()):
            name = given_or_named.get("$ref", "").rpartition("/")[2]
            parameter = parameters.get(name, given_or_named)
            if parameter["required"]:
                value = parameter.get("example") or HEADERS[parameter["name"]]
                shown[parameter["in"]][parameter["name"]] = value
        if "Idempotency-Key" in shown["header"]:
            shown["header"]["Idempotency-Key"] = f"example-{operation.name}-{which}"
        given: dict[str, Any] = {}
        if "requestBody" in raw:
            body = raw["requestBody"]["content"]["application/json"]["example"]
            given = {"body": deepcopy(body), "media_type": "application/json"}
        case = described.Case(
            path_parameters=shown["path"],
            query=shown["query"],
            headers=shown["header"],
            **given,
        )
        self._make_real(operation, case, which)
        return case

    def shown(self, operation: Operation) -> list[str]:
        """What is wrong with the answers to what the document shows."""
        return [
            f"{operation.name}, {asker.name}, as shown: {complaint}"
            for which, asker in enumerate(self.askers(operation))
            for complaint in self._ask(operation, self.example(operation, which), asker)
        ]

    def unproven(self, operation: Operation, token: str | None) -> str | None:
        """The code that who proves nothing is told, if any."""
        case = self.example(operation)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        told = case.call(base_url=self.url, session=self.session, headers=headers, timeout=ANSWER_S)
        return _code(told)

    def complaints(self, operation: Operation, mode: GenerationMode, count: int) -> list[str]:
        """What is wrong with the answers to `count` requests of a kind."""
        if mode is GenerationMode.NEGATIVE and operation.path in NOTHING_TO_GET_WRONG:
            return []
        found: dict[str, None] = {}
        askers = self.askers(operation)
        strategy = self.schema[operation.path][operation.method].as_strategy(generation_mode=mode)

        @settings(
            max_examples=count,
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=tuple(HealthCheck),
        )
        @given(
            case=strategy,
            who=st.integers(0, len(askers) - 1),
            which=st.integers(0, 7),
        )
        def ask(case: Any, who: int, which: int) -> None:
            if which:
                self._make_real(operation, case, which)
            for complaint in self._ask(operation, case, askers[who]):
                found[f"{operation.name}, {askers[who].name}, {mode.value}: {complaint}"] = None

        ask()
        return list(found)

    def _ask(self, operation: Operation, case: Any, asker: Asker) -> Iterator[str]:
        told = self._call(operation, case, asker)
        if told.status_code == 401 and _sent(told, asker) and _code(told) == Code.UNAUTHENTICATED:
            # What was asked before may have ended it: a status, a role, a password.
            asker.forget()
            told = self._call(operation, case, asker)
        if told.status_code == 412 and (version := told.json().get("current_version")) is not None:
            case.headers["If-Match"] = f'"v{version}"'
            told = self._call(operation, case, asker)
        if told.status_code < 400:
            self.succeeded.add(operation.name)
        about = f"{told.status_code} {told.text[:300]} to {_words(case)}"
        for complaint in _complaints(operation, told, good=_sent(told, asker)):
            yield f"{complaint}: {about}"
        checked = list(CHECKS) if told.status_code < 500 else list(CHECKS[1:])
        if not operation.lenient:
            checked.append(checks.negative_data_rejection)
        try:
            case.validate_response(told, checks=checked)
        except FailureGroup as failures:
            for failure in failures.exceptions:
                yield f"{failure.title}: {failure.message}: {about}"

    def _call(self, operation: Operation, case: Any, asker: Asker) -> Any:
        headers = {"Authorization": f"Bearer {asker.token(elevated=operation.step_up)}"}
        return case.call(base_url=self.url, session=self.session, headers=headers, timeout=ANSWER_S)

    def _make_real(self, operation: Operation, case: Any, which: int) -> None:
        """Put ids of real things where the drawn ones stand for nothing."""
        known = self.known
        if operation.name in OF_NEWCOMERS:
            known = {**known, "user_id": known["newcomer_id"]}
        for part in (case.path_parameters, case.query, case.body):
            if isinstance(part, dict):
                _replace(part, known, which)
        # Long polling is shown elsewhere.
        if isinstance(case.query, dict) and isinstance(case.query.get("wait_s"), int):
            case.query["wait_s"] = 0


def _replace(members: dict[str, Any], known: Mapping[str, tuple[str, ...]], which: int) -> None:
    for name, value in members.items():
        if isinstance(value, str) and name in known and _IS_ID.fullmatch(value):
            members[name] = known[name][which % len(known[name])]
        elif isinstance(value, list):
            for each in value:
                if isinstance(each, dict):
                    _replace(each, known, which)


def _sent(told: Any, asker: Asker) -> bool:
    """Whether the token of `asker` was sent; a case may be about sending none."""
    header = told.request.headers.get("Authorization", "")
    return header in {f"Bearer {token}" for token, _ in asker._tokens.values()}


def _code(told: Any) -> str | None:
    try:
        body = told.json()
    except ValueError:
        return None
    return body.get("code") if isinstance(body, dict) else None


def _complaints(operation: Operation, told: Any, *, good: bool) -> Iterator[str]:
    if told.status_code < 400:
        return
    code = _code(told)
    if code not in set(Code):
        yield "it has no code of ours"
        return
    if PROBLEMS[Code(code)].status != told.status_code:
        yield "its code has another status"
    if code not in operation.problems:
        yield f"{code} is not told"
    if code == Code.UNAUTHENTICATED and good:
        yield "the token was good"
    if told.status_code >= 500 and told.status_code not in MAY_FAIL:
        yield "it is our fault"


def _words(case: Any) -> str:
    key = (case.headers or {}).get("Idempotency-Key")
    return f"{case.formatted_path} {case.query or ''} {case.body!r:.400} (key {key!r})"
