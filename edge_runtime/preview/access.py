"""Checks who may see and steer the preview: by a token, the Host header, and the page's own origin.

On a loopback address without a token, only the Host check keeps other pages in the same browser away from the camera
(DNS rebinding). Every other address needs a token: first in the address, then as a cookie.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Flask, Request, Response, request
from werkzeug.exceptions import Forbidden, MisdirectedRequest, Unauthorized

from facetoon.edge_runtime.errors import InputError

COOKIE = "facetoon"
OPEN_PATHS = ("/healthz", "/readyz")  # for supervisors; the answer is one word
SHORTEST_TOKEN = 16


def make_token() -> str:
    """Return a token that nobody can guess: 192 random bits, safe in a URL."""
    return secrets.token_urlsafe(24)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
        if not is_loopback(host):
            own = socket.gethostname().lower()
            self._names |= {host.lower(), own, f"{own.split('.')[0]}.local"}

    def protect(self, app: Flask) -> None:
        """Check every request of the app before its view runs."""
        app.before_request(self._check)
        app.after_request(self._remember)

    def _check(self) -> None:
        # With a name of its own for this address, a foreign page could share our origin (DNS rebinding).
        if not self._knows(host_name(request.host)):
            raise MisdirectedRequest("The preview does not answer to this name; --allow-host adds it.")
        if request.path in OPEN_PATHS:
            return
        if self._token is not None and not self._has_token(request):
            raise Unauthorized("The address of this page needs its token: ?token=..., as toon-live printed it.")
        if request.method not in ("GET", "HEAD", "OPTIONS") and not _same_origin(request):
            raise Forbidden("A change must come from the preview's own page.")

    def _knows(self, name: str) -> bool:
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self._names
        return True  # a numeric address cannot be rebound

    def _has_token(self, call: Request) -> bool:
        bearer = call.authorization.token if call.authorization and call.authorization.type == "bearer" else None
        return self._equal(call.args.get("token") or bearer, self._token) or self._equal(
            call.cookies.get(COOKIE), self._cookie
        )

    @staticmethod
    def _equal(sent: str | None, secret: str | None) -> bool:
        return hmac.compare_digest((sent or "").encode(), (secret or "").encode())

    def _remember(self, response: Response) -> Response:
        # No redirect to an address without the token: after a link from another page, the browser would not send the
        # SameSite=Strict cookie with it. The page's script removes the token from the address bar.
        if self._token is not None and self._equal(request.args.get("token"), self._token):
            response.set_cookie(
                COOKIE, self._cookie, httponly=True, samesite="Strict", secure=self._secure, max_age=31 * 24 * 3600
            )
        return response


def host_name(host: str) -> str:
    """Return the name in a Host header or origin, lower case, without port and brackets; empty if malformed."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


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
