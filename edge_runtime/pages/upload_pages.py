"""The path that takes a picture and gives its cartoon back."""

from __future__ import annotations

from urllib.parse import quote

from flask import Flask, Response, request
from werkzeug.exceptions import (
    BadRequest,
    Conflict,
    LengthRequired,
    RequestEntityTooLarge,
    ServiceUnavailable,
    UnsupportedMediaType,
)

from facetoon.edge_runtime.gallery.booth import Booth, DrawnUpload, UploadDesk
from facetoon.edge_runtime.pages.booth_pages import NO_GALLERY, answer_kept
from facetoon.edge_runtime.styles import parse_shares

LARGEST_PICTURE_BYTES = 20_000_000
MEDIA_TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".avif": "image/avif"}
KEPT = ".jpg"  # the album's photographs


def add_upload(app: Flask, studio: UploadDesk, booth: Booth) -> None:
    """Add /api/cartoon. Without `keep` nothing of a picture is stored."""

    @app.post("/api/cartoon")
    def cartoon() -> Response | tuple[Response, int]:
        # A foreign page cannot send such a type without a preflight request, which the preview never grants.
        if not request.mimetype.startswith("image/"):
            raise UnsupportedMediaType("A picture is sent as itself, with its type, such as image/jpeg.")
        if request.content_length is None:
            raise LengthRequired("A picture is sent with its length.")
        if request.content_length > LARGEST_PICTURE_BYTES:
            raise RequestEntityTooLarge(f"A picture has at most {LARGEST_PICTURE_BYTES // 10**6} MB.")
        keeps, style = _keeps(), request.args.get("style")
        if keeps and booth.photographer is None:
            raise Conflict(NO_GALLERY)
        with studio.place() as free:
            if not free:
                raise ServiceUnavailable("Other pictures are being drawn; send it again in a moment.", retry_after=5)
            request.max_content_length = LARGEST_PICTURE_BYTES
            drawn = studio.draw(request.get_data(), style, KEPT if keeps else None)
        if keeps:
            return answer_kept(booth, lambda who: who.album.add(drawn.data, _name(drawn) or who.style, "jpg"))
        answer = Response(drawn.data, mimetype=MEDIA_TYPES[drawn.suffix])
        answer.headers["Facetoon-Faces"] = str(drawn.faces)
        answer.headers["Facetoon-Style"] = quote(drawn.style, safe=":,")
        return answer


def _keeps() -> bool:
    text = request.args.get("keep", "false")
    if text not in ("true", "false"):
        raise BadRequest("keep must be true or false.")
    return text == "true"


def _name(drawn: DrawnUpload) -> str:
    """Return the style with the largest share, which `format_mix` puts first."""
    return next(iter(parse_shares(drawn.style))) if drawn.style else ""
