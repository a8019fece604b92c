"""The API page: whole, from our own files, and in nobody's way."""

from __future__ import annotations

import json
import re

import pytest

from lastlight.asyncapi import asyncapi_document
from lastlight.web.api_page import with_api_page
from lastlight.web.http import Request, Response


async def _behind(request: Request) -> Response:
    return Response(299, (), request.path.encode())


PAGE = with_api_page(_behind)


def asking(path: str, method: str = "GET", **headers: str) -> Request:
    """A request for a path."""
    return Request(
        method=method,
        path=path,
        query_string=b"",
        headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()),
        body=b"",
        client="192.0.2.1",
        scheme="http",
        request_id="r",
    )


async def test_the_page_has_everything_it_refers_to() -> None:
    """A page that needs another host shows nothing in a venue whose line is down."""
    page = await PAGE(asking("/docs"))
    assert page.status == 200
    assert b"http" not in page.body
    named = re.findall(rb'(?:src|href)="([^"]+)"', page.body)
    assert len(named) == 4
    for path in named:
        part = await PAGE(asking(path.decode()))
        assert part.status == 200, path
        assert part.body


async def test_its_policy_lets_nothing_in_from_elsewhere() -> None:
    """Whoever is signed in there shows a token to the page, so only our scripts may run."""
    policy = dict((await PAGE(asking("/docs"))).headers)["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy


async def test_files_are_sent_again_only_when_they_changed() -> None:
    """Two megabytes of script are not loaded at each look."""
    first = await PAGE(asking("/docs/swagger-ui-bundle.js"))
    again = await PAGE(
        asking("/docs/swagger-ui-bundle.js", if_none_match=dict(first.headers)["etag"])
    )
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("path", ["/docs/../secret", "/docs/", "/docs/VERSION", "/docs/a/b"])
async def test_there_is_nothing_but_the_files_of_the_page(path: str) -> None:
    """Names are looked up, never joined to a folder."""
    answer = await PAGE(asking(path))
    assert (answer.status == 200) == (path == "/docs/")


async def test_everything_else_goes_on() -> None:
    """The page is beside the contract, not in front of it."""
    assert (await PAGE(asking("/docsearch"))).body == b"/docsearch"
    assert (await PAGE(asking("/openapi.json"))).status == 299


async def test_the_page_is_only_read() -> None:
    """405 with what is allowed, as for any route."""
    answer = await PAGE(asking("/docs", "POST"))
    assert answer.status == 405
    assert dict(answer.headers)["allow"] == "GET, HEAD"


async def test_what_is_said_over_sockets_is_beside_it() -> None:
    """The document for machines, and a page of it that needs no script."""
    document = await PAGE(asking("/docs/asyncapi.json"))
    assert dict(document.headers)["content-type"] == "application/json"
    assert json.loads(document.body) == json.loads(json.dumps(asyncapi_document()))
    page = await PAGE(asking("/docs/realtime"))
    assert page.status == 200
    assert b"<script" not in page.body
    anchors = set(re.findall(rb'id="([^"]+)"', page.body))
    links = set(re.findall(rb'href="#([^"]+)"', page.body))
    assert links
    assert links <= anchors
