"""Answers requests by a WSGI app: the event loop reads and writes, and threads run the app.

A thread is busy only while the app works. It waits neither for a client that sends slowly, since the app is called with
the whole request, nor for a client that reads slowly. An answer that is an asynchronous iterator, as the live picture
is, needs no thread at all.
"""

from __future__ import annotations

import asyncio
import io
import logging
import re
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import aclosing
from typing import Any

from tornado.escape import url_unescape
from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters, HTTP1ServerConnection
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
    format_timestamp,
)
from tornado.iostream import IOStream, SSLIOStream, StreamClosedError

from facetoon.edge_runtime.serving.sent_body import SentBody
from facetoon.edge_runtime.serving.visitors import Visit, Visitors

PROBES = ("/healthz", "/readyz")
"""Paths for supervisors. They have a thread of their own, and no limit applies."""
WORKERS = 8
LARGEST_HEADER_BYTES = 16 * 1024
LARGEST_BODY_BYTES = 16 * 1024  # of a body that is read before the app is called
HEADER_S = 5.0  # from the connection, or the last answer, to the end of a request's header; with the TLS handshake
BODY_S = 5.0
SLOWEST_BYTES_S = 100_000  # of a large body, whose deadline is later
LINGER_S = 2.0  # for the rest of a body that was refused
TIMEOUT_S = 10.0  # a client that takes no chunk of its answer for so long is dropped
SMALL_BYTES = 256 * 1024  # an answer of known length up to here is collected in the thread that made it

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
log = logging.getLogger(__name__)
# Tornado logs faults of clients, such as half a request, as warnings. Faults of our own are errors.
logging.getLogger("tornado.general").setLevel(logging.ERROR)


class Bridge(HTTPServerConnectionDelegate):
    """Serves connections by a WSGI app. Its methods run in the server's loop, but for `close`."""

    def __init__(self, app: WsgiApp) -> None:
        self.app = app
        self.visitors = Visitors()
        self.answers: dict[Visit, asyncio.Task[None]] = {}
        self._workers = ThreadPoolExecutor(WORKERS, "preview-worker")
        self._probes = ThreadPoolExecutor(1, "preview-probe")

    def serve(self, stream: IOStream, visit: Visit) -> None:
        """Answer the requests of a connection, until it ends."""
        visit.close = stream.close
        parameters = HTTP1ConnectionParameters(
            max_header_size=4 * LARGEST_HEADER_BYTES,  # beyond, it is closed without a word
            header_timeout=HEADER_S,
            max_body_size=sys.maxsize,  # an Exchange counts for itself, and answers
            body_timeout=BODY_S,
        )
        HTTP1ServerConnection(stream, parameters, visit).start_serving(self)

    def start_request(self, server_conn: Any, request_conn: Any) -> HTTPMessageDelegate:
        """Make the reader of a connection's next request."""
        return Exchange(self, server_conn.stream, server_conn.context, request_conn)

    def on_close(self, server_conn: Any) -> None:
        """Forget a connection that has ended; one whose answer is still being made counts until then."""
        if server_conn.context not in self.answers:
            self.visitors.leave(server_conn.context)

    def executor(self, path: str) -> Executor:
        """Return the threads for a path."""
        return self._probes if path in PROBES else self._workers

    async def end(self, timeout_s: float) -> None:
        """End every connection, and wait for the answers that are being made."""
        self.visitors.close_all()
        if self.answers:
            await asyncio.wait(self.answers.values(), timeout=timeout_s)

    def close(self) -> None:
        """End the threads."""
        self._workers.shutdown()
        self._probes.shutdown()


