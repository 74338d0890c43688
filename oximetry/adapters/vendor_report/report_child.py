"""The child process of `report_process` beside it: reads reports for its parent until its input ends.

A message is one JSON line, which names the length of the bytes that follow it. Nothing that arrives is unpickled, on
either side; the environment holds no secret; memory is limited once the engines are loaded.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from oximetry.adapters.vendor_report.report_process import OUT_OF_MEMORY
from oximetry.domain.errors import InvalidUpload, OximetryError

WORN_OUT = 0.5

Answer = tuple[dict[str, Any], bytes]


def main() -> None:
    """Load the engines, say so, and answer until the parent goes."""
    memory_bytes = int(sys.argv[1])
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _warm_up()
    start_bytes = _address_space_bytes() or 0
    _limit_memory(memory_bytes)
    _send(outgoing, {"ready": True}, b"")
    while line := incoming.readline():
        asked = json.loads(line)
        head, body = _answer(asked, incoming.read(asked["length"]))
        grown_bytes = (_address_space_bytes() or 0) - start_bytes
        _send(outgoing, {**head, "worn_out": grown_bytes > WORN_OUT * memory_bytes}, body)


def _warm_up() -> None:
    """Load and use everything once, so that the memory limit counts the reading alone."""
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
    size = _address_space_bytes()
    if size is not None:
        resource.setrlimit(resource.RLIMIT_AS, (size + more_bytes, size + more_bytes))


def _address_space_bytes() -> int | None:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return None
    return pages * resource.getpagesize()


def _answer(asked: dict[str, Any], content: bytes) -> Answer:
    try:
        return _ACTS[asked["act"]](content, asked)
    except OximetryError as error:
        details = {name: value for name, value in error.details.items() if isinstance(value, str | int | float)}
        return {"refused": type(error).__name__, "reason": error.reason, "details": details}, b""
    except Exception as error:  # noqa: BLE001 - a broken file finds its way into any library's own errors
        if isinstance(error, MemoryError) or "alloc" in str(error):  # ONNX: std::bad_alloc; OpenCV: Failed to allocate
            return {**_refusal(InvalidUpload("report_too_large", limit_mb=20)), "refused": OUT_OF_MEMORY}, b""
        return _refusal(InvalidUpload("report_damaged")), b""


def _refusal(error: OximetryError) -> dict[str, Any]:
    return {"refused": type(error).__name__, "reason": error.reason, "details": error.details}


def _read(content: bytes, asked: dict[str, Any]) -> Answer:
    from oximetry.adapters.vendor_report.report_parsing import parse_with_curve

    report, curve = parse_with_curve(content)
    return {"report": report.as_json(), "curve": None if curve is None else curve.as_json()}, b""


def _paint(content: bytes, asked: dict[str, Any]) -> Answer:
    from oximetry.adapters.vendor_report.report_painting import painted

    return {}, painted(content)


def _preview(content: bytes, asked: dict[str, Any]) -> Answer:
    from oximetry.adapters.vendor_report.report_parsing import preview

    return {}, preview(content, int(asked["width_px"]))


_ACTS: dict[str, Callable[[bytes, dict[str, Any]], Answer]] = {"read": _read, "paint": _paint, "preview": _preview}


def _send(outgoing: BinaryIO, head: dict[str, Any], body: bytes) -> None:
    outgoing.write(json.dumps({**head, "length": len(body)}).encode() + b"\n" + body)
    outgoing.flush()


if __name__ == "__main__":
    main()
