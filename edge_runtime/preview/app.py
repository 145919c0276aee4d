"""The preview's pages: the live picture, a snapshot, the state, and a health check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask, Response, jsonify, render_template

from edge_runtime.sinks import PreviewSink

BOUNDARY = "facetoon-frame"
# A page that loads nothing from elsewhere and cannot be framed elsewhere.
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def create_app(preview: PreviewSink, state: Callable[[], dict[str, Any]]) -> Flask:
    """The Flask application over a preview sink and a function that tells the live loop's state."""
    app = Flask(__name__)

    @app.get("/")
    def index() -> str:
        return render_template("index.html")

    @app.get("/stream.mjpg")
    def stream() -> Response:
        return Response(_multipart(preview), mimetype=f"multipart/x-mixed-replace; boundary={BOUNDARY}")

    @app.get("/snapshot.jpg")
    def snapshot() -> Response:
        newest = preview.newest()
        if newest is None:
            return Response("No frame yet.\n", 503, {"Retry-After": "1"}, mimetype="text/plain")
        return Response(newest.data, mimetype="image/jpeg")

    @app.get("/api/state")
    def api_state() -> Response:
        return jsonify(state())

    @app.get("/healthz")
    def healthz() -> Response:
        running = state()["running"]
        return Response("ok\n" if running else "stopped\n", 200 if running else 503, mimetype="text/plain")

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    return app


def _multipart(preview: PreviewSink) -> Iterator[bytes]:
    """JPEG after JPEG for one viewer; always the newest, so a slow viewer sees fewer, never older ones."""
    number = 0
    while not preview.closed:
        jpeg = preview.wait(number, timeout_s=1.0)
        if jpeg is not None:
            number = jpeg.number
            head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg.data)}\r\n\r\n"
            yield head.encode() + jpeg.data + b"\r\n"
