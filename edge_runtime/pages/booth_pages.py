"""The photo booth's page and the paths that take pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, jsonify, render_template
from werkzeug.exceptions import BadRequest, Conflict, NotFound, ServiceUnavailable

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.gallery.booth import Booth
from facetoon.edge_runtime.gallery.keepsakes import Keepsake
from facetoon.edge_runtime.gallery.photographer import BOOMERANG_PX, STRIP_PHOTOS, Photographer
from facetoon.edge_runtime.pages.guest_pages import guest_link
from facetoon.edge_runtime.pages.json_body import flag, optional_object

NO_GALLERY = "Nothing is kept without a gallery: start toon-live with --gallery FOLDER."


def add_booth(
    app: Flask, booth: Booth, state: Callable[[], dict[str, Any]], record: Callable[[bool], bool] | None
) -> None:
    """Add /booth and its API; `record` switches the recording and returns whether it is on."""

    @app.get("/booth")
    def booth_page() -> str:
        booth.tiles.ask()  # the first tiles are drawn while the page loads
        return render_template("booth.html", keeps=booth.photographer is not None)

    @app.get("/api/booth")
    def api_booth() -> Response:
        booth.watch()
        return jsonify(_booth_state(booth, state()))

    @app.get("/booth/tiles/<int:number>.jpg")
    def tile(number: int) -> Response:
        tiles = booth.tiles.ask()
        if number >= len(tiles) or not tiles[number].jpeg:
            raise NotFound
        return Response(tiles[number].jpeg, mimetype="image/jpeg")

    @app.post("/api/recording")
    def recording() -> Response:
        if record is None:
            raise Conflict(NO_GALLERY)
        on = flag(optional_object("on"), "on")
        return jsonify(on=record(not state()["settings"]["record"] if on is None else on))

    _add_camera(app, booth)


def _add_camera(app: Flask, booth: Booth) -> None:
    @app.post("/api/photo")
    def photo() -> tuple[Response, int]:
        optional_object()
        return answer_kept(booth, lambda who: who.photo())

    @app.post("/api/strip")
    def strip() -> tuple[Response, int]:
        names = optional_object("photos").get("photos", [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise BadRequest("photos must be a list of names.")
        if len(set(names)) != STRIP_PHOTOS or len(names) != STRIP_PHOTOS:
            raise BadRequest(f"A strip is made of {STRIP_PHOTOS} different photos.")
        return answer_kept(booth, lambda who: who.strip(names))

    @app.post("/api/boomerang")
    def boomerang() -> tuple[Response, int]:
        kind = optional_object("format").get("format", "webp")
        if not isinstance(kind, str) or kind not in BOOMERANG_PX:
            raise BadRequest(f"format must be {' or '.join(BOOMERANG_PX)}.")
        return answer_kept(booth, lambda who: who.boomerang(kind))


def answer_kept(booth: Booth, take: Callable[[Photographer], Keepsake]) -> tuple[Response, int]:
    """Take a picture, and describe it with its addresses."""
    if booth.photographer is None:
        raise Conflict(NO_GALLERY)
    try:
        taken = take(booth.photographer)
    except InputError as error:
        raise Conflict(str(error)) from None
    except OSError as error:
        raise ServiceUnavailable(f"The picture is not kept: {error.strerror or error}.") from None
    described = {"name": taken.name, "taken": taken.taken, "style": taken.style, "kind": taken.kind}
    link = guest_link(taken.name, booth.public_url)
    return jsonify(**described, file=f"gallery/{taken.name}", link=link), 201


def _booth_state(booth: Booth, now: dict[str, Any]) -> dict[str, Any]:
    settings = now["settings"]
    return {
        "running": now["running"],
        "faces": now["faces"],
        "model": settings["model"],
        "style": settings.get("style", {}),
        "presses": booth.presses,
        "tiles": [{"model": t.model, "style": t.style, "number": t.number} for t in booth.tiles.ask()],
    }
