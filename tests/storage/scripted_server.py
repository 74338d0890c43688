"""A server that records what reaches it and answers as it is told: for answers no healthy server gives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Request:
    """One request as it was on the wire; header names are lower-case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """What to send back; ``content_length`` may promise more than the body holds."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_length: int | None = None


class Handler(BaseHTTPRequestHandler):
    """Hands every request to the script."""

    protocol_version = "HTTP/1.1"
    script: Callable[[Request], Answer]

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        answer = type(self).script(Request(self.command, self.path, headers, body))
        length = len(answer.body) if answer.content_length is None else answer.content_length
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(length), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.close_connection = length != len(answer.body)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _serve

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    """Lets many clients knock at once: past the library's five, a loaded machine drops connections."""

    daemon_threads = True
    request_queue_size = 128


@contextmanager
def scripted_server(script: Callable[[Request], Answer], *, keep: bool = True) -> Iterator[tuple[str, list[Request]]]:
    """The endpoint of a running server, and the list in which its requests gather (``keep``)."""
    requests: list[Request] = []

    def recorded(request: Request) -> Answer:
        if keep:
            requests.append(request)
        return script(request)

    handler = type("Scripted", (Handler,), {"script": staticmethod(recorded)})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
