"""The child process of `oximetry.adapters.report_process`: reads reports for its parent until its input ends.

A message is one JSON line, which names the length of the bytes that follow it. Nothing that arrives is unpickled, on
either side; the environment holds no secret; memory is limited once the engines are loaded.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from oximetry.domain.errors import InvalidUpload, OximetryError

Answer = tuple[dict[str, Any], bytes]


def main() -> None:
    """Load the engines, say so, and answer until the parent goes."""
    memory_bytes = int(sys.argv[1])
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _warm_up()
    _limit_memory(memory_bytes)
    _send(outgoing, {"ready": True}, b"")
    while line := incoming.readline():
        asked = json.loads(line)
        head, body = _answer(asked, incoming.read(asked["length"]))
        _send(outgoing, head, body)


def _warm_up() -> None:
    """Load and use everything once, so that the memory limit counts the reading alone."""
    import cv2
    import numpy as np

    from oximetry.adapters.report_layouts import LAYOUTS
    from oximetry.adapters.report_parsing import warm_engines
    from oximetry.adapters.report_registration import place

    cv2.setNumThreads(1)
    try:
        place(np.full((LAYOUTS[0].height, LAYOUTS[0].width, 3), 255, np.uint8), LAYOUTS)
        lines = [np.full((48, width), 255, np.uint8) for width in (60, 60, 200, 200, 600)]
        for engine in warm_engines():
            engine.read(lines, [True, False, True, False, False])
    except OximetryError:
        return  # without an engine each report is refused with that reason


def _limit_memory(more_bytes: int) -> None:
    """Let the address space grow by so much and no more; where the system does not tell its size, nothing is done."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return
    limit = pages * resource.getpagesize() + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _answer(asked: dict[str, Any], content: bytes) -> Answer:
    import cv2

    try:
        return _ACTS[asked["act"]](content, asked)
    except OximetryError as error:
        details = {name: value for name, value in error.details.items() if isinstance(value, str | int | float)}
        return {"refused": type(error).__name__, "reason": error.reason, "details": details}, b""
    except (MemoryError, cv2.error):
        return _refusal(InvalidUpload("report_too_large", limit_mb=20)), b""
    except Exception:  # noqa: BLE001 - a broken file finds its way into any library's own errors; the child goes on
        return _refusal(InvalidUpload("report_damaged")), b""


def _refusal(error: OximetryError) -> dict[str, Any]:
    return {"refused": type(error).__name__, "reason": error.reason, "details": error.details}


def _read(content: bytes, asked: dict[str, Any]) -> Answer:
    from oximetry.adapters.report_parsing import parse_with_curve

    report, curve = parse_with_curve(content)
    return {"report": report.as_json(), "curve": None if curve is None else curve.as_json()}, b""


def _paint(content: bytes, asked: dict[str, Any]) -> Answer:
    from oximetry.adapters.report_painting import painted

    return {}, painted(content)


def _preview(content: bytes, asked: dict[str, Any]) -> Answer:
    from oximetry.adapters.report_parsing import preview

    return {}, preview(content, int(asked["width_px"]))


_ACTS: dict[str, Callable[[bytes, dict[str, Any]], Answer]] = {"read": _read, "paint": _paint, "preview": _preview}


def _send(outgoing: BinaryIO, head: dict[str, Any], body: bytes) -> None:
    outgoing.write(json.dumps({**head, "length": len(body)}).encode() + b"\n" + body)
    outgoing.flush()


if __name__ == "__main__":
    main()
