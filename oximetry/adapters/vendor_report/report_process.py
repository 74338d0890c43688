"""Each report is read in a process of its own: what it costs or breaks is no other report's loss.

The parent never imports an image or an OCR library. A server process loads the engines once and forks for every report
(`report_child`), so that each begins with the same memory and the same budget of processor time, and what ends it says
something about that report alone. A busy machine makes a report slow; it does not make it refused: the budget counts
processor time, and a wait without an answer is `ReadingInterrupted`, after which the same file may be tried again.
"""

from __future__ import annotations

import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Any

from oximetry.adapters.vendor_report.report_guards import MEGABYTE, refuse_by_bytes
from oximetry.adapters.vendor_report.report_spending import Spending
from oximetry.domain.device_report import DeviceReport
from oximetry.domain.errors import InvalidUpload, OximetryError, ReadingInterrupted, ReadingUnavailable
from oximetry.domain.report_curve import ReportCurve

logger = logging.getLogger(__name__)

DRAW_CPU_S = 0.6
DRAW_CPU_S_PER_MB = 0.2
FIND_CPU_S = 4.0
READ_CPU_S = 10.0
PATIENCE_S = 600.0
MEMORY_BYTES = 300 * 1024 * 1024
CHILDREN = 2
PREVIEW_WIDTH_PX = 630

_ROOT = Path(__file__).parents[3]
_ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    "OMP_THREAD_LIMIT": "1",
    "MALLOC_ARENA_MAX": "2",
    "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",  # macOS: the server has one thread when it forks
}
_ERRORS: dict[str, type[OximetryError]] = {
    error.__name__: error for error in (InvalidUpload, ReadingInterrupted, ReadingUnavailable)
}


@dataclass(frozen=True, slots=True)
class ReadReport:
    """The numbers of a report, and its curve when the page has a coloured one."""

    report: DeviceReport
    curve: ReportCurve | None


@dataclass(frozen=True, slots=True)
class Budget:
    """What one report may cost.

    Parameters
    ----------
    find_cpu_s : float
        Seconds of processor time until a known layout is found; most of what is no report ends here.
    read_cpu_s : float
        Seconds of processor time after that.
    memory_bytes : int
        Beside the loaded engines.
    draw_cpu_s, draw_cpu_s_per_mb : float
        Seconds of processor time, out of the first, for opening the document and drawing its pages, and how many more
        for each megabyte of the file: a small file that is long to draw is no report.
    """

    find_cpu_s: float = FIND_CPU_S
    read_cpu_s: float = READ_CPU_S
    memory_bytes: int = MEMORY_BYTES
    draw_cpu_s: float = DRAW_CPU_S
    draw_cpu_s_per_mb: float = DRAW_CPU_S_PER_MB

    def limits(self, length: int) -> dict[str, float]:
        """The seconds for a file of so many bytes, by stage."""
        draw_cpu_s = self.draw_cpu_s + self.draw_cpu_s_per_mb * length / MEGABYTE
        return {"draw_cpu_s": draw_cpu_s, "find_cpu_s": self.find_cpu_s, "read_cpu_s": self.read_cpu_s}


