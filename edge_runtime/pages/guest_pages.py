"""A guest's page: one picture by its own link, without the token and without a way to the others."""

from __future__ import annotations

from flask import Flask, Response, render_template, request, send_file, url_for
from werkzeug.exceptions import NotFound

from facetoon.edge_runtime.gallery.keepsakes import Album, described
from facetoon.edge_runtime.pages.host_names import host_name, is_loopback

GUESTS = "/g/"
"""Paths below it need no token: the name in them is the secret."""


def add_guests(app: Flask, album: Album) -> None:
    """Add the page of one picture, and the picture."""

    @app.get(f"{GUESTS}<name>")
    def guest(name: str) -> str:
        if album.path(name) is None:
            raise NotFound("This picture is no longer here.")
        return render_template("guest.html", entry=described(name), days=album.keep_days)

    @app.get(f"{GUESTS}<name>/file")
    def guest_file(name: str) -> Response:
        return entry_file(album, name)


def entry_file(album: Album, name: str) -> Response:
    """Send an entry's file, in parts where a browser asks so, as phones do for films."""
    path = album.path(name)
    if path is None:
        raise NotFound("This picture is no longer here.")
    return send_file(path, conditional=True, download_name=f"facetoon-{name[:15]}{path.suffix}")


def guest_link(name: str, public_url: str | None) -> str | None:
    """Return the address of a picture's page for a phone; None where only this machine is reached."""
    if public_url is not None:
        return f"{public_url}{url_for('guest', name=name)}"
    return None if is_loopback(host_name(request.host)) else url_for("guest", name=name, _external=True)
