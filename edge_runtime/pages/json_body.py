"""Reads the JSON bodies of requests."""

from __future__ import annotations

import json
from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType


def json_object() -> dict[str, Any]:
    """Return the request's JSON object. Raises werkzeug's exceptions for a body of another kind."""
    # A foreign page cannot send this type without a preflight request, which the preview never grants.
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("A change is sent as application/json.")
    try:
        values = json.loads(_body(), parse_constant=_refuse)
    except RecursionError:
        raise BadRequest("The body is nested too deeply.") from None
    except ValueError:
        raise BadRequest("The body is not JSON.") from None
    if not isinstance(values, dict):
        raise BadRequest("A change is a JSON object of settings.")
    return values


def optional_object(*keys: str) -> dict[str, Any]:
    """Return the request's JSON object, or an empty one without a body. Raises BadRequest for other keys."""
    values = json_object() if _body() else {}
    for key in values:
        if key not in keys:
            raise BadRequest(f"There is nothing to set by the name {key[:40]!r} here.")
    return values


def flag(values: dict[str, Any], key: str) -> bool | None:
    """Remove a switch from the values and return it; None when it is not there."""
    if key not in values:
        return None
    value = values.pop(key)
    if not isinstance(value, bool):
        raise BadRequest(f"{key} must be true or false.")
    return value


def _body() -> bytes:
    if "Transfer-Encoding" in request.headers:  # the server keeps it where the chunks are too many
        raise RequestEntityTooLarge
    return request.get_data()


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON.")
