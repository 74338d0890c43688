"""Files that must not be believed: what each is, and how fast and in how little memory it is refused.

``python -m benchmarks.report_hostile [MUTATIONS]`` sends each through one child process, as the worker does.
"""

from __future__ import annotations

import sys
import time
import zlib
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from benchmarks.report_generator import draw, fonts, page_of, pdf_of
from benchmarks.report_nights import make_night
from oximetry.adapters.vendor_report.report_process import ReportReader
from oximetry.adapters.vendor_report.report_writer import write_pdf
from oximetry.domain.errors import InvalidUpload


def small_page() -> np.ndarray:
    """A page of something else, small enough to try thousands of times."""
    page = np.full((420, 300, 3), 255, np.uint8)
    for row in range(40, 400, 24):
        cv2.putText(page, "Lorem ipsum 12:34", (20, row), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1)
    return page


def hostile() -> dict[str, tuple[bytes, set[str]]]:
    """Each file with the reasons that may refuse it."""
    page = small_page()
    plain = pdf_of(page)
    png = cv2.imencode(".png", page)[1].tobytes()
    return {
        "password": (locked(plain), {"report_password"}),
        "truncated": (plain[: len(plain) // 2], {"report_damaged", "report_unknown_layout"}),
        "500 pages": (write_pdf([page_of(np.full((8, 8), 255, np.uint8))] * 500), {"report_too_many_pages"}),
        "20,000 x 20,000 pixels": (huge_picture(), {"report_too_large"}),
        "giant page box": (pdf_of(page, size_pt=(2e6, 2e6)), {"report_too_large", "report_damaged"}),
        "image named .pdf": (png, {"not_a_pdf"}),
        "HTML named .pdf": (b"<!doctype html><title>Report</title>", {"not_a_pdf"}),
        "JavaScript": (with_catalog(plain, "/OpenAction<</S/JavaScript/JS(app.alert(1))>>"), {"report_active_content"}),
        "attachment": (
            with_catalog(plain, "/Names<</EmbeddedFiles<</Names[(a)<</EF<</F 1 0 R>>/Type/Filespec/F(a)>>]>>>>"),
            {"report_active_content"},
        ),
        "unrelated document": (plain, {"report_unknown_layout"}),
        "no pages": (write_pdf([]), {"report_damaged"}),
        "random bytes": (np.random.default_rng(1).bytes(100_000), {"not_a_pdf"}),
        "random bytes behind %PDF": (b"%PDF-1.7\n" + np.random.default_rng(2).bytes(100_000), {"report_damaged"}),
        "empty": (b"", {"not_a_pdf"}),
        "25 MB": (b"%PDF-1.4\n" + b"0" * (25 << 20), {"report_too_large"}),
    }


def locked(content: bytes) -> bytes:
    """The same document, encrypted with a password that nobody knows."""
    lock = f"/Encrypt<</Filter/Standard/V 1/R 2/Length 40/P -4/O<{'ab' * 32}>/U<{'cd' * 32}>>>/ID[<00><00>]"
    return content.replace(b"/Root 1 0 R", f"/Root 1 0 R{lock}".encode())


def with_catalog(content: bytes, entry: str) -> bytes:
    """The same document with one more entry in its catalogue; the shifted table of places is found again by search."""
    return content.replace(b"<</Type/Catalog", f"<</Type/Catalog{entry}".encode(), 1)


def huge_picture() -> bytes:
    """A small file whose one-bit picture has 400 million pixels."""
    side = 20_000
    data = zlib.compress(bytes(side * side // 8), 1)
    small = pdf_of(np.full((8, 8), 255, np.uint8))
    start, end = small.index(b"5 0 obj"), small.index(b"endobj", small.index(b"5 0 obj"))
    head = f"5 0 obj\n<</Type/XObject/Subtype/Image/Width {side}/Height {side}/ColorSpace/DeviceGray/BitsPerComponent 1"
    image = f"{head}/Filter/FlateDecode/Length {len(data)}>>stream\n".encode() + data + b"\nendstream\n"
    return small[:start] + image + small[end:]


def mutated(content: bytes, seed: int) -> bytes:
    """A file with flipped, lost, doubled and foreign bytes."""
    rng = np.random.default_rng(seed)
    made = bytearray(content)
    for _ in range(int(rng.integers(1, 12))):
        at, length = int(rng.integers(0, max(1, len(made)))), int(rng.integers(1, 64))
        act = int(rng.integers(0, 4))
        if act == 0:
            made[at : at + 1] = bytes([int(rng.integers(0, 256))])
        elif act == 1:
            del made[at : at + length]
        elif act == 2:
            made[at:at] = made[at : at + length]
        else:
            made[at : at + length] = rng.bytes(length)
    return bytes(made)


def main(mutations: int = 5000) -> None:
    """Refuse everything and say how."""
    bases = [pdf_of(small_page()), pdf_of(small_page(), 60), pdf_of(draw(make_night(7), fonts()[0]), 20)]
    answers: Counter[str] = Counter()
    slowest: dict[str, float] = {}
    with ReportReader() as reader:
        _ask(reader, bases[0])
        for name, (content, allowed) in hostile().items():
            answer, seconds = _ask(reader, content)
            right = "" if answer in allowed else f"  EXPECTED {sorted(allowed)}"
            print(f"| {name} | {answer} | {seconds:.2f} s |{right}", flush=True)
        for seed in range(mutations):
            base = bases[0] if seed % 50 else bases[2]
            answer, seconds = _ask(reader, mutated(bases[1] if seed % 2 else base, seed))
            answers[answer] += 1
            slowest[answer] = max(slowest.get(answer, 0.0), seconds)
        peak = memory_mb(reader.child_pid())
    for answer, count in answers.most_common():
        print(f"| mutated: {answer} | {count:,} | slowest {slowest[answer]:.2f} s |")
    print(f"child's largest memory: {peak} MB")


def _ask(reader: ReportReader, content: bytes) -> tuple[str, float]:
    start = time.perf_counter()
    try:
        reader.read(content)
        answer = "read"
    except InvalidUpload as error:
        answer = error.reason
    return answer, time.perf_counter() - start


def memory_mb(pid: int) -> int:
    """The largest resident size of a process so far."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:2]))
