"""Measures a good viewer and the health check while hundreds of connections misbehave, and prints a table.

    python docs/figures/measure_connections.py

It starts toon-live with the demo, by HTTP and by HTTPS, attacks it from the viewer's own address, and opens each
connection anew that the server closes. Attackers, viewer and server share the processors of this machine.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import trustme

from facetoon.edge_runtime.sessions.session import DEFAULT_MODEL

TOKEN = "a token nobody guesses"
PATIENCE_S = 60.0
PROBE_S = 5.0  # the longest that a health check waits
DRIP_S = 2.0  # between two bytes of an attacker
HEAD = b"Host: 127.0.0.1\r\nAuthorization: Bearer " + TOKEN.encode() + b"\r\n"
BODY = b"PATCH /api/state HTTP/1.1\r\n" + HEAD + b"Content-Type: application/json\r\nContent-Length: 16000\r\n\r\n"


class Attack(NamedTuple):
    """What hundreds of connections do."""

    name: str
    secure: bool
    """By HTTPS."""
    beginning: bytes | None
    """What each connection sends at first; None for no connections at all."""
    sends: bool = False
    """Whether each sends a further byte every DRIP_S. Each reads one."""


ATTACKS = (
    Attack("nobody", False, None),
    Attack("silent", False, b""),
    Attack("1 byte of a header every 2 s", False, b"GET / HTTP/1.1\r\nA: ", True),
    Attack("1 byte of a body every 2 s", False, BODY, True),
    Attack("reading 1 byte every 2 s", False, b"GET /static/preview.js HTTP/1.1\r\n" + HEAD + b"\r\n"),
    Attack("nobody, HTTPS", True, None),
    Attack("silent, HTTPS", True, b""),
    Attack("stalled TLS handshakes", True, b"\x16\x03\x01\x02\x00\x01\x00"),
)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure every attack and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL)
    parser.add_argument("--connections", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=6.0, help="length of each attack (default: %(default)g)")
    arguments = parser.parse_args(argv)
    print("| attack | viewer, frames/s | health check, ms, median and longest | asked | failed | server, MB |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        authority = trustme.CA()
        pem = Path(folder, "server.pem")
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(pem)
        context = ssl.create_default_context()
        authority.configure_trust(context)
        for secure in (False, True):
            flags = ("--certificate", str(pem)) if secure else ()
            with live(arguments.model, *flags) as (port, pid):
                connect = connector(port, context if secure else None)
                for attack in ATTACKS:
                    if attack.secure == secure:
                        lines = Lines(attack, port, arguments.connections)
                        print(f"| {attack.name} | {measured(connect, lines, pid, arguments.seconds)}", flush=True)


@contextlib.contextmanager
def live(model: Path, *flags: str) -> Iterator[tuple[int, int]]:
    """Start a toon-live that ends with the block; yield its port and its process."""
    command = [sys.executable, "-m", "facetoon.edge_runtime", "--model", str(model), "--port", "0", "--token", TOKEN]
    with subprocess.Popen([*command, *flags], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            match = re.search(r":(\d+)", process.stdout.readline())
            if match is None:
                sys.exit(f"{' '.join(command)} does not start.")
            yield int(match[1]), process.pid
        finally:
            process.send_signal(signal.SIGTERM)


def connector(port: int, context: ssl.SSLContext | None) -> Callable[[float], socket.socket]:
    """Return a function that connects as a good client does, with a timeout in seconds."""

    def connect(timeout_s: float) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", port), timeout_s)
        return context.wrap_socket(line, server_hostname="127.0.0.1") if context else line

    return connect


def measured(connect: Callable[[float], socket.socket], lines: Lines, pid: int, seconds: float) -> str:
    """Return the cells of an attack's row."""
    frames = [0]
    probes_ms: list[float] = []
    end = threading.Event()
    with contextlib.closing(connect(PATIENCE_S)) as viewer, contextlib.closing(lines):
        viewer.sendall(b"GET /stream.mjpg HTTP/1.1\r\n" + HEAD + b"\r\n")
        while b"image/jpeg" not in viewer.recv(1 << 16):
            pass
        threads = [
            threading.Thread(target=watch, args=(viewer, frames)),
            threading.Thread(target=probe, args=(connect, probes_ms, end)),
        ]
        threads[0].start()
        lines.hold(seconds / 3)  # until the attack has its full size
        threads[1].start()
        before, start_s = frames[0], time.monotonic()
        lines.hold(seconds)
        rate_hz = (frames[0] - before) / (time.monotonic() - start_s)
        megabytes = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        end.set()
        viewer.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
    longest_ms, failed = max(probes_ms), sum(ms >= PROBE_S * 1000 for ms in probes_ms)
    times = f"{statistics.median(probes_ms):.1f} / {longest_ms:.1f}"
    return f"{rate_hz:.1f} | {times} | {len(probes_ms)} | {failed} | {megabytes:.0f} |"


def watch(viewer: socket.socket, frames: list[int]) -> None:
    """Count frames until the connection ends."""
    with contextlib.suppress(OSError):
        while data := viewer.recv(1 << 18):
            frames[0] += data.count(b"image/jpeg")


def probe(connect: Callable[[float], socket.socket], probes_ms: list[float], end: threading.Event) -> None:
    """Ask for /healthz on a new connection every 50 ms; a failure counts as PROBE_S."""
    while not end.wait(0.05):
        start_s = time.monotonic()
        try:
            with contextlib.closing(connect(PROBE_S)) as line:
                line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                well = line.recv(100).split(b" ")[1:2] == [b"200"]
        except OSError:
            well = False
        probes_ms.append((time.monotonic() - start_s if well else PROBE_S) * 1000)


class Lines:
    """The connections of an attack."""

    def __init__(self, attack: Attack, port: int, count: int) -> None:
        self._attack, self._port = attack, port
        self._lines: list[socket.socket | None] = [None] * (0 if attack.beginning is None else count)

    def hold(self, seconds: float) -> None:
        """Keep every line open for this time, with a byte on each every DRIP_S."""
        end_s = time.monotonic() + seconds
        while (now_s := time.monotonic()) < end_s:
            for number, line in enumerate(self._lines):
                self._lines[number] = line if line and self._drip(line) else self._begin()
            time.sleep(max(min(now_s + DRIP_S, end_s) - time.monotonic(), 0))

    def _begin(self) -> socket.socket | None:
        """Open a line, which takes little at a time; None when the server lets nobody in."""
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        line.settimeout(0.1)
        try:
            line.connect(("127.0.0.1", self._port))
            line.sendall(self._attack.beginning or b"")
        except OSError:
            line.close()
            return None
        line.setblocking(False)
        return line

    def _drip(self, line: socket.socket) -> bool:
        """Send and read a byte; False when the server has closed the line."""
        with contextlib.suppress(OSError):
            if self._attack.sends:
                line.send(b"x")
        try:
            is_open = line.recv(1) != b""
        except BlockingIOError:
            is_open = True
        except OSError:
            is_open = False
        if not is_open:
            line.close()
        return is_open

    def close(self) -> None:
        """Close every line."""
        for line in self._lines:
            if line:
                line.close()


if __name__ == "__main__":
    main()
