"""The OpenAPI paths of booth, gallery and guests, and the pieces that every path of the document shares."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from facetoon.edge_runtime.gallery.photographer import BOOMERANG_PX, STRIP_PHOTOS
from facetoon.edge_runtime.pages.upload_pages import LARGEST_PICTURE_BYTES, MEDIA_TYPES
from facetoon.edge_runtime.styles import PHOTO

Schema = dict[str, Any]

ERROR: Schema = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string", "description": "One sentence."}},
}
TAKEN: Schema = {
    "type": "object",
    "required": ["name", "taken", "style", "kind", "file", "link"],
    "properties": {
        "name": {"type": "string"},
        "taken": {"type": "string", "description": "Local time, ISO 8601."},
        "style": {"type": "string"},
        "kind": {"enum": ["photo", "boomerang", "recording"]},
        "file": {"type": "string", "description": "Path of the file, for the owner."},
        "link": {"type": ["string", "null"], "description": "Address for a guest, which needs no token."},
    },
}
NAME: list[Schema] = [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}]


def answer(text: str, media_type: str, schema: Schema | None = None) -> dict[str, Any]:
    """Return a response."""
    return {"description": text, "content": {media_type: {"schema": schema} if schema else {}}}


def errors(*statuses: int) -> dict[str, Any]:
    """Return the refusals with these statuses."""
    return {str(status): answer("Refused; says why.", "application/json", ERROR) for status in statuses}


def page(text: str, media_type: str, *statuses: int) -> dict[str, Any]:
    """Return a GET operation that may also answer with these statuses."""
    return {"summary": text, "responses": {"200": answer(text, media_type), **errors(401, 421, *statuses)}}


def _takes(text: str, properties: dict[str, Schema], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a POST operation that takes a picture."""
    schema = {"type": "object", "properties": properties, "additionalProperties": False, "required": list(required)}
    return {
        "summary": text,
        "requestBody": {"required": bool(required), "content": {"application/json": {"schema": schema}}},
        "responses": {
            "201": answer("The picture is kept.", "application/json", TAKEN),
            **errors(400, 401, 403, 409, 413, 415, 421, 503),
        },
    }


def _recording() -> dict[str, Any]:
    operation = _takes("Begin or end the recording; without `on` change it.", {"on": {"type": "boolean"}})
    del operation["responses"]["201"]
    operation["responses"]["200"] = answer("Whether it is on now.", "application/json", {"type": "object"})
    return operation


def cartoon_path(styles: Sequence[str]) -> dict[str, Any]:
    """Return the path that draws a picture; `styles` are those of the model in use."""
    name = "|".join(re.escape(style) for style in dict.fromkeys([*styles, PHOTO]))
    part = rf"({name})(:(0\.[0-9]{{1,3}}|1))?"
    picture: Schema = {"type": "string", "format": "binary", "maxLength": LARGEST_PICTURE_BYTES}
    headers = {
        "Facetoon-Faces": {"schema": {"type": "integer"}, "description": "Faces that were drawn."},
        "Facetoon-Style": {"schema": {"type": "string"}, "description": "The mix, quoted as `style` takes it."},
    }
    drawn = {"description": "The cartoon.", "content": {kind: {} for kind in MEDIA_TYPES.values()}, "headers": headers}
    style: Schema = {
        "type": "string",
        "pattern": f"^{part}(,{part})*$",
        "description": "A mix; by default the live one.",
    }
    keep: Schema = {"type": "boolean", "description": "Put the cartoon into the gallery, and describe it."}
    operation = {
        "summary": "Draw a picture, which is not stored.",
        "parameters": [
            {"name": name, "in": "query", "schema": schema} for name, schema in (("style", style), ("keep", keep))
        ],
        "requestBody": {"required": True, "content": {kind: {"schema": picture} for kind in MEDIA_TYPES.values()}},
        "responses": {
            "200": drawn,
            "201": answer("The cartoon is kept.", "application/json", TAKEN),
            **errors(400, 401, 403, 409, 411, 413, 415, 421, 503),
        },
    }
    return {"post": operation}


def _removal() -> dict[str, Any]:
    responses = {"204": {"description": "It is gone."}, **errors(401, 403, 404, 421)}
    return {"summary": "Delete one picture.", "parameters": NAME, "responses": responses}


PHOTOS: Schema = {
    "type": "array",
    "items": {"type": "string"},
    "minItems": STRIP_PHOTOS,
    "maxItems": STRIP_PHOTOS,
    "uniqueItems": True,
}
BEFORE: Schema = {"name": "before", "in": "query", "schema": {"type": "string"}}
NAMES: Schema = {"name": "name", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}}
BOOTH_PATHS: dict[str, dict[str, Any]] = {
    "/booth": {"get": page("The photo booth.", "text/html")},
    "/api/booth": {"get": page("What the booth's page needs to know.", "application/json")},
    "/api/photo": {"post": _takes("Keep the newest frame.", {})},
    "/api/strip": {
        "post": _takes("Make one strip of four photos, which it replaces.", {"photos": PHOTOS}, ("photos",))
    },
    "/api/boomerang": {"post": _takes("Film for two seconds.", {"format": {"enum": list(BOOMERANG_PX)}})},
    "/api/recording": {"post": _recording()},
    "/gallery": {"get": page("The gallery.", "text/html")},
    "/gallery.zip": {"get": {**page("The named pictures, or all.", "application/zip"), "parameters": [NAMES]}},
    "/api/gallery": {
        "get": {
            **page("Up to 60 entries, newest first, older than `before`.", "application/json"),
            "parameters": [BEFORE],
        }
    },
    "/api/gallery/{name}": {"delete": _removal()},
    "/gallery/{name}": {"get": {**page("One file.", "image/*", 404), "parameters": NAME}},
    "/g/{name}": {"get": {**page("A guest's page.", "text/html", 404), "parameters": NAME, "security": []}},
}
"""Each is in the document where the app has it: without a gallery there are fewer."""
