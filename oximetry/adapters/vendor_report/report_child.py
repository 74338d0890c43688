"""The server process of `report_process` beside it: loads the engines, then forks for each report of its parent.

A message is one JSON line, which names the length of the bytes that follow it. Nothing that arrives is unpickled, on
either side; the environment holds no secret. The forked process reads one report within its memory and its processor
time (timers, whose signals end it wherever it is, inside a library too) and is gone afterwards; how it ended tells a
costly or broken file from a circumstance.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from oximetry.domain.errors import InvalidUpload, OximetryError, ReadingInterrupted

if TYPE_CHECKING:
    from oximetry.adapters.vendor_report.report_pages import Stages

CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP)
LEAST_DRAW_S = 0.001  # no timer at all is set by none

Answer = tuple[dict[str, Any], bytes]


def main() -> None:
    """Load the engines, say so, and answer until the parent goes."""
    memory_bytes = int(sys.argv[1])
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _warm_up()
    outgoing.write(_message({"ready": True}, b""))
    outgoing.flush()
    while line := incoming.readline():
        asked = json.loads(line)
        content = incoming.read(asked["length"])
        try:
            answer_pipe, writing = os.pipe()
            forked = os.fork()
        except OSError:
            outgoing.write(_message({**_refusal(ReadingInterrupted(step="fork")), "cpu_s": 0.0}, b""))
            outgoing.flush()
            continue
        if forked == 0:
            os.close(answer_pipe)
            _limit_memory(memory_bytes)
            limit_cpu(asked["find_cpu_s"])
            _answer_and_leave(writing, asked, content)
        os.close(writing)
        _hand_on(answer_pipe, forked, outgoing)


def limit_cpu(seconds: float) -> None:
    """From now on this process may use so many seconds of processor time; the timer's signal ends it."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def ending(status: int) -> OximetryError | None:
    """What an exit status (of ``waitpid``) says: nothing, a file that costs or breaks too much, or a circumstance."""
    if not os.WIFSIGNALED(status):
        return None if os.waitstatus_to_exitcode(status) == 0 else ReadingInterrupted(step="exit")
    number = os.WTERMSIG(status)
    if number in (signal.SIGPROF, signal.SIGVTALRM):
        return InvalidUpload("report_timeout")
    return InvalidUpload("report_damaged") if number in CRASHES else ReadingInterrupted(step="killed", signal=number)


def _hand_on(answer_pipe: int, forked: int, outgoing: BinaryIO) -> None:
    with os.fdopen(answer_pipe, "rb") as answers:
        answer = answers.read()
    _, status, used = os.wait4(forked, 0)
    error = ending(status)
    head, _, body = answer.partition(b"\n")
    told = json.loads(head) if error is None else _refusal(error)
    outgoing.write(_message({**told, "cpu_s": used.ru_utime + used.ru_stime}, body if error is None else b""))
    outgoing.flush()


def _answer_and_leave(writing: int, asked: dict[str, Any], content: bytes) -> NoReturn:
    """Answer and end at once, without the server's own clean-up."""
    left = 1
    try:
        with os.fdopen(writing, "wb") as answers:
            answers.write(_message(*_answer(asked, content)))
        left = 0
    finally:
        os._exit(left)


def _warm_up() -> None:
    """Load and use everything once, so that each report finds it loaded."""
    import cv2
    import numpy as np

    from oximetry.adapters.vendor_report.report_layouts import LAYOUTS
    from oximetry.adapters.vendor_report.report_parsing import parse_with_curve
    from oximetry.adapters.vendor_report.report_writer import PicturePage, write_pdf

    cv2.setNumThreads(1)
    layout = LAYOUTS[0]
    page = np.full((layout.height, layout.width, 3), 255, np.uint8)
    for left, top, right, bottom in np.round(layout.frames).astype(int).tolist():
        cv2.rectangle(page, (left, top), (right, bottom), (200, 200, 200), 2)
    for cell in layout.cells:
        left, _, _, bottom = (round(edge) for edge in cell.box)
        cv2.putText(page, "88:88", (left + 8, bottom - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 2)
    encoded = cv2.imencode(".png", page)[1].tobytes()
    size = (float(layout.width), float(layout.height))
    with suppress(OximetryError):  # without an engine each report is refused with that reason; this one always is
        parse_with_curve(write_pdf([PicturePage(encoded, (layout.width, layout.height), 3, size)]))


def _limit_memory(more_bytes: int) -> None:
    """Let the address space grow by so much and no more; where the system does not tell its size, nothing is done."""
    with suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + more_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _answer(asked: dict[str, Any], content: bytes) -> Answer:
    try:
        return _ACTS[asked["act"]](content, asked)
    except OximetryError as error:
        return _refusal(error), b""
    except Exception as error:  # noqa: BLE001 - a broken file finds its way into any library's own errors
        if isinstance(error, MemoryError) or "alloc" in str(error):  # ONNX: std::bad_alloc; OpenCV: Failed to allocate
            return _refusal(ReadingInterrupted(step="memory")), b""
        return _refusal(InvalidUpload("report_damaged")), b""


def _refusal(error: OximetryError) -> dict[str, Any]:
    details = {name: value for name, value in error.details.items() if isinstance(value, str | int | float)}
    return {"refused": type(error).__name__, "reason": error.reason, "details": details}


def _stages(asked: dict[str, Any]) -> Stages:
    from oximetry.adapters.vendor_report.report_pages import Stages

    left_s = asked["draw_cpu_s"]

    @contextmanager
    def drawing() -> Iterator[None]:
        nonlocal left_s
        signal.setitimer(signal.ITIMER_VIRTUAL, left_s)
        try:
            yield
        finally:
            left_s = max(signal.setitimer(signal.ITIMER_VIRTUAL, 0)[0], LEAST_DRAW_S)

    return Stages(drawing, lambda: limit_cpu(asked["read_cpu_s"]))


def _read(content: bytes, asked: dict[str, Any]) -> Answer:
    from oximetry.adapters.vendor_report.report_parsing import parse_with_curve

    report, curve = parse_with_curve(content, _stages(asked))
    return {"report": report.as_json(), "curve": None if curve is None else curve.as_json()}, b""


def _paint(content: bytes, asked: dict[str, Any]) -> Answer:
    from oximetry.adapters.vendor_report.report_painting import painted

    return {}, painted(content, _stages(asked))


def _preview(content: bytes, asked: dict[str, Any]) -> Answer:
    from oximetry.adapters.vendor_report.report_parsing import preview

    return {}, preview(content, int(asked["width_px"]), _stages(asked))


_ACTS: dict[str, Callable[[bytes, dict[str, Any]], Answer]] = {"read": _read, "paint": _paint, "preview": _preview}


def _message(head: dict[str, Any], body: bytes) -> bytes:
    return json.dumps({**head, "length": len(body)}).encode() + b"\n" + body


if __name__ == "__main__":
    main()
