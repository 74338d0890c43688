"""Reports are read in a child process: it may run too long, eat memory or crash, and only one file is refused for it.

The parent never imports an image or an OCR library. One child serves many reports, since loading its engines takes
longer than reading; it is replaced when it dies, overruns its time, or has served its share.
"""

from __future__ import annotations

import json
import logging
import os
import selectors
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from oximetry.domain.device_report import DeviceReport
from oximetry.domain.errors import InvalidUpload, NotReady, OximetryError, ReadingUnavailable
from oximetry.domain.report_curve import ReportCurve

logger = logging.getLogger(__name__)

TIMEOUT_S = 10.0
START_TIMEOUT_S = 60.0
MEMORY_BYTES = 300 * 1024 * 1024
RECYCLE_AFTER = 200
PREVIEW_WIDTH_PX = 630

_ROOT = Path(__file__).parents[2]
_ENVIRONMENT = {"PATH": os.defpath, "LANG": "C.UTF-8", "OMP_THREAD_LIMIT": "1", "MALLOC_ARENA_MAX": "2"}
_ERRORS: dict[str, type[OximetryError]] = {"InvalidUpload": InvalidUpload, "ReadingUnavailable": ReadingUnavailable}


@dataclass(frozen=True, slots=True)
class ReadReport:
    """The numbers of a report, and its curve when the page has a coloured one."""

    report: DeviceReport
    curve: ReportCurve | None


class _Gone(Exception):
    """The child ended, or its time did."""

    def __init__(self, overran: bool) -> None:
        super().__init__()
        self.overran = overran


class ReportReader:
    """Reads reports one after another; safe to call from many threads and after a fork. Starts its child at first use.

    Parameters
    ----------
    timeout_s : float
        For one report; the child is killed at its end.
    memory_bytes : int
        What reading may take beside the loaded engines.
    recycle_after : int
        Reports after which the child is replaced.
    """

    def __init__(
        self, timeout_s: float = TIMEOUT_S, memory_bytes: int = MEMORY_BYTES, recycle_after: int = RECYCLE_AFTER
    ) -> None:
        self._timeout_s = timeout_s
        self._memory_bytes = memory_bytes
        self._recycle_after = recycle_after
        self._lock = Lock()
        self._child: _Child | None = None
        self._pid: int | None = None

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
        """The process that reads now; started when there is none."""
        with self._lock:
            return self._own_child().pid

    def close(self) -> None:
        """End the child; the next report starts another."""
        with self._lock:
            self._drop()

    def __enter__(self) -> ReportReader:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def _ask(self, question: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        with self._lock:
            child = self._own_child()
            try:
                head, body = child.ask({**question, "length": len(content)}, content, self._timeout_s)
            except _Gone as gone:
                self._drop()
                logger.warning("report reader replaced overran=%s", gone.overran)
                raise InvalidUpload("report_timeout" if gone.overran else "report_damaged") from gone
            if child.served >= self._recycle_after:
                self._drop()
        if "refused" in head:
            raise _ERRORS.get(head["refused"], InvalidUpload)(head["reason"], **head["details"])
        return head, body

    def _own_child(self) -> _Child:
        if self._pid != os.getpid():
            self._child, self._pid = None, os.getpid()  # the parent's child is not ours to end
        if self._child is not None and not self._child.alive():
            self._drop()
        if self._child is None:
            self._child = _Child(self._memory_bytes)
        return self._child

    def _drop(self) -> None:
        if self._child is not None and self._pid == os.getpid():
            self._child.end()
        self._child = None


class _Child:
    def __init__(self, memory_bytes: int) -> None:
        self.served = 0
        command = [sys.executable, "-m", "oximetry.adapters.report_child", str(memory_bytes)]
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
        return self._receive(until)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _send(self, message: bytes, until: float) -> None:
        pipe = self._process.stdin
        if pipe is None:
            raise _Gone(overran=False)
        os.set_blocking(pipe.fileno(), False)
        rest = memoryview(message)
        while rest:
            self._wait(pipe, selectors.EVENT_WRITE, until)
            try:
                rest = rest[os.write(pipe.fileno(), rest) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise _Gone(overran=False) from error

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
            raise _Gone(overran=False)
        self._wait(pipe, selectors.EVENT_READ, until)
        some = os.read(pipe.fileno(), 1 << 16)
        if not some:
            raise _Gone(overran=False)
        return some

    @staticmethod
    def _wait(pipe: Any, event: int, until: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, event)
            if not selector.select(max(0.0, until - time.monotonic())):
                raise _Gone(overran=True)
