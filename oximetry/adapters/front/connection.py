"""What a thread of gunicorn sees of a client: a whole request, and a way out that never keeps it waiting."""

from __future__ import annotations

import io
import socket
from typing import IO


class UnsentBytes:
    """Counts what waits for slow readers, over all connections of a process."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0

    def hold(self, size: int) -> bool:
        """Whether so much more may wait."""
        if self._held + size > self._most:
            return False
        self._held += size
        return True

    def let_go(self, size: int) -> None:
        """So much was sent, or given up."""
        self._held -= size


class FrontSocket:
    """Stands in the place of a socket.

    It reads from a request that was gathered before, and ends with it. What the client does not take at once is kept,
    and sent on by `flush`, which the main loop calls when the client is ready for more; the thread is free by then.
    """

    def __init__(self, client: socket.socket, unsent: UnsentBytes) -> None:
        self._client = client
        self._unsent = unsent
        self._request: IO[bytes] = io.BytesIO()
        self._pending = bytearray()
        self.is_closed = False

    @property
    def pending(self) -> int:
        """Bytes that the client has not taken yet."""
        return len(self._pending)

    def offer(self, request: IO[bytes]) -> None:
        """Let this request be read next."""
        self._request.close()
        self._request = request

    def recv(self, size: int) -> bytes:
        """Bytes of the request; empty at its end."""
        return self._request.read(size)

    def sendall(self, data: bytes) -> None:
        """Send, or keep; raises ``BrokenPipeError`` for a client that went away, or when too much waits already."""
        if self.is_closed:
            raise BrokenPipeError
        sent = 0 if self._pending else self._send(data)
        kept = memoryview(data)[sent:]
        if kept:
            if not self._unsent.hold(len(kept)):
                raise BrokenPipeError
            self._pending += kept

    def send(self, data: bytes) -> int:
        """As `sendall`."""
        self.sendall(data)
        return len(data)

    def flush(self) -> None:
        """Send what the client takes now; raises ``OSError`` when it went away."""
        sent = self._send(self._pending)
        del self._pending[:sent]
        self._unsent.let_go(sent)

    def fileno(self) -> int:
        """For the selector."""
        return self._client.fileno()

    def getpeername(self) -> object:
        """The client's address."""
        return self._client.getpeername()

    def setblocking(self, _blocking: bool) -> None:
        """It never blocks."""

    def settimeout(self, _timeout: float | None) -> None:
        """It never waits."""

    def gettimeout(self) -> float | None:
        """It never waits."""
        return None

    def shutdown(self, _how: int) -> None:
        """The main loop ends connections, once everything is sent."""

    def close(self) -> None:
        """End the connection and forget what was kept."""
        if not self.is_closed:
            self.is_closed = True
            self._unsent.let_go(len(self._pending))
            self._pending.clear()
            self._request.close()
            self._client.close()

    def _send(self, data: bytes | bytearray) -> int:
        try:
            return self._client.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
