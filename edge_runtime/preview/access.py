"""Checks who may see and steer the preview: by a token, the Host header, and the page's own origin.

On a loopback address without a token, only the Host check keeps other pages in the same browser away from the camera
(DNS rebinding). Every other address needs a token: first in the address, then as a cookie.
"""

from __future__ import annotations

import hmac
import secrets
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Flask, Request, Response, redirect, request
from werkzeug.exceptions import Forbidden, MisdirectedRequest, Unauthorized
from werkzeug.wrappers import Response as Answer

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pages.guest_pages import GUESTS
from facetoon.edge_runtime.pages.host_names import host_name, is_loopback, is_numeric, names_of, port_of
from facetoon.edge_runtime.serving.wsgi_bridge import PROBES

TOKEN_FORM = "/token"
OPEN_PATHS = (*PROBES, TOKEN_FORM)  # the probes' answer is one word
# Guests see one picture, whose name is the secret. The page's own styles and scripts are public code.
OPEN_FOLDERS = (GUESTS, "/static/")
SHORTEST_TOKEN = 16


def make_token() -> str:
    """Return a token that nobody can guess: 192 random bits, safe in a URL."""
    return secrets.token_urlsafe(24)


class Access:
    """Checks every request. Answers reveal nothing about the token, not even its length, and nothing is logged."""

    def __init__(self, host: str, token: str | None = None, names: Iterable[str] = (), secure: bool = False) -> None:
        """`host` is the address to listen on; `names` are further Host names, such as a proxy's; `secure` means HTTPS.

        Raises InputError for a short token, and for no token where other machines can reach the preview.
        """
        if token is None and not is_loopback(host):
            raise InputError(f"A preview on {host} can be reached by others and needs a token.")
        if token is not None and (len(token) < SHORTEST_TOKEN or not token.isascii()):
            raise InputError(f"A token has {SHORTEST_TOKEN} ASCII characters or more.")
        self._token = token
        self._secure = secure
        # The browser keeps this hash instead of the token. It opens the preview, but does not reveal the token.
        self._cookie = hmac.new((token or "").encode(), b"facetoon preview cookie", "sha256").hexdigest()
        self._names = {"localhost", *(name.lower() for name in names)}
        # A hostile network can point this machine's name at 127.0.0.1, so the name alone opens nothing.
        if token is not None:
            self._names |= {host.lower(), *names_of(socket.gethostname())}

    def protect(self, app: Flask) -> None:
        """Check every request of the app before its view runs."""
        app.before_request(self._check)
        app.after_request(self._remember)

    def _check(self) -> Answer | None:
        # With a name of its own for this address, a foreign page could share our origin (DNS rebinding).
        if not self._knows(host_name(request.host)):
            raise MisdirectedRequest("The preview does not answer to this name; --allow-host adds it.")
        if self._secure and not request.is_secure and request.path not in PROBES:
            return redirect(f"https://{request.url.partition('://')[2]}", 307)
        is_open = request.path in OPEN_PATHS or request.path.startswith(OPEN_FOLDERS)
        if self._token is not None and not is_open and not self._has_token(request):
            raise Unauthorized("The address of this page needs its token: ?token=..., as toon-live printed it.")
        if request.method not in ("GET", "HEAD", "OPTIONS") and not _same_origin(request):
            raise Forbidden("A change must come from the preview's own page.")
        return None

    def _knows(self, name: str) -> bool:
        return is_numeric(name) or name in self._names  # a numeric address cannot be rebound

    def _has_token(self, call: Request) -> bool:
        bearer = call.authorization.token if call.authorization and call.authorization.type == "bearer" else None
        return self._equal(call.args.get("token") or bearer, self._token) or self._equal(
            call.cookies.get(cookie_name(call.host)), self._cookie
        )

    def opens(self, token: str | None) -> bool:
        """Whether the token is right."""
        return self._token is None or self._equal(token, self._token)

    def remember(self, response: Response) -> None:
        """Give the browser its cookie with a response to a request that knew the token."""
        response.set_cookie(
            cookie_name(request.host),
            self._cookie,
            httponly=True,
            samesite="Strict",
            secure=self._secure,
            max_age=31 * 24 * 3600,
        )

    @staticmethod
    def _equal(sent: str | None, secret: str | None) -> bool:
        return hmac.compare_digest((sent or "").encode(), (secret or "").encode())

    def _remember(self, response: Response) -> Response:
        # No redirect to an address without the token: after a link from another page, the browser would not send the
        # SameSite=Strict cookie with it. The page's script removes the token from the address bar.
        if self._token is not None and self._equal(request.args.get("token"), self._token):
            self.remember(response)
        return response


def cookie_name(host: str) -> str:
    """Return the cookie's name for a Host header: browsers keep one cookie of a name for all ports of a host."""
    port = port_of(host)
    return f"facetoon-{port}" if port else "facetoon"


def _same_origin(call: Request) -> bool:
    """Whether the request is from no foreign page. A browser names its origin; other programs need not."""
    site = call.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = call.headers.get("Origin")
    # The scheme is not compared, since it is unknown behind a proxy that ends HTTPS.
    return origin is None or _netloc(origin) == call.host.lower()


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # a bracket without its other half
        return None
