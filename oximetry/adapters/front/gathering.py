"""Collects the bytes of one HTTP request until all of it is there; no input or output of its own.

A thread is given only to whole requests, so a client that drips bytes, or says nothing, costs a little memory and no
place. Nothing is judged here: what looks wrong is handed on as it is, with its end, and gunicorn refuses it.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import IO, cast

HEAD_END = b"\r\n\r\n"
IN_MEMORY_BYTES = 64 * 1024
LONGEST_BODY = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class GatheringLimits:
    """How much a client may send, and how slowly.

    Attributes
    ----------
    head_bytes, body_bytes : int
        A request that is longer is handed on without what follows, and refused.
    head_s : float
        How long the head may take, and how long a new connection may say nothing.
    grace_s, bytes_per_s : float
        A body may take ``grace_s`` and, beyond that, as long as its bytes need at this speed.
    """

    head_bytes: int = 64 * 1024
    body_bytes: int = LONGEST_BODY
    head_s: float = 10.0
    grace_s: float = 20.0
    bytes_per_s: float = 4096.0


class Gathering:
    """One request on its way in.

    Attributes
    ----------
    is_whole : bool
        Whether it can be handed on.
    ends_connection : bool
        Whether nothing that follows on this connection can be trusted to be the next request.
    wants_continue : bool
        The client waits for ``100 Continue`` before it sends the body.
    path : str
        As the request line names it, once the head is there; else empty.
    size : int
        Bytes held.
    """

    def __init__(self, limits: GatheringLimits, now: float) -> None:
        self.is_whole = False
        self.ends_connection = False
        self.wants_continue = False
        self.path = ""
        self.size = 0
        self._limits = limits
        self._began_at = now
        self._head: bytearray | None = bytearray()
        self._left: int | None = None
        self._chunks: _Chunks | None = None
        self._kept: IO[bytes] = cast("IO[bytes]", tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES))  # noqa: SIM115 - closed by `close`
        self._rest = b""

    @property
    def is_empty(self) -> bool:
        """Whether nothing came yet."""
        return self.size == 0

    def feed(self, data: bytes) -> None:
        """More bytes; those behind the end of the request are kept for the next one."""
        if self.is_whole:
            self._rest += data
        elif self._head is not None:
            self._feed_head(data)
        else:
            self._feed_body(data)

    def is_late(self, now: float) -> bool:
        """Whether it takes longer than it may."""
        spent_s = now - self._began_at
        if self._head is not None:
            return spent_s > self._limits.head_s
        return spent_s > self._limits.grace_s + self.size / self._limits.bytes_per_s

    def take(self) -> tuple[IO[bytes], bytes]:
        """The whole request, to be read from its beginning, and what came behind it."""
        self._kept.seek(0)
        return self._kept, self._rest

    def close(self) -> None:
        """Forget it."""
        self._kept.close()

    def _feed_head(self, data: bytes) -> None:
        head = cast("bytearray", self._head)
        searched = max(0, len(head) - len(HEAD_END) + 1)
        head += data
        end = head.find(HEAD_END, searched)
        if end < 0:
            self.size = len(head)
            if len(head) > self._limits.head_bytes:
                self._keep(bytes(head))
                self._hand_on_as_it_is()
            return
        end += len(HEAD_END)
        self._head = None
        self.size = 0
        self._keep(bytes(head[:end]))
        self._read_head(bytes(head[:end]))
        behind = bytes(head[end:])
        if self.is_whole:
            self._rest = behind
        else:
            self._feed_body(behind)

    def _read_head(self, head: bytes) -> None:
        request_line, *lines = head.split(b"\r\n")
        words = request_line.split(b" ")
        self.path = words[1].decode("latin-1") if len(words) > 1 else ""
        lengths, codings = [], []
        for line in lines:
            name, _, value = line.partition(b":")
            match name.strip().lower():
                case b"content-length":
                    lengths.append(value.strip())
                case b"transfer-encoding":
                    codings.append(value.strip().lower())
                case b"expect":
                    self.wants_continue = value.strip().lower() == b"100-continue"
        if codings == [b"chunked"] and not lengths:
            self._chunks = _Chunks(self._limits.head_bytes)
        elif codings or len(lengths) > 1 or not all(value.isdigit() for value in lengths):
            self._hand_on_as_it_is()
        else:
            self._left = int(lengths[0]) if lengths else 0
            if self._left > self._limits.body_bytes:
                self._hand_on_as_it_is()

    def _feed_body(self, data: bytes) -> None:
        if self._chunks is not None:
            used = self._chunks.feed(data)
            over = self._chunks.is_broken or self.size > self._limits.body_bytes + self._limits.head_bytes
            self._keep(data[:used])
            if over:
                self._hand_on_as_it_is()
            elif self._chunks.is_whole:
                self.is_whole, self._rest = True, data[used:]
            return
        left = self._left or 0
        self._keep(data[:left])
        self._left = left - len(data[:left])
        if self._left == 0:
            self.is_whole, self._rest = True, data[left:]

    def _hand_on_as_it_is(self) -> None:
        self.is_whole = self.ends_connection = True
        self.wants_continue = False

    def _keep(self, data: bytes) -> None:
        self._kept.write(data)
        self.size += len(data)


class _Chunks:
    """Finds the end of a chunked body."""

    def __init__(self, line_bytes: int) -> None:
        self.is_whole = False
        self.is_broken = False
        self._line = bytearray()
        self._line_bytes = line_bytes
        self._skip = 0
        self._in_trailer = False

    def feed(self, data: bytes) -> int:
        """How many of these bytes belong to the body."""
        at = 0
        while at < len(data) and not self.is_whole and not self.is_broken:
            if self._skip:
                step = min(self._skip, len(data) - at)
                self._skip -= step
                at += step
                continue
            end = data.find(b"\n", at)
            stop = len(data) if end < 0 else end + 1
            self._line += data[at:stop]
            at = stop
            if end >= 0:
                self._end_line()
            elif len(self._line) > self._line_bytes:
                self.is_broken = True
        return at

    def _end_line(self) -> None:
        line = bytes(self._line).strip()
        self._line.clear()
        if self._in_trailer:
            self.is_whole = not line
            return
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            self.is_broken = True
            return
        self._in_trailer = size == 0
        self._skip = size + 2 if size > 0 else 0
        self.is_broken = size < 0
