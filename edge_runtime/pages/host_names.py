"""Reads the host names of requests."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

HOME_DOMAINS = ("local", "lan", "fritz.box", "home.arpa")  # mDNS, OpenWrt, FRITZ!Box, RFC 8375


def names_of(machine: str) -> set[str]:
    """Return the names of a machine in a home network: its own, and its first label in each home domain."""
    own = machine.lower()
    label = own.partition(".")[0]
    return {own, *(f"{label}.{domain}" for domain in HOME_DOMAINS)}


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_numeric(host: str) -> bool:
    """Whether it is an IP address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def host_name(host: str) -> str:
    """Return the name in a Host header or origin, lower case, without port and brackets; empty if malformed."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def port_of(host: str) -> str:
    """Return the port in a Host header as text; empty without one, or if malformed."""
    _, _, port = host.rpartition(":")
    return port if port.isascii() and port.isdecimal() and len(port) <= 5 else ""
