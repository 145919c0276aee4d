"""The preview's Flask application: the page, the live picture, the API, and the probes for supervisors."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import BadRequest, HTTPException, ServiceUnavailable, UnsupportedMediaType

from facetoon.edge_runtime.cartoon.settings import MOST_FACES, TURNS
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.preview.access import Access
from facetoon.edge_runtime.preview.machine import machine
from facetoon.edge_runtime.preview.metrics import metrics_text
from facetoon.edge_runtime.preview.openapi import describe
from facetoon.edge_runtime.preview.recorder import SwitchedRecording
from facetoon.edge_runtime.preview.server import LARGEST_BODY_BYTES, VIEWERS
from facetoon.edge_runtime.preview.viewers import Viewers
from facetoon.edge_runtime.sinks.sink import PreviewSink

BOUNDARY = "facetoon-frame"
PROMETHEUS = "text/plain; version=0.0.4"
# At most some 30 frames a second for each viewer. Without a limit, a file that is read at full speed is also sent at
# full speed: ten viewers then take a third of the worker's rate on two cores.
SHORTEST_INTERVAL_S = 0.03
# The page loads nothing from elsewhere, cannot be framed, and may not ask for camera, microphone or location.
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Live(Protocol):
    """The live loop, which the preview shows and steers."""

    def state(self) -> dict[str, Any]:
        """Return counters and settings, as JSON values."""

    def change(self, values: Mapping[str, Any]) -> Any:
        """Take new settings, all or none. Raises InputError for a wrong setting."""


def create_app(
    preview: PreviewSink, live: Live, access: Access | None = None, recorder: SwitchedRecording | None = None
) -> Flask:
    """Make the Flask application over a preview sink and a live loop.

    Without `access` only this machine may use it; without `recorder` there is no setting "record".
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # sliders keep the model's order of styles
    (access or Access("127.0.0.1")).protect(app)
    viewers = Viewers(VIEWERS)

    def state() -> dict[str, Any]:
        now = live.state()
        if recorder:
            now["settings"] = {**now["settings"], "record": recorder.on}
            now["outputs"] = [*now["outputs"], *recorder.state()]
        return {**now, **machine(), "viewers": viewers.count}

    _add_picture(app, preview, viewers)
    _add_api(app, live, recorder, state)
    _add_probes(app, live, preview, state)
    app.register_error_handler(HTTPException, _as_json)
    app.register_error_handler(InputError, lambda error: _as_json(BadRequest(str(error))))
    app.after_request(_add_headers)
    return app


def _add_picture(app: Flask, preview: PreviewSink, viewers: Viewers) -> None:
    """Add the page, its stream, and a snapshot."""

    @app.get("/")
    def index() -> str:
        return render_template("index.html", most_faces=MOST_FACES, turns=TURNS)

    @app.get("/stream.mjpg")
    def stream() -> Response:
        watched = viewers.admit(_multipart(preview))
        if watched is None:
            raise ServiceUnavailable(f"The preview has {VIEWERS} viewers already.", retry_after=10)
        return Response(watched, mimetype=f"multipart/x-mixed-replace; boundary={BOUNDARY}")

    @app.get("/snapshot.jpg")
    def snapshot() -> Response:
        newest = preview.newest()
        if newest is None:
            raise ServiceUnavailable("There is no frame yet.", retry_after=1)
        return Response(newest.data, mimetype="image/jpeg")


def _add_api(app: Flask, live: Live, recorder: SwitchedRecording | None, state: Callable[[], dict[str, Any]]) -> None:
    """Add the state, changes to it, and the document that describes both."""

    @app.get("/api/state")
    def api_state() -> Response:
        return jsonify(state())

    @app.patch("/api/state")
    def change_state() -> Response:
        values = _json_object()
        record = _flag(values, "record") if recorder else None
        live.change(values)  # refuses the change before a recording starts
        if recorder and record is not None:
            recorder.switch(record)
        return jsonify(state())

    @app.get("/api/models")
    def models() -> Response:
        now = live.state()
        return jsonify(model=now["settings"]["model"], models=now["models"])

    @app.get("/openapi.json")
    def openapi() -> Response:
        return jsonify(describe(state()))


def _add_probes(app: Flask, live: Live, preview: PreviewSink, state: Callable[[], dict[str, Any]]) -> None:
    """Add the paths for supervisors and Prometheus."""

    @app.get("/healthz")
    def healthz() -> Response:
        now = live.state()
        return _probe(now["running"] and not now["stalled"], "ok", "stalled" if now["running"] else "stopped")

    @app.get("/readyz")
    def readyz() -> Response:
        return _probe(live.state()["running"] and preview.newest() is not None, "ready", "no frame yet")

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(metrics_text(state()), mimetype=PROMETHEUS)


def _probe(well: bool, yes: str, no: str) -> Response:
    return Response(f"{yes if well else no}\n", 200 if well else 503, mimetype="text/plain")


def _add_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def _json_object() -> dict[str, Any]:
    # A foreign page cannot send this type without a preflight request, which the preview never grants.
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("A change is sent as application/json.")
    try:
        values = json.loads(request.get_data(), parse_constant=_refuse)
    except RecursionError:
        raise BadRequest("The body is nested too deeply.") from None
    except ValueError:
        raise BadRequest("The body is not JSON.") from None
    if not isinstance(values, dict):
        raise BadRequest("A change is a JSON object of settings.")
    return values


def _flag(values: dict[str, Any], key: str) -> bool | None:
    """Remove a switch from the values and return it; None when it is not there."""
    if key not in values:
        return None
    value = values.pop(key)
    if not isinstance(value, bool):
        raise BadRequest(f"{key} must be true or false.")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON.")


def _as_json(error: HTTPException) -> Response:
    """Answer an error with one sentence in JSON and the headers of its status."""
    ours = error.description != type(error).description  # werkzeug's own texts are several sentences
    answer = jsonify(error=error.description if ours else f"{error.name}.")
    answer.status_code = error.code or 500
    for name, value in error.get_headers(request.environ):
        if name not in ("Content-Type", "Content-Length"):
            answer.headers[name] = value
    return answer


def _multipart(preview: PreviewSink) -> Iterator[bytes]:
    """Yield the newest JPEG again and again for one viewer: a slow viewer gets fewer frames, never older ones."""
    number = 0
    while not preview.closed:
        # After a second without a new frame, the old frame is sent again: only sending shows that a viewer has left.
        jpeg = preview.wait(number, timeout_s=1.0) or preview.newest()
        if jpeg is not None and not preview.closed:
            number = jpeg.number
            head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg.data)}\r\n\r\n"
            sent_s = time.monotonic()
            yield head.encode() + jpeg.data + b"\r\n"
            time.sleep(max(sent_s + SHORTEST_INTERVAL_S - time.monotonic(), 0))
