"""A schema fuzzer sends requests that the document allows, and requests that it forbids."""

from __future__ import annotations

import hypothesis
import pytest
import schemathesis

from facetoon.edge_runtime.cartoon.cartoonizer import Cartoonizer
from facetoon.edge_runtime.cartoon.style_tiles import StyleTiles
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.gallery.booth import Booth
from facetoon.edge_runtime.gallery.keepsakes import Album
from facetoon.edge_runtime.gallery.photographer import Photographer
from facetoon.edge_runtime.live import LiveLoop
from facetoon.edge_runtime.photos.upload_studio import UploadStudio
from facetoon.edge_runtime.preview.app import create_app
from facetoon.edge_runtime.preview.recorder import SwitchedRecording
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.sinks.recording import open_recording
from facetoon.edge_runtime.sinks.sink import PreviewSink
from facetoon.edge_runtime.sources.source import demo_portrait, open_source
from facetoon.edge_runtime.timing import StageTimer

FUZZ = hypothesis.settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)


@pytest.fixture(params=["tiny-32-styles.tflite", "tiny-32.tflite"])
def api(request, tiny_model, portrait, tmp_path):
    timer = StageTimer()
    cartoonizer = Cartoonizer(open_session(tiny_model.with_name(request.param)), FaceFinder(), timer)
    sink = PreviewSink()
    sink.write(portrait)
    sink.close()  # so that the stream has an end
    loop = LiveLoop(open_source("demo"), cartoonizer, [sink], timer)
    photographer = Photographer(sink, Album(tmp_path), lambda: loop.settings.to_json())
    recorder = SwitchedRecording(
        lambda: photographer.album.new_path("ink", "mp4"), lambda path: open_recording(path, 30)
    )
    studio = UploadStudio({loop.settings.model: tiny_model.with_name(request.param)}, lambda: loop.settings)
    booth = Booth(StyleTiles(cartoonizer.models, demo_portrait()), photographer, studio=studio)
    app = create_app(sink, loop, recorder=recorder, booth=booth)
    return schemathesis.openapi.from_wsgi("/openapi.json", app)


@pytest.mark.parametrize("mode", schemathesis.GenerationMode)
def test_what_the_document_says_is_so(api, mode):
    """Operation by operation and not through schemathesis's own pytest mark, which does not know pytest 9.2."""
    asked = 0
    for found in api.get_all_operations():
        operation = found.ok()
        if mode is schemathesis.GenerationMode.NEGATIVE and operation.method not in ("patch", "post"):
            continue  # nothing in it can be wrong

        @FUZZ
        @hypothesis.given(operation.as_strategy(generation_mode=mode))
        def ask(case):
            nonlocal asked
            asked += 1
            # A probe says no with 503, which is no failure of its own.
            probe = case.path in ("/healthz", "/readyz")
            case.call_and_validate(excluded_checks=[schemathesis.checks.not_a_server_error] if probe else [])

        ask()
    assert asked > 50
