"""`GET /openapi.json`: the API as OpenAPI 3.1 describes it, made of the routes that are really there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from aiohttp import web
from pydantic.json_schema import models_json_schema

from kokoro_wyoming import __version__
from kokoro_wyoming.protocols.http.context import CONTEXT
from kokoro_wyoming.protocols.http.described import Description, description_of
from kokoro_wyoming.protocols.http.errors import json_response
from kokoro_wyoming.protocols.http.guard import is_open
from kokoro_wyoming.protocols.http.options import HttpOptions

ROUTES = web.RouteTableDef()

_INFO = {
    "title": "kokoro-wyoming",
    "summary": "Text to speech with Kokoro's voices",
    "version": __version__,
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}
_SERVERS = [{"url": "./", "description": "Where this document lies"}]
"""Relative, as a proxy may have put the server into a folder."""
_SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_ERROR_KINDS = ["invalid_request_error", "authentication_error", "permission_error", "rate_limit_error", "server_error"]
_ERROR_FIELDS = {
    "message": {"type": "string"},
    "type": {"type": "string", "enum": _ERROR_KINDS},
    "param": {"type": ["string", "null"], "description": "The field that is wrong."},
    "code": {"type": ["string", "null"]},
}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "object", "required": [*_ERROR_FIELDS], "properties": _ERROR_FIELDS}},
}
_RESPONSES = {
    "Error": {
        "description": "What is wrong, in the shape of OpenAI's API.",
        "headers": {
            "Retry-After": {"description": "Seconds; with 429 and 503.", "schema": {"type": "integer"}},
        },
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
}
_ERRORS = {status: {"$ref": "#/components/responses/Error"} for status in ("4XX", "5XX")}
_JSON = {"type": "object"}


@ROUTES.get("/openapi.json")
async def openapi(request: web.Request) -> web.Response:
    """This description of the API."""
    return json_response(document(request.app, request.app[CONTEXT].options))


def document(app: web.Application, options: HttpOptions) -> dict[str, Any]:
    """The OpenAPI document of all routes of an application."""
    routes = [*_routes(app)]
    bodies = dict.fromkeys(details.body for *_, details in routes if details.body is not None)
    _, schemas = models_json_schema(
        [(body, "validation") for body in bodies], ref_template="#/components/schemas/{model}"
    )
    paths: dict[str, dict[str, Any]] = {}
    for method, path, handler, details in routes:
        paths.setdefault(path, {})[method] = {
            "operationId": f"{handler.__module__.rpartition('.')[2]}_{handler.__name__}",
            "summary": " ".join((handler.__doc__ or "").partition("\n\n")[0].split()),
            "security": _security(path, options),
            "parameters": [*_parameters(path, details)],
            **_request_body(details),
            "responses": {str(details.status): _answer(details), **_ERRORS},
        }
    return {
        "openapi": "3.1.0",
        "info": _INFO,
        "servers": _SERVERS,
        "paths": paths,
        "components": {
            "schemas": {**schemas.get("$defs", {}), "Error": _ERROR},
            "responses": _RESPONSES,
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }


def _routes(app: web.Application) -> Iterator[tuple[str, str, Any, Description]]:
    """Method, path, handler and description of each route. HEAD is what GET is, without the body."""
    for route in app.router.routes():
        if route.method != "HEAD" and route.resource is not None:
            yield route.method.lower(), route.resource.canonical, route.handler, description_of(route.handler)


def _security(path: str, options: HttpOptions) -> list[dict[str, list[str]]]:
    """Either way to send the key will do, and so does neither where none is wanted."""
    if is_open(path):
        return []
    either: list[dict[str, list[str]]] = [{name: []} for name in _SECURITY_SCHEMES]
    return either if options.api_key is not None else [*either, {}]


def _parameters(path: str, details: Description) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    for name, what in details.query.items():
        yield {"name": name, "in": "query", "description": what, "schema": {"type": "string"}}


def _request_body(details: Description) -> dict[str, Any]:
    if details.body is None:
        return {}
    schema = {"$ref": f"#/components/schemas/{details.body.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _answer(details: Description) -> dict[str, Any]:
    if details.status == 101:
        return {"description": "A WebSocket."}
    content = {kind: {"schema": _JSON} if kind == "application/json" else {} for kind in details.media_types}
    return {"description": "The answer.", "content": content}
