"""The API as an OpenAPI 3.1 document, exact enough for a fuzzer: what it allows is taken, what it forbids is refused."""

from __future__ import annotations

from typing import Any

from edge_runtime import __version__

Schema = dict[str, Any]

ERROR: Schema = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string", "description": "One sentence."}},
}
STAGE: Schema = {
    "type": "object",
    "required": ["p50_ms", "p95_ms"],
    "properties": {"p50_ms": {"type": "number"}, "p95_ms": {"type": "number"}},
}
COUNT: Schema = {"type": "integer", "minimum": 0}
MEASURED: dict[str, Schema] = {
    "running": {"type": "boolean"},
    "source": {"type": "string"},
    "frames": COUNT,
    "dropped": COUNT,
    "faces": COUNT,
    "viewers": COUNT,
    "frames_per_second": {"type": "number"},
    "temperature_c": {"type": ["number", "null"]},
    "resident_bytes": {"type": ["integer", "null"]},
    "stages": {"type": "object", "additionalProperties": STAGE},
}


def describe(settings: dict[str, Schema]) -> dict[str, Any]:
    """The document; `settings` holds a JSON schema for every setting that PATCH /api/state takes now."""
    state = {"type": "object", "required": list(MEASURED), "properties": MEASURED | settings}
    change = {"type": "object", "properties": settings, "additionalProperties": False}
    got_state = _answer("The state.", "application/json", state)
    return {
        "openapi": "3.1.0",
        "info": {"title": "facetoon preview", "version": __version__},
        "security": [{}, {"bearer": []}, {"cookie": []}, {"query": []}],
        "paths": {
            "/": {"get": _page("The preview page.", "text/html")},
            "/stream.mjpg": {
                "get": _page("The live picture, JPEG after JPEG without end.", "multipart/x-mixed-replace", busy=True)
            },
            "/snapshot.jpg": {"get": _page("The newest frame.", "image/jpeg", busy=True)},
            "/api/state": {
                "get": {"summary": "Counters and settings.", "responses": {"200": got_state, **_errors(401, 421)}},
                "patch": {
                    "summary": "Change settings, all or none.",
                    "requestBody": {"required": True, "content": {"application/json": {"schema": change}}},
                    "responses": {"200": got_state, **_errors(400, 401, 403, 413, 415, 421)},
                },
            },
            "/api/models": {"get": _page("The loaded model and those to choose from.", "application/json")},
            "/healthz": {"get": _probe("Whether the live loop runs.")},
            "/readyz": {"get": _probe("Whether there is a frame to see.")},
            "/metrics": {"get": _page("The state in Prometheus's text format.", "text/plain")},
            "/openapi.json": {"get": _page("This document.", "application/json")},
        },
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "facetoon"},
                "query": {"type": "apiKey", "in": "query", "name": "token"},
            }
        },
    }


def _answer(text: str, media_type: str, schema: Schema | None = None) -> dict[str, Any]:
    return {"description": text, "content": {media_type: {"schema": schema} if schema else {}}}


def _errors(*statuses: int) -> dict[str, Any]:
    return {str(status): _answer("Refused; says why.", "application/json", ERROR) for status in statuses}


def _page(text: str, media_type: str, busy: bool = False) -> dict[str, Any]:
    statuses = (401, 421, 503) if busy else (401, 421)
    return {"summary": text, "responses": {"200": _answer(text, media_type), **_errors(*statuses)}}


def _probe(text: str) -> dict[str, Any]:
    answers = {status: _answer(word, "text/plain") for status, word in (("200", "Yes."), ("503", "No."))}
    return {"summary": text, "responses": {**answers, **_errors(421)}, "security": []}
