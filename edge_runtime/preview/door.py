"""Answers errors: JSON for programs, a page for people, and for those without the token a form to enter it."""

from __future__ import annotations

from flask import Flask, Response, jsonify, redirect, render_template, request
from werkzeug.exceptions import BadRequest, HTTPException, Unauthorized
from werkzeug.wrappers import Response as Answer

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pages.security_headers import FORMS_HERE
from facetoon.edge_runtime.preview.access import TOKEN_FORM, Access

LONGEST_SENTENCE = 500  # an error may quote what was sent


def add_door(app: Flask, access: Access) -> None:
    """Add the answers to errors, and the form that takes the token."""

    @app.post(TOKEN_FORM)
    def enter() -> Answer:
        if not access.opens(request.form.get("token", "").strip()):
            raise Unauthorized("That is not the token. toon-live prints it at its start.")
        answer = redirect(_local(request.form.get("next", "")), 303)
        access.remember(answer)  # type: ignore[arg-type]
        return answer

    app.register_error_handler(HTTPException, _answer)
    app.register_error_handler(InputError, lambda error: _answer(BadRequest(str(error))))


def _answer(error: HTTPException) -> Response:
    """Answer an error with one sentence and the headers of its status."""
    ours = error.description != type(error).description  # werkzeug's own texts are several sentences
    sentence = error.description if ours and error.description else f"{error.name}."
    if len(sentence) > LONGEST_SENTENCE:
        sentence = f"{sentence[:LONGEST_SENTENCE]}..."
    answer = _page(error, sentence) if _is_person() else jsonify(error=sentence)
    answer.status_code = error.code or 500
    for name, value in error.get_headers(request.environ):
        if name not in ("Content-Type", "Content-Length"):
            answer.headers[name] = value
    return answer


def _page(error: HTTPException, sentence: str) -> Response:
    asks = isinstance(error, Unauthorized)
    here = request.form.get("next", "/") if request.path == TOKEN_FORM else request.path
    text = render_template(
        "door.html", sentence=sentence, asks=asks, wrong=request.path == TOKEN_FORM, next=_local(here)
    )
    answer = Response(text, mimetype="text/html")
    if asks:
        answer.headers[FORMS_HERE] = "yes"
    return answer


def _is_person() -> bool:
    """Whether a browser asks for a page: it names text/html first, for pictures and scripts it does not."""
    kinds = request.accept_mimetypes
    return not request.path.startswith("/api/") and kinds.best_match(["application/json", "text/html"]) == "text/html"


def _local(path: str) -> str:
    """Return a path of this preview, so that the form leads nowhere else."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"
