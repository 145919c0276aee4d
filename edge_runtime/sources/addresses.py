"""Reads the address of a camera or film, and hides what is secret in it: user, password and query."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from facetoon.edge_runtime.errors import InputError

SCHEMES = ("rtsp", "rtsps", "rtspt", "http", "https", "rtmp", "rtmps", "udp", "tcp", "rtp", "srt")
LISTENING = ("udp", "rtp")  # these may name a port alone, at which the camera sends: udp://@:5600
WRITE_AS = "in a user name or password write # as %23, / as %2F, ? as %3F and @ as %40"
_SECRET = re.compile("user|pass|pwd|token|auth|login|key", re.IGNORECASE)
_LOOKS_LIKE_ADDRESS = re.compile(r"\w[\w+.-]*:/", re.ASCII)


@dataclass(frozen=True)
class Address:
    """A checked address."""

    url: str
    scheme: str
    name: str
    """The address for state, screen and log: without user, password and query, which may hold a token."""


def is_address(text: str) -> bool:
    """Whether a text is meant as an address, and not as a path."""
    return bool(_LOOKS_LIKE_ADDRESS.match(text))


def parse_address(text: str) -> Address:
    """Check an address. Raises InputError for a malformed one; the sentence shows nothing of it but the scheme."""
    scheme, mark, rest = text.partition("://")
    scheme = scheme.lower()
    if not mark or scheme not in SCHEMES:
        raise InputError(f"A source that begins with {scheme[:12].partition(':')[0]}: is none of {', '.join(SCHEMES)}.")
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    if _has_raw_mark(authority, rest[len(authority) :]):
        raise InputError(f"The {scheme}:// address cannot be read: {WRITE_AS}.")
    try:
        parts = urlsplit(f"{scheme}://{rest}")
    except ValueError:
        raise InputError(f"The {scheme}:// address has a bracket [ or ] without its other half.") from None
    try:
        port = parts.port
    except ValueError:
        raise InputError(f"The {scheme}:// address has a port that is no number from 1 to 65535; {WRITE_AS}.") from None
    if port == 0 or not (parts.hostname or (port and scheme in LISTENING)):
        raise InputError(f"The {scheme}:// address names no host and port.")
    return Address(f"{scheme}://{rest}", scheme, _without_secrets(parts))


def _has_raw_mark(authority: str, rest: str) -> bool:
    """Whether a user name or password seems to hold a mark that would end it."""
    if authority.count("@") > 1:
        return True
    if "@" in authority or "@" not in rest:
        return False
    port = authority.rpartition(":")[2]
    return "#" in rest.partition("@")[0] or (":" in authority and not port.isdecimal() and not authority.endswith("]"))


def _without_secrets(parts: SplitResult) -> str:
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    path = "/..." if _SECRET.search(parts.path) else parts.path
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}{path}"