class Exchange(HTTPMessageDelegate):
    """One request and its answer."""

    def __init__(self, bridge: Bridge, stream: IOStream, visit: Visit, connection: HTTP1Connection) -> None:
        self._bridge, self._stream, self._visit, self._connection = bridge, stream, visit, connection
        self._body = bytearray()
        self._sent_body: SentBody | None = None
        self._is_answered = False

    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> None:
        """Keep the header. The app is called at once for a large body, which it reads or refuses."""
        scheme = "https" if isinstance(self._stream, SSLIOStream) else "http"
        self._environ = environ_of(start_line, headers, self._visit.address, scheme)
        length = headers.get("Content-Length", "")
        size = len(start_line.path) + sum(len(name) + len(value) for name, value in headers.get_all())
        if size > LARGEST_HEADER_BYTES:
            self._refuse(431, "Request Header Fields Too Large")
        elif not start_line.path.isascii():  # RFC 3986; Werkzeug stumbles over such bytes
            self._refuse(400, "An address is ASCII")
        elif length.isdecimal() and length.isascii() and len(length) < 12 and int(length) > LARGEST_BODY_BYTES:
            self._environ["CONTENT_LENGTH"] = length
            self._connection.set_body_timeout(BODY_S + int(length) / SLOWEST_BYTES_S)
            self._answer_while_sent()

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Collect the body, or hand it on."""
        if self._sent_body:
            return self._sent_body.put(chunk)
        self._body += chunk
        if len(self._body) > LARGEST_BODY_BYTES:  # sent in chunks, without a length
            self._environ["HTTP_TRANSFER_ENCODING"] = "chunked"
            self._answer_while_sent()
        return None

    def finish(self) -> None:
        """Answer the whole request."""
        if self._sent_body:
            self._sent_body.end()
        elif not self._is_answered:
            self._environ["CONTENT_LENGTH"] = str(len(self._body))
            self._environ["wsgi.input"] = io.BytesIO(self._body)
            self._answer()

    def on_connection_close(self) -> None:
        """Let the app's thread wait no longer for a client that has gone."""
        if self._sent_body:
            self._sent_body.end()

    def _answer_while_sent(self) -> None:
        self._sent_body = SentBody(bytes(self._body))
        self._environ["wsgi.input"] = self._sent_body
        self._answer()

    def _answer(self) -> None:
        self._is_answered = True
        if not self._bridge.visitors.answer(self._visit) and self._environ["PATH_INFO"] not in PROBES:
            self._refuse(503, "Too many requests are being answered")
            return
        self._bridge.answers[self._visit] = asyncio.get_running_loop().create_task(self._send())

    def _refuse(self, status: int, words: str) -> None:
        """Answer without the app, and end the connection."""
        self._is_answered = True
        text = f'{{"error": "{words}."}}\n'.encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(text)), "Connection": "close"}
        line = ResponseStartLine("HTTP/1.1", status, words)
        sent = self._connection.write_headers(line, HTTPHeaders(headers), text)
        sent.add_done_callback(lambda _: self._stream.close())
        self._connection.finish()

    async def _send(self) -> None:
        try:
            answer = await self._in_thread(_Answer, self._bridge.app, self._environ)
            async with aclosing(self._chunks(answer)) as chunks:
                await self._write(answer, chunks)
        except (StreamClosedError, TimeoutError):
            self._stream.close()
        except Exception:
            log.exception("An answer was cut off.")
            self._stream.close()
        finally:
            del self._bridge.answers[self._visit]
        if self._stream.closed():
            self._bridge.visitors.leave(self._visit)
        else:
            self._bridge.visitors.wait(self._visit)

    async def _write(self, answer: _Answer, chunks: AsyncIterator[bytes]) -> None:
        self._stream.set_nodelay(True)  # the last bytes of a frame must not wait for more; Tornado turns it off
        first = await anext(chunks, b"")
        async with asyncio.timeout(TIMEOUT_S):
            await self._connection.write_headers(answer.start_line, answer.headers, first)
        async for chunk in chunks:
            async with asyncio.timeout(TIMEOUT_S):
                await self._connection.write(chunk)
        if self._sent_body:
            await self._sent_body.drop(LINGER_S)
        self._connection.finish()

    async def _chunks(self, answer: _Answer) -> AsyncGenerator[bytes]:
        """Yield the chunks of an answer, and close it."""
        chunks = answer.chunks
        try:
            if isinstance(chunks, AsyncIterator):
                async for chunk in chunks:
                    yield chunk
            else:
                iterator = iter(chunks)
                while (part := await self._in_thread(next, iterator, None)) is not None:
                    yield part
        finally:
            if isinstance(chunks, AsyncIterator):
                await chunks.aclose()  # type: ignore[attr-defined]
            elif hasattr(chunks, "close"):
                await self._in_thread(chunks.close)

    async def _in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        executor = self._bridge.executor(self._environ["PATH_INFO"])
        return await asyncio.get_running_loop().run_in_executor(executor, work, *arguments)


class _Answer:
    """What a WSGI app returned."""

    start_line: ResponseStartLine

    def __init__(self, app: WsgiApp, environ: dict[str, Any]) -> None:
        """Call the app."""
        self.headers = HTTPHeaders()
        self.chunks = app(environ, self._start)
        if int(self.headers.get("Content-Length", SMALL_BYTES + 1)) <= SMALL_BYTES:
            whole = b"".join(self.chunks)
            if hasattr(self.chunks, "close"):
                self.chunks.close()
            self.chunks = (whole,)

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        code, _, reason = status.partition(" ")
        self.start_line = ResponseStartLine("HTTP/1.1", int(code), reason)
        for name, value in headers:
            self.headers.add(name, value)
        self.headers.setdefault("Date", format_timestamp(time.time()))


def environ_of(line: RequestStartLine, headers: HTTPHeaders, address: str, scheme: str) -> dict[str, Any]:
    """Return the WSGI environment of a request, see PEP 3333; `wsgi.input` is still missing."""
    path, _, query = line.path.partition("?")
    parts = [url_unescape(part, encoding=None, plus=False) for part in re.split("%2[fF]", path)]
    environ: dict[str, Any] = {
        "REQUEST_METHOD": line.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": b"%2F".join(parts).decode("latin-1"),  # an escaped slash separates nothing
        "QUERY_STRING": query,
        "REMOTE_ADDR": address,
        "SERVER_NAME": "",  # a request without the Host header has no name
        "SERVER_PORT": "443" if scheme == "https" else "80",
        "SERVER_PROTOCOL": line.version,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        if "_" not in name:  # it could pass for a header with a hyphen
            environ[f"HTTP_{name.replace('-', '_').upper()}"] = value
    environ.pop("HTTP_CONTENT_LENGTH", None)  # the body itself says it
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    return environ