class ReportReader:
    """Reads reports; safe to call from many threads and after a fork. Starts its servers when they are needed.

    Parameters
    ----------
    budget : Budget
        Of each report.
    patience_s : float
        Seconds of wall clock without an answer after which reading is given up as interrupted.
    children : int
        Reports that are read at one time; who comes next waits.
    """

    def __init__(self, budget: Budget | None = None, patience_s: float = PATIENCE_S, children: int = CHILDREN) -> None:
        self._budget = budget or Budget()
        self._spending = Spending()
        self._patience_s = patience_s
        self._turns = BoundedSemaphore(children)
        self._lock = Lock()
        self._idle: list[_Server] = []
        self._closings = 0
        self._pid = os.getpid()

    def read(self, content: bytes, owner: str = "") -> ReadReport:
        """Numbers and curve of a report.

        An owner whose refused files have cost too much processor time waits until some of it is regained; without an
        owner no account is kept.

        Raises
        ------
        InvalidUpload
            ``not_a_pdf``, ``report_password``, ``report_damaged``, ``report_too_large``, ``report_too_many_pages``,
            ``report_active_content``, ``report_unknown_layout``, ``report_unreadable``; ``report_timeout``: it took
            more processor time than any report does.
        ReadingInterrupted
            The process was killed, ran out of memory, could not be started, or gave no answer; ``step`` is
            ``spending``: the owner's other files cost too much. Try again.
        ReadingUnavailable
            No engine is installed.
        """
        head, _ = self._ask({"act": "read"}, content, owner)
        curve = None if head["curve"] is None else ReportCurve.from_json(head["curve"])
        return ReadReport(DeviceReport.from_json(head["report"]), curve)

    def painted(self, content: bytes) -> bytes:
        """The report as a PDF without name, age and sex; raises as `read`."""
        return self._ask({"act": "paint"}, content)[1]

    def preview(self, content: bytes, width_px: int = PREVIEW_WIDTH_PX) -> bytes:
        """A PNG of the report's page; raises as `read`."""
        return self._ask({"act": "preview", "width_px": width_px}, content)[1]

    def server_pid(self) -> int:
        """The process that forks for the next report; started when there is none."""
        with self._turns, self._server() as server:
            return server.pid

    def close(self) -> None:
        """End the servers, those at work when their report is read; the next report starts another."""
        with self._lock:
            idle, self._idle = self._own_idle(), []
            self._closings += 1
        for server in idle:
            server.end()

    def __enter__(self) -> ReportReader:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def _ask(self, question: dict[str, Any], content: bytes, owner: str = "") -> tuple[dict[str, Any], bytes]:
        refuse_by_bytes(content)
        if self._spending.is_spent(owner):
            raise ReadingInterrupted(step="spending")
        asked = {**question, **self._budget.limits(len(content)), "length": len(content)}
        with self._turns, self._server() as server:
            head, body = server.ask(asked, content, self._patience_s)
        if "refused" in head:
            self._spending.add(owner, head["cpu_s"])
            raise _ERRORS[head["refused"]](head["reason"], **head["details"])
        return head, body

    @contextmanager
    def _server(self) -> Iterator[_Server]:
        """The server that was used last, or a new one; it is not used again after an error or `close`."""
        with self._lock:
            closings, idle = self._closings, self._own_idle()
            server = idle.pop() if idle else None
        if server is not None and not server.alive():
            server.end()
            server = None
        server = server or _Server(self._budget, self._patience_s)
        try:
            yield server
        except BaseException as error:
            server.end()
            if isinstance(error, ReadingInterrupted):
                logger.warning("report reader replaced details=%s", error.details)
            raise
        with self._lock:
            keep = closings == self._closings
            if keep:
                self._idle.append(server)
        if not keep:
            server.end()

    def _own_idle(self) -> list[_Server]:
        if self._pid != os.getpid():
            self._idle, self._pid = [], os.getpid()  # the parent's servers are not ours to end
        return self._idle


class _Server:
    def __init__(self, budget: Budget, patience_s: float) -> None:
        command = [sys.executable, "-m", "oximetry.adapters.vendor_report.report_child", str(budget.memory_bytes)]
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                command,
                stdin=pipe,
                stdout=pipe,
                stderr=subprocess.DEVNULL,
                cwd=_ROOT,
                env=_ENVIRONMENT,
                process_group=0,  # so that it ends together with the process it forked
            )
        except OSError as error:
            raise ReadingInterrupted(step="start") from error
        try:
            self._receive(time.monotonic() + patience_s)
        except ReadingInterrupted:
            self.end()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, question: dict[str, Any], content: bytes, patience_s: float) -> tuple[dict[str, Any], bytes]:
        """One question and its answer; raises `ReadingInterrupted` when the server is gone or silent."""
        until = time.monotonic() + patience_s
        self._send(json.dumps(question).encode() + b"\n" + content, until)
        return self._receive(until)

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _send(self, message: bytes, until: float) -> None:
        pipe = self._process.stdin
        if pipe is None:
            raise ReadingInterrupted(step="send")
        os.set_blocking(pipe.fileno(), False)
        rest = memoryview(message)
        while rest:
            self._wait(pipe, selectors.EVENT_WRITE, until)
            try:
                rest = rest[os.write(pipe.fileno(), rest) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise ReadingInterrupted(step="send") from error

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
            raise ReadingInterrupted(step="answer")
        self._wait(pipe, selectors.EVENT_READ, until)
        some = os.read(pipe.fileno(), 1 << 16)
        if not some:
            raise ReadingInterrupted(step="answer")
        return some

    @staticmethod
    def _wait(pipe: Any, event: int, until: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, event)
            if not selector.select(max(0.0, until - time.monotonic())):
                raise ReadingInterrupted(step="patience")
