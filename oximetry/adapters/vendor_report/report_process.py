"""Reports are read in a child process: it may run too long, eat memory or crash, and only one file is refused for it.

The parent never imports an image or an OCR library. A child serves many reports, since loading its engines takes
longer than reading; it is replaced when it dies, overruns its time or its memory, has taken half of that, or has served
its share. A report on which a child died that had served others before gets a second one. Two may read side by side.
"""

from __future__ import annotations

import json
import logging
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Any

from oximetry.domain.device_report import DeviceReport
from oximetry.domain.errors import InvalidUpload, NotReady, OximetryError, ReadingUnavailable
from oximetry.domain.report_curve import ReportCurve

logger = logging.getLogger(__name__)

TIMEOUT_S = 10.0
START_TIMEOUT_S = 60.0
MEMORY_BYTES = 300 * 1024 * 1024
RECYCLE_AFTER = 200
CHILDREN = 2
TIMEOUT = "report_timeout"
OUT_OF_MEMORY = "OutOfMemory"
PREVIEW_WIDTH_PX = 630

_ROOT = Path(__file__).parents[3]
_ENVIRONMENT = {"PATH": os.defpath, "LANG": "C.UTF-8", "OMP_THREAD_LIMIT": "1", "MALLOC_ARENA_MAX": "2"}
_ERRORS: dict[str, type[OximetryError]] = {"InvalidUpload": InvalidUpload, "ReadingUnavailable": ReadingUnavailable}


@dataclass(frozen=True, slots=True)
class ReadReport:
    """The numbers of a report, and its curve when the page has a coloured one."""

    report: DeviceReport
    curve: ReportCurve | None


