"""The headers of every answer: what a browser may load, who may frame a page, and who may show its picture."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Flask, Response, request

from facetoon.edge_runtime.errors import InputError

# The page loads nothing from elsewhere, and may not ask for camera, microphone or location.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
FORMS_HERE = "form_action_self"
"""A key of a response's headers that never leaves: this page holds a form that is sent to the preview itself."""


def origin_of(text: str) -> str:
    """Return an origin such as http://homeassistant.local:8123. Raises InputError for anything else."""
    try:
        parts = urlsplit(text.lower())
        whole = f"{parts.scheme}://{parts.netloc}"
        known = parts.port is None or parts.port > 0
    except ValueError:
        whole, known = "", False
    if not known or text.lower().rstrip("/") != whole or not whole.startswith(("http://", "https://")):
        raise InputError(f"--allow-embed takes an origin such as http://homeassistant.local:8123, not {text!r}.")
    if any(character in whole for character in "@;,*' \""):
        raise InputError(f"--allow-embed takes one plain origin, not {text!r}.")
    return whole


def protect_browsers(app: Flask, embedders: Sequence[str] = (), hsts: bool = False) -> None:
    """Add the headers to every answer. Only pages of the origins `embedders` may frame a page or show the picture.

    With `hsts` a browser that came by HTTPS never again asks any port of this host by plain HTTP, for a year.
    """

    def add(response: Response) -> Response:
        has_form = response.headers.pop(FORMS_HERE, None) is not None
        forms = "'self'" if has_form else "'none'"
        frames = " ".join(embedders) or "'none'"
        response.headers.update(HEADERS)
        if has_form:  # with no-referrer a browser sends the form with "Origin: null", as a foreign page would
            response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; "
            f"frame-ancestors {frames}; form-action {forms}"
        )
        if not embedders:
            response.headers["X-Frame-Options"] = "DENY"  # it cannot name an origin
        response.headers["Cross-Origin-Resource-Policy"] = (
            "cross-origin" if _from_embedder(embedders) else "same-origin"
        )
        if hsts and request.is_secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response

    app.after_request(add)


def _from_embedder(embedders: Sequence[str]) -> bool:
    """Whether the page that asks, by its Referer, is of one of these origins. An <img> names no other."""
    referer = request.referrer or ""
    return any(referer == origin or referer.startswith(f"{origin}/") for origin in embedders)
