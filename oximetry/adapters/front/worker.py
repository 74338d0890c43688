"""A worker of gunicorn in which threads meet whole requests only.

Gunicorn's own threaded worker gives a thread to a connection that has begun to speak, so that sixteen slow clients stop
every page. Here the main loop, which waits for nobody, gathers a request before a thread gets it, sends the rest of an
answer to a client that reads slowly, and ends what takes too long. It is chosen before gevent, which patches the
modules under SQLAlchemy and boto3, and before a buffering proxy, which is a second server in the image to keep alive.
`python -m benchmarks.slow_clients` measures it beside gunicorn's own worker.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time
from collections import Counter
from functools import partial
from typing import Any

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from oximetry.adapters.front.connection import FrontSocket, UnsentBytes
from oximetry.adapters.front.gathering import LONGEST_BODY, Gathering, GatheringLimits
from oximetry.adapters.front.places import Kind, Places, kind_of

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
READ_BYTES = 256 * 1024
UNSENT_BYTES = 96 * 1024 * 1024
GATHERED_BYTES = 512 * 1024 * 1024
LINGER_S = 2.0
UNSENT_GRACE_S = 20.0
SLOWEST_READER_BYTES_PER_S = 4096.0
LOOK_S = 0.5


class Connection(TConn):  # type: ignore[misc]
    """A client, between and during requests.

    Attributes
    ----------
    gathering : Gathering or None
        The request that is coming in; none while one is answered.
    ends_at : float
        When the connection is ended unless something happens, on the monotonic clock.
    """

    def __init__(self, config: Any, client: socket.socket, address: Any, server: Any, unsent: UnsentBytes) -> None:
        super().__init__(config, client, address, server)
        self.sock = FrontSocket(client, unsent)
        self.plain = client
        self.data_ready = True  # gunicorn shall not wait for what is there
        self.gathering: Gathering | None = None
        self.ends_at = float("inf")
        self.kind = Kind.DOCTOR
        self.is_kept = False
        self.is_ending = False
        self.rest = b""
        self.address = address[0] if isinstance(address, tuple) else ""


class FrontWorker(ThreadWorker):  # type: ignore[misc]
    """For ``gunicorn --worker-class``; ``--threads`` is the number of requests answered at once."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.cfg.set("sendfile", False)  # a file goes out like every answer, without a thread that waits
        self._places: Places[Connection] = Places(self.cfg.threads)
        self._unsent = UnsentBytes(UNSENT_BYTES)
        self._limits = GatheringLimits()
        self._idle: set[Connection] = set()
        self._addresses: Counter[str] = Counter()
        self._looked_at = 0.0

    def run(self) -> None:
        """Serve; the longest body is what the application takes."""
        settings = getattr(self.wsgi, "config", {})
        self._limits = GatheringLimits(body_bytes=settings.get("MAX_CONTENT_LENGTH") or LONGEST_BODY)
        super().run()

    def accept(self, listener: socket.socket) -> None:
        """Take a new client; one address never takes more than half of the connections."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        connection = Connection(self.cfg, client, address, listener.getsockname(), self._unsent)
        if self._addresses[connection.address] >= self.worker_connections // 2:
            client.close()
            return
        self._addresses[connection.address] += 1
        self.nr_conns += 1
        self._gather(connection, time.monotonic() + self._limits.head_s)

    def finish_request(self, conn: Connection, fs: Any) -> None:
        """A thread is done with a request: its place is free, the rest of the answer goes out from here."""
        for kind, waiting in self._places.leave(conn.kind):
            self._start(kind, waiting)
        try:
            is_kept = bool(fs.result()) if not fs.cancelled() else False
        except BaseException:
            self.log.exception("a request broke")
            is_kept = False
        if conn.sock.is_closed:
            self._forget(conn)
            return
        conn.is_kept = is_kept and not conn.is_ending
        if conn.sock.pending:
            unsent_s = conn.sock.pending / SLOWEST_READER_BYTES_PER_S
            self._watch(conn, selectors.EVENT_WRITE, self._flush, time.monotonic() + UNSENT_GRACE_S + unsent_s)
        else:
            self._after_answer(conn)

    def murder_keepalived(self, force: bool = False) -> None:
        """End what takes too long; called by the loop after everything that happens."""
        now = time.monotonic()
        if not force and now - self._looked_at < LOOK_S:
            return
        self._looked_at = now
        for conn in list(self._idle):
            gathering = conn.gathering
            is_slow = gathering is not None and not gathering.is_empty and gathering.is_late(now)
            if force or is_slow or now > conn.ends_at:
                self._forget(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """The worker stops: who says nothing is let go soon."""
        for conn in self._idle:
            if conn.gathering is not None and conn.gathering.is_empty:
                conn.ends_at = min(conn.ends_at, deadline)

    def _gather(self, conn: Connection, ends_at: float) -> None:
        """Wait for the next request of a client, which may be there already."""
        conn.gathering = Gathering(self._limits, time.monotonic())
        self._watch(conn, selectors.EVENT_READ, self._read, ends_at)
        if conn.rest:
            rest, conn.rest = conn.rest, b""
            self._feed(conn, rest)

    def _read(self, conn: Connection, _client: object) -> None:
        try:
            data = conn.plain.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if data:
            self._feed(conn, data)
        else:
            self._forget(conn)

    def _feed(self, conn: Connection, data: bytes) -> None:
        gathering = conn.gathering
        if gathering is None:
            return
        if gathering.is_empty:
            conn.ends_at = float("inf")  # from here on the request's own limits count
            conn.gathering = gathering = Gathering(self._limits, time.monotonic())
        gathering.feed(data)
        if gathering.is_whole:
            self._hand_on(conn, gathering)
        elif gathering.wants_continue:
            gathering.wants_continue = False
            conn.sock.sendall(CONTINUE)
        elif len(data) == READ_BYTES and self._gathered() > GATHERED_BYTES:
            self.log.warning("requests on their way in take too much room: one is ended")
            self._forget(conn)

    def _gathered(self) -> int:
        return sum(conn.gathering.size for conn in self._idle if conn.gathering is not None)

    def _hand_on(self, conn: Connection, gathering: Gathering) -> None:
        self._unwatch(conn)
        request, conn.rest = gathering.take()
        conn.is_ending = gathering.ends_connection
        conn.gathering = None
        conn.sock.offer(request)
        kind = kind_of(gathering.path)
        if self._places.enter(kind):
            self._start(kind, conn)
        else:
            self._places.wait(kind, conn)

    def _start(self, kind: Kind, conn: Connection) -> None:
        conn.kind = kind
        self.enqueue_req(conn)

    def _flush(self, conn: Connection, _client: object) -> None:
        try:
            conn.sock.flush()
        except OSError:
            self._forget(conn)
            return
        if not conn.sock.pending:
            self._unwatch(conn)
            self._after_answer(conn)

    def _after_answer(self, conn: Connection) -> None:
        now = time.monotonic()
        if conn.is_kept:
            self._gather(conn, now + (self.cfg.keepalive if self.alive else STOP_KEEPALIVE_LINGER))
            return
        # Closed at once, a client that still sends would lose the end of its answer (RFC 9112, 9.6).
        try:
            conn.plain.shutdown(socket.SHUT_WR)
        except OSError:
            self._forget(conn)
            return
        self._watch(conn, selectors.EVENT_READ, self._drain, now + LINGER_S)

    def _drain(self, conn: Connection, _client: object) -> None:
        try:
            if conn.plain.recv(READ_BYTES):
                return
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            pass
        self._forget(conn)

    def _watch(self, conn: Connection, event: int, act: Any, ends_at: float) -> None:
        conn.ends_at = ends_at
        self._idle.add(conn)
        self.poller.register(conn.plain, event, partial(act, conn))

    def _unwatch(self, conn: Connection) -> None:
        if conn in self._idle:
            self._idle.discard(conn)
            self.poller.unregister(conn.plain)

    def _forget(self, conn: Connection) -> None:
        if not conn.sock.is_closed:
            self._unwatch(conn)
        self._idle.discard(conn)
        if conn.gathering is not None:
            conn.gathering.close()
        conn.sock.close()
        self.nr_conns -= 1
        self._addresses[conn.address] -= 1
        if not self._addresses[conn.address]:
            del self._addresses[conn.address]