class _Gone(Exception):
    """The child ended, its time or its memory did."""

    def __init__(self, reason: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details or {}


class ReportReader:
    """Reads reports; safe to call from many threads and after a fork. Starts its children when they are needed.

    Parameters
    ----------
    timeout_s : float
        For one report; the child is killed at its end.
    memory_bytes : int
        What reading may take beside the loaded engines.
    recycle_after : int
        Reports after which a child is replaced.
    children : int
        Reports that are read at one time; who comes next waits.
    """

    def __init__(
        self,
        timeout_s: float = TIMEOUT_S,
        memory_bytes: int = MEMORY_BYTES,
        recycle_after: int = RECYCLE_AFTER,
        children: int = CHILDREN,
    ) -> None:
        self._timeout_s = timeout_s
        self._memory_bytes = memory_bytes
        self._recycle_after = recycle_after
        self._turns = BoundedSemaphore(children)
        self._lock = Lock()
        self._idle: list[_Child] = []
        self._closings = 0
        self._pid = os.getpid()

    def read(self, content: bytes) -> ReadReport:
        """Numbers and curve of a report.

        Raises
        ------
        InvalidUpload
            ``not_a_pdf``, ``report_password``, ``report_damaged``, ``report_too_large``, ``report_too_many_pages``,
            ``report_active_content``, ``report_unknown_layout``, ``report_unreadable``, ``report_timeout``.
        ReadingUnavailable
            No engine is installed, or no child could be started.
        """
        head, _ = self._ask({"act": "read"}, content)
        curve = None if head["curve"] is None else ReportCurve.from_json(head["curve"])
        return ReadReport(DeviceReport.from_json(head["report"]), curve)

    def painted(self, content: bytes) -> bytes:
        """The report as a PDF without name, age and sex; raises as `read`."""
        return self._ask({"act": "paint"}, content)[1]

    def preview(self, content: bytes, width_px: int = PREVIEW_WIDTH_PX) -> bytes:
        """A PNG of the report's page; raises as `read`."""
        return self._ask({"act": "preview", "width_px": width_px}, content)[1]

    def child_pid(self) -> int:
        """The process that reads the next report; started when there is none."""
        with self._turns, self._child() as child:
            return child.pid

    def close(self) -> None:
        """End the children, those at work when their report is read; the next report starts another."""
        with self._lock:
            idle, self._idle = self._own_idle(), []
            self._closings += 1
        for child in idle:
            child.end()

    def __enter__(self) -> ReportReader:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def _ask(self, question: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        for fresh in (False, True):
            last = fresh
            try:
                with self._turns, self._child(fresh) as child:
                    last = fresh or child.served == 0  # no earlier report is to blame
                    head, body = child.ask({**question, "length": len(content)}, content, self._timeout_s)
                    if head.get("refused") == OUT_OF_MEMORY:
                        raise _Gone(head["reason"], head["details"])
                break
            except _Gone as gone:
                logger.warning("report reader replaced reason=%s", gone.reason)
                if last or gone.reason == TIMEOUT:
                    raise InvalidUpload(gone.reason, **gone.details) from gone
        if "refused" in head:
            raise _ERRORS.get(head["refused"], InvalidUpload)(head["reason"], **head["details"])
        return head, body

    @contextmanager
    def _child(self, fresh: bool = False) -> Iterator[_Child]:
        """The child that was used last, or a new one (always, when ``fresh``); it is not used again after an error, its
        share or `close`.
        """
        with self._lock:
            closings, idle = self._closings, self._own_idle()
            child = idle.pop() if idle and not fresh else None
        if child is not None and not child.alive():
            child.end()
            child = None
        child = child or _Child(self._memory_bytes)
        try:
            yield child
        except BaseException:
            child.end()
            raise
        with self._lock:
            share = child.served < self._recycle_after and not child.worn_out
            keep = share and closings == self._closings
            if keep:
                self._idle.append(child)
        if not keep:
            child.end()

    def _own_idle(self) -> list[_Child]:
        if self._pid != os.getpid():
            self._idle, self._pid = [], os.getpid()  # the parent's children are not ours to end
        return self._idle


class _Child:
    def __init__(self, memory_bytes: int) -> None:
        self.served = 0
        self.worn_out = False
        command = [sys.executable, "-m", "oximetry.adapters.vendor_report.report_child", str(memory_bytes)]
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, cwd=_ROOT, env=_ENVIRONMENT
            )
        except OSError as error:
            raise NotReady from error
        try:
            self._receive(time.monotonic() + START_TIMEOUT_S)
        except _Gone as gone:
            self.end()
            raise NotReady from gone

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, question: dict[str, Any], content: bytes, timeout_s: float) -> tuple[dict[str, Any], bytes]:
        """One question and its answer; raises ``_Gone``."""
        until = time.monotonic() + timeout_s
        self.served += 1
        self._send(json.dumps(question).encode() + b"\n" + content, until)
        head, body = self._receive(until)
        self.worn_out = bool(head.get("worn_out"))
        return head, body

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _send(self, message: bytes, until: float) -> None:
        pipe = self._process.stdin
        if pipe is None:
            raise _Gone("report_damaged")
        os.set_blocking(pipe.fileno(), False)
        rest = memoryview(message)
        while rest:
            self._wait(pipe, selectors.EVENT_WRITE, until)
            try:
                rest = rest[os.write(pipe.fileno(), rest) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise _Gone("report_damaged") from error

    def _receive(self, until: float) -> tuple[dict[str, Any], bytes]:
        got = b""
        while b"\n" not in got:
            got += self._some(until)
        line, _, body = got.partition(b"\n")
        head = json.loads(line)
        parts, missing = [body], head["length"] - len(body)
        while missing > 0:
            parts.append(self._some(until))
            missing -= len(parts[-1])
        return head, b"".join(parts)

    def _some(self, until: float) -> bytes:
        pipe = self._process.stdout
        if pipe is None:
            raise _Gone("report_damaged")
        self._wait(pipe, selectors.EVENT_READ, until)
        some = os.read(pipe.fileno(), 1 << 16)
        if not some:
            raise _Gone("report_damaged")
        return some

    @staticmethod
    def _wait(pipe: Any, event: int, until: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, event)
            if not selector.select(max(0.0, until - time.monotonic())):
                raise _Gone(TIMEOUT)
