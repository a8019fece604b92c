"""The API page at `/docs`: Swagger UI over `/openapi.json`, from files that are installed with us.

Beside it stand `/docs/asyncapi.json` and a page of it at `/docs/realtime`, for sockets. Nothing on
these pages comes from elsewhere, and their policy lets nothing in. They are no part of the contract
and stand in no table; everything else goes on to the gateway.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from lastlight.asyncapi import asyncapi_document
from lastlight.web.http import Handler, Headers, Request, Response
from lastlight.web.problems import problem_response
from lastlight.web.realtime_page import realtime_page
from protocol.codec import render_json
from protocol.errors import Code, Refusal

PATH: Final = "/docs"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SERVED: Final[Mapping[str, str]] = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
_PAGE: Final = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Last Light API</title>
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/begin.js"></script>
</body>
</html>
"""
_BEGIN: Final = b"""SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: false,
  validatorUrl: null,
});
"""


def with_api_page(handler: Handler) -> Handler:
    """The same handler, with the page beside it."""
    files = _files()

    async def handle(request: Request) -> Response:
        name = _name_of(request.path)
        if name is None:
            return await handler(request)
        if request.method != "GET":
            refusal = Refusal(Code.METHOD_NOT_ALLOWED, "the API page is read with GET only")
            return problem_response(refusal, request.request_id, (("allow", "GET, HEAD"),))
        if name not in files:
            refusal = Refusal(Code.NOT_FOUND, f"the API page has no file {name[:80]!r}")
            return problem_response(refusal, request.request_id)
        return _serve(request, *files[name])

    return handle


def _name_of(path: str) -> str | None:
    """The file of the page that a path names, "" for the page itself; None for other paths."""
    if path == PATH:
        return ""
    return path.removeprefix(f"{PATH}/") if path.startswith(f"{PATH}/") else None


def _files() -> Mapping[str, tuple[str, bytes, str]]:
    """Media type, bytes and tag of each file, read once."""
    spec = importlib.util.find_spec("flask_swagger_ui")
    assert spec is not None, "flask-swagger-ui is not installed"
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "dist"
    found = {name: (media, (folder / name).read_bytes()) for name, media in _SERVED.items()}
    found[""] = ("text/html; charset=utf-8", _PAGE)
    document = asyncapi_document()
    found["asyncapi.json"] = ("application/json", render_json(document))
    found["realtime"] = ("text/html; charset=utf-8", realtime_page(document))
    found["begin.js"] = ("text/javascript; charset=utf-8", _BEGIN)
    return {
        name: (media, body, f'"{hashlib.sha256(body).hexdigest()[:16]}"')
        for name, (media, body) in found.items()
    }


def _serve(request: Request, media: str, body: bytes, tag: str) -> Response:
    headers: Headers = (
        ("content-type", media),
        ("etag", tag),
        ("cache-control", "no-cache"),
        ("content-security-policy", _POLICY),
    )
    if request.header("if-none-match") == tag:
        return Response(304, headers)
    return Response(200, headers, body)
