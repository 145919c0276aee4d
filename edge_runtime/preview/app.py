"""The preview's Flask application: the page, the live picture, the API, and the probes for supervisors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import ServiceUnavailable

from facetoon.edge_runtime.cartoon.settings import MOST_FACES, TURNS
from facetoon.edge_runtime.gallery.booth import Booth
from facetoon.edge_runtime.pages.booth_pages import add_booth
from facetoon.edge_runtime.pages.gallery_pages import add_gallery
from facetoon.edge_runtime.pages.guest_pages import add_guests
from facetoon.edge_runtime.pages.json_body import flag, json_object
from facetoon.edge_runtime.pages.security_headers import protect_browsers
from facetoon.edge_runtime.pages.upload_pages import LARGEST_PICTURE_BYTES, add_upload
from facetoon.edge_runtime.preview.access import Access, cookie_name
from facetoon.edge_runtime.preview.door import add_door
from facetoon.edge_runtime.preview.jpeg_streams import BARE, MULTIPART, frames, multipart
from facetoon.edge_runtime.preview.machine import machine
from facetoon.edge_runtime.preview.metrics import metrics_text
from facetoon.edge_runtime.preview.openapi import describe
from facetoon.edge_runtime.preview.recorder import SwitchedRecording
from facetoon.edge_runtime.preview.viewers import MOST_VIEWERS, Viewers
from facetoon.edge_runtime.serving.wsgi_bridge import LARGEST_BODY_BYTES
from facetoon.edge_runtime.sinks.sink import PreviewSink

PROMETHEUS = "text/plain; version=0.0.4"


class Live(Protocol):
    """The live loop, which the preview shows and steers."""

    def state(self) -> dict[str, Any]:
        """Return counters and settings, as JSON values."""

    def change(self, values: Mapping[str, Any]) -> Any:
        """Take new settings, all or none. Raises InputError for a wrong setting."""


def create_app(
    preview: PreviewSink,
    live: Live,
    access: Access | None = None,
    recorder: SwitchedRecording | None = None,
    booth: Booth | None = None,
    embedders: Sequence[str] = (),
    hsts: bool = False,
) -> Flask:
    """Make the Flask application over a preview sink and a live loop.

    Without `access` only this machine may use it; without `recorder` there is no setting "record", without `booth` no
    booth and no gallery. `embedders` are the origins whose pages may frame it; see protect_browsers for `hsts`.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # sliders keep the model's order of styles
    access = access or Access("127.0.0.1")
    access.protect(app)
    viewers = app.config["VIEWERS"] = Viewers(MOST_VIEWERS)

    def state() -> dict[str, Any]:
        now = live.state()
        if recorder:
            now["settings"] = {**now["settings"], "record": recorder.on}
            now["outputs"] = [*now["outputs"], *recorder.state()]
        return {**now, **machine(), "viewers": viewers.count}

    _add_picture(app, preview, live, viewers)
    _add_api(app, live, recorder, state)
    _add_probes(app, live, preview, state)
    if booth:
        _add_booth(app, booth, recorder, state)
    add_door(app, access)
    protect_browsers(app, embedders, hsts)
    return app


def _add_picture(app: Flask, preview: PreviewSink, live: Live, viewers: Viewers) -> None:
    """Add the pages with the live picture, its stream, and a snapshot."""

    @app.get("/")
    def index() -> str:
        return render_template(
            "index.html",
            most_faces=MOST_FACES,
            turns=TURNS,
            booth="booth_page" in app.view_functions,
            gallery="gallery" in app.view_functions,
            upload_bytes=LARGEST_PICTURE_BYTES if "cartoon" in app.view_functions else 0,
        )

    @app.get("/view")
    def view() -> str:
        return render_template("view.html")

    @app.get("/stream.mjpg")
    def stream() -> Response:
        bare = "bare" in request.args
        watched = viewers.admit(frames(preview) if bare else multipart(preview, lambda: live.state()["ended"]))
        if watched is None:
            raise ServiceUnavailable(f"The preview has {MOST_VIEWERS} viewers already.", retry_after=10)
        # Passed through, so that the server sees the asynchronous iterator itself.
        return Response(watched, mimetype=BARE if bare else MULTIPART, direct_passthrough=True)  # type: ignore[arg-type]

    @app.get("/snapshot.jpg")
    def snapshot() -> Response:
        newest = preview.newest()
        if newest is None:
            raise ServiceUnavailable("There is no frame yet.", retry_after=1)
        return Response(newest.data, mimetype="image/jpeg")


def _add_booth(
    app: Flask, booth: Booth, recorder: SwitchedRecording | None, state: Callable[[], dict[str, Any]]
) -> None:
    """Add the booth's pages, and with a gallery the gallery's and guests'."""

    def record(on: bool) -> bool:
        assert recorder is not None
        recorder.switch(on)
        return recorder.on

    add_booth(app, booth, state, record if recorder else None)
    if booth.studio:
        add_upload(app, booth.studio, booth)
    if booth.photographer:
        add_gallery(app, booth.photographer.album, booth)
        add_guests(app, booth.photographer.album)


def _add_api(app: Flask, live: Live, recorder: SwitchedRecording | None, state: Callable[[], dict[str, Any]]) -> None:
    """Add the state, changes to it, and the document that describes both."""

    @app.get("/api/state")
    def api_state() -> Response:
        return jsonify(state())

    @app.patch("/api/state")
    def change_state() -> Response:
        values = json_object()
        record = flag(values, "record") if recorder else None
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
        return jsonify(describe(state(), cookie_name(request.host), _paths(app)))


def _paths(app: Flask) -> set[str]:
    """Return the app's paths as OpenAPI writes them."""
    return {rule.rule.replace("<", "{").replace(">", "}") for rule in app.url_map.iter_rules()}


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
