"""Files that must not be believed: what each is, and how fast and in how little memory it is refused.

``python -m benchmarks.report_hostile [MUTATIONS]`` sends each through one child process, as the worker does.
"""

from __future__ import annotations

import resource
import sys
import time
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from benchmarks.report_generator import draw, fonts, page_of, pdf_of
from benchmarks.report_nights import make_night
from oximetry.adapters.vendor_report.report_guards import refuse_by_bytes
from oximetry.adapters.vendor_report.report_process import ReportReader
from oximetry.adapters.vendor_report.report_writer import write_pdf
from oximetry.domain.errors import InvalidUpload, ReadingInterrupted


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


def bombs() -> dict[str, bytes]:
    """Small files that ask for gigabytes or minutes."""
    strokes = b"".join(b"0 %d m 600 %d l S\n" % (row % 800, row * 7 % 800) for row in range(1_000_000))
    pixels = zlib.compress(bytes(7_000 * 7_000 // 8), 1)
    wide = _packed(
        "/Type/XObject/Subtype/Image/Width 7000/Height 7000/ColorSpace/DeviceGray/BitsPerComponent 1", pixels
    )
    drawing = b"q 600 0 0 800 0 0 cm /P Do Q\n"
    named = b"".join(drawing.replace(b"/P", b"/P%d" % name) for name in range(100))
    return {
        "unpacks to 1 GB": one_page(zlib.compress(bytes(1 << 30), 9)),
        "packed twice": one_page(zlib.compress(zlib.compress(bytes(1 << 28), 9), 9), layers=2),
        "a million strokes": one_page(zlib.compress(strokes, 9)),
        "forms in forms": forms_in_forms(),
        "49 million pixels, drawn 200 times": one_page(zlib.compress(drawing * 200), wide),
        "49 million pixels on ten pages": one_page(zlib.compress(drawing), wide, pages=10),
        "a path drawn 100,000 times": one_page(zlib.compress(b"/G gs 0 0 600 800 re B* " * 100_000), wide),
        "one picture under 100 names": one_page(zlib.compress(named), wide, names=100),
        "transparent layers": one_page(zlib.compress(b"/G gs 0 0 600 800 re f\n" * 20_000), wide),
    }


def one_page(drawing: bytes, picture: bytes = b"<<>>", layers: int = 1, pages: int = 1, names: int = 0) -> bytes:
    """A document whose pages, 600 by 800 points, share one packed drawing and one picture."""
    kids = " ".join(f"{6 + page} 0 R" for page in range(pages))
    filters = "/FlateDecode" * layers
    aliases = b"".join(b"/P%d 4 0 R" % name for name in range(names))
    page = (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 3 0 R"
        b"/Resources<</XObject<</P 4 0 R%s>>/ExtGState<</G 5 0 R>>>>>>" % aliases
    )
    return _document(
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {pages}/Kids[{kids}]>>".encode(),
        f"<</Filter[{filters}]/Length {len(drawing)}>>stream\n".encode() + drawing + b"\nendstream",
        picture,
        b"<</Type/ExtGState/ca .5/BM/Luminosity>>",
        *[page] * pages,
    )


def forms_in_forms(depth: int = 9) -> bytes:
    """Each form draws the next ten times."""
    forms = []
    for level in range(depth):
        drawing = b"/F Do " * 10 if level + 1 < depth else b"0 0 600 800 re f "
        resources = f"/Resources<</XObject<</F {5 + level} 0 R>>>>" if level + 1 < depth else ""
        head = f"<</Type/XObject/Subtype/Form/BBox[0 0 600 800]{resources}/Length {len(drawing)}>>stream\n"
        forms.append(head.encode() + drawing + b"\nendstream")
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</XObject<</F 4 0 R>>>>>>"
    return _document(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>", page, *forms)


def _packed(head: str, data: bytes) -> bytes:
    return f"<<{head}/Filter/FlateDecode/Length {len(data)}>>stream\n".encode() + data + b"\nendstream"


def _document(*objects: bytes) -> bytes:
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, made) for number, made in enumerate(objects, start=1))
    return b"%PDF-1.4\n" + body + b"trailer<</Size %d/Root 1 0 R>>\n%%%%EOF\n" % (len(objects) + 1)


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
        for name, content in bombs().items():
            answer, seconds = _ask(reader, content)
            print(f"| {name} | {answer} | {seconds:.2f} s |", flush=True)
        print(f"| 60 bombs, two at a time | | {sixty_bombs(reader, list(bombs())):.1f} s |", flush=True)
        print(f"| 60 of those that reach a process | | {sixty_bombs(reader, passing()):.1f} s |", flush=True)
        for seed in range(mutations):
            base = bases[0] if seed % 50 else bases[2]
            answer, seconds = _ask(reader, mutated(bases[1] if seed % 2 else base, seed))
            answers[answer] += 1
            slowest[answer] = max(slowest.get(answer, 0.0), seconds)
    for answer, count in answers.most_common():
        print(f"| mutated: {answer} | {count:,} | slowest {slowest[answer]:.2f} s |")
    print(f"largest memory of a reading process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} MB")


def _ask(reader: ReportReader, content: bytes) -> tuple[str, float]:
    start = time.perf_counter()
    try:
        reader.read(content)
        answer = "read"
    except (InvalidUpload, ReadingInterrupted) as error:
        answer = error.reason
    return answer, time.perf_counter() - start


def passing() -> list[str]:
    """The bombs that their bytes alone do not refuse."""
    names = []
    for name, content in bombs().items():
        try:
            refuse_by_bytes(content)
        except InvalidUpload:
            continue
        names.append(name)
    return names


def sixty_bombs(reader: ReportReader, names: list[str]) -> float:
    """Seconds for as many bombs as one archive brings, read as the worker reads them."""
    made = bombs()
    start = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda number: _ask(reader, made[names[number % len(names)]]), range(60)))
    return time.perf_counter() - start


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:2]))
