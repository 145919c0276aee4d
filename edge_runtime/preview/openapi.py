"""The API as an OpenAPI 3.1 document, exact enough for a fuzzer: the preview takes nothing that it does not allow."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from facetoon.edge_runtime import __version__
from facetoon.edge_runtime.cartoon.background import BACKGROUNDS, COLOUR_PATTERN
from facetoon.edge_runtime.cartoon.settings import LONGEST_MORPH_S, MODES, MOST_FACES, RANDOM, TURNS
from facetoon.edge_runtime.pages.booth_document import BOOTH_PATHS, Schema, answer, cartoon_path, errors, page
from facetoon.edge_runtime.styles import PHOTO

STAGE: Schema = {
    "type": "object",
    "required": ["p50_ms", "p95_ms"],
    "properties": {"p50_ms": {"type": "number"}, "p95_ms": {"type": "number"}},
}
COUNT: Schema = {"type": "integer", "minimum": 0}
OUTPUT: Schema = {
    "type": "object",
    "required": ["name", "fault", "since", "lost"],
    "properties": {
        "name": {"type": "string"},
        "fault": {"type": ["string", "null"], "description": "Why it is not written now."},
        "since": {"type": ["string", "null"], "format": "date-time"},
        "lost": {**COUNT, "description": "Frames that were not written."},
    },
}
MEASURED: dict[str, Schema] = {
    "running": {"type": "boolean"},
    "stalled": {"type": "boolean", "description": "It runs, but no frame was finished for 30 s."},
    "source": {"type": "string"},
    "ended": {"type": "boolean", "description": "The film is over."},
    "frames": COUNT,
    "dropped": COUNT,
    "losses": COUNT,
    "faces": COUNT,
    "hint": {"type": "string", "description": "Why no face is found, where that is known; else empty."},
    "viewers": COUNT,
    "frames_per_second": {"type": "number"},
    "temperature_c": {"type": ["number", "null"]},
    "resident_bytes": {"type": ["integer", "null"]},
    "stages": {"type": "object", "additionalProperties": STAGE},
    "outputs": {"type": "array", "items": OUTPUT},
    "settings": {"type": "object"},
    "styles": {"type": "array", "items": {"type": "string"}},
    "models": {"type": "array", "items": {"type": "object"}},
}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
SETTINGS: dict[str, Schema] = {
    "strength": SHARE,
    "split": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    "colour_match": SHARE,
    "sharpen": SHARE,
    "background": {"enum": [name for name in BACKGROUNDS if name != "picture"]},
    "background_colour": {"type": "string", "pattern": COLOUR_PATTERN, "maxLength": 7},
    "mode": {"enum": list(MODES)},
    "faces": {"type": "integer", "minimum": 1, "maximum": MOST_FACES},
    "turn": {"enum": list(TURNS)},
    "mirror": {"type": "boolean"},
    "morph_s": {"type": "number", "minimum": 0, "maximum": LONGEST_MORPH_S},
}


def describe(state: dict[str, Any], cookie: str, paths: Collection[str]) -> dict[str, Any]:
    """Return the document for the loaded models; `state` is the live loop's, `paths` are the app's.

    `cookie` is the name of the cookie that holds the token's hash.
    """
    shown = {"type": "object", "required": list(MEASURED), "properties": MEASURED}
    booth = {**BOOTH_PATHS, "/api/cartoon": cartoon_path(state["styles"])}
    state_answer = answer("The state.", "application/json", shown)
    return {
        "openapi": "3.1.0",
        "info": {"title": "facetoon preview", "version": __version__},
        "security": [{}, {"bearer": []}, {"cookie": []}, {"query": []}],
        "paths": {
            "/": {"get": page("The preview page.", "text/html")},
            "/stream.mjpg": {
                "get": page("The live picture, JPEG after JPEG without end.", "multipart/x-mixed-replace", 503)
            },
            "/snapshot.jpg": {"get": page("The newest frame.", "image/jpeg", 503)},
            "/api/state": {
                "get": {"summary": "Counters and settings.", "responses": {"200": state_answer, **errors(401, 421)}},
                "patch": {
                    "summary": "Change settings, all or none.",
                    "requestBody": {"required": True, "content": {"application/json": {"schema": _change(state)}}},
                    "responses": {"200": state_answer, **errors(400, 401, 403, 413, 415, 421)},
                },
            },
            "/api/models": {"get": page("The loaded models and the one in use.", "application/json")},
            "/healthz": {"get": _probe("Whether the live loop runs and finishes frames.")},
            "/readyz": {"get": _probe("Whether there is a frame to see.")},
            "/metrics": {"get": page("The state in Prometheus's text format.", "text/plain")},
            "/openapi.json": {"get": page("This document.", "application/json")},
            "/view": {"get": page("The live picture alone, for OBS or a page that embeds it.", "text/html")},
            **{path: about for path, about in booth.items() if path in paths},
        },
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": cookie},
                "query": {"type": "apiKey", "in": "query", "name": "token"},
            }
        },
    }


def _change(state: dict[str, Any]) -> Schema:
    """Schema of a PATCH. The styles belong to the model that the change names, or else to the current model."""
    current = state["settings"]["model"]
    settings = dict(SETTINGS)
    if "record" in state["settings"]:
        settings["record"] = {"type": "boolean"}
    if state["settings"].get("picture"):
        settings["background"] = {"enum": list(BACKGROUNDS)}
    return {"anyOf": [_change_for(model, model["name"] == current, settings) for model in state["models"]]}


def _change_for(model: dict[str, Any], is_current: bool, settings: dict[str, Schema]) -> Schema:
    properties = {"model": {"const": model["name"]}, "style": _mix(model["styles"]), **settings}
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if model["styles"]:
        properties[RANDOM] = {"type": "integer", "minimum": 0, "maximum": 2**53}
        schema["not"] = {"required": ["style", RANDOM]}
    return schema if is_current else {**schema, "required": ["model"]}


def _mix(styles: list[str]) -> Schema:
    names = list(dict.fromkeys([*styles, PHOTO]))
    return {
        "type": "object",
        "description": "Shares. What they lack of 1 is the photograph's; above 1 in all, they are scaled to sum to 1.",
        "properties": {name: {"type": "number", "minimum": 0, "maximum": 1e6} for name in names},
        "additionalProperties": False,
    }


def _probe(text: str) -> dict[str, Any]:
    answers = {status: answer(word, "text/plain") for status, word in (("200", "Yes."), ("503", "No."))}
    return {"summary": text, "responses": {**answers, **errors(421)}, "security": []}
