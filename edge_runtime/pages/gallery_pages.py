"""The owner's gallery: a page of thumbnails, single files, a zip, deletion, and a QR code for each picture."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import segno
from flask import Flask, Response, jsonify, render_template, request, send_file
from werkzeug.exceptions import NotFound

from facetoon.edge_runtime.gallery.booth import Booth
from facetoon.edge_runtime.gallery.keepsakes import Album
from facetoon.edge_runtime.gallery.zipped import zipped
from facetoon.edge_runtime.pages.guest_pages import entry_file, guest_link

PAGE_ENTRIES = 60
GONE = "This picture is no longer here."


def add_gallery(app: Flask, album: Album, booth: Booth) -> None:
    """Add /gallery and its API."""

    @app.get("/gallery")
    def gallery() -> str:
        return render_template("gallery.html")

    @app.get("/api/gallery")
    def api_gallery() -> Response:
        before = request.args.get("before")
        entries = album.newest_first()
        older = [entry for entry in entries if before is None or entry.name < before]
        return jsonify(count=len(entries), entries=older[:PAGE_ENTRIES], more=len(older) > PAGE_ENTRIES)

    @app.delete("/api/gallery/<name>")
    def remove(name: str) -> tuple[str, int]:
        if not album.remove(name):
            raise NotFound(GONE)
        return "", 204

    @app.get("/gallery.zip")
    def archive() -> Response:
        chosen = request.args.getlist("name") or [entry.name for entry in album.newest_first()]
        headers = {"Content-Disposition": "attachment; filename=facetoon.zip"}
        return Response(zipped(_paths(album, chosen)), mimetype="application/zip", headers=headers)

    _add_entry(app, album, booth)


def _add_entry(app: Flask, album: Album, booth: Booth) -> None:
    @app.get("/gallery/<name>")
    def entry(name: str) -> Response:
        return entry_file(album, name)

    @app.get("/gallery/<name>/thumbnail.jpg")
    def thumbnail(name: str) -> Response:
        path = album.thumbnail(name)
        if path is None:
            raise NotFound(GONE)
        return send_file(path, mimetype="image/jpeg")

    @app.get("/gallery/<name>/qr.svg")
    def qr_code(name: str) -> Response:
        link = guest_link(name, booth.public_url) if album.path(name) else None
        if link is None:
            raise NotFound("Phones do not reach this preview: start toon-live with --host 0.0.0.0 or --public-url.")
        drawing = io.BytesIO()
        segno.make(link, error="m", micro=False).save(drawing, kind="svg", scale=8, border=3, light="#fff")
        return Response(drawing.getvalue(), mimetype="image/svg+xml")


def _paths(album: Album, names: list[str]) -> Iterator[Path]:
    for name in names:
        path = album.path(name)
        if path is not None:
            yield path
