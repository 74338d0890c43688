"""Two independent ways to read a line of print: Tesseract's network, and PP-OCR's through ONNX Runtime.

They share no code, no training data and no model file, so a digit that both see is seldom both's mistake. PP-OCR's
model comes inside the `rapidocr` wheel; only its recogniser is used (its angle classifier turns 99 into 66 with
score 1.00, and its detector has nothing to find here). Tesseract's wheel brings the library but no language data:
that is Debian's ``tesseract-ocr-eng``, or any other folder of `TESSDATA`. With one engine alone, only what arithmetic
proves is believed.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from oximetry.domain.errors import ReadingUnavailable

Picture = npt.NDArray[np.uint8]

TESSDATA = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/share/tesseract/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
    "/opt/local/share/tessdata",
)
MODEL = "models/PP-OCRv6_rec_small.onnx"
NUMERIC = "0123456789:.%<>=-"
LINE_HEIGHT_PX = 48
PIXELS_AT_ONCE = 1_000  # of width: the answer has 18,710 numbers for every 8 of them
LEAST_SCORE = 0.5
MARGIN_PX = 8


class Engine(Protocol):
    """Reads single lines."""

    name: str

    def read(self, pictures: Sequence[Picture], numeric: Sequence[bool]) -> list[str]:
        """The text of each grey picture, ``""`` where none was seen; ``numeric`` says that only numbers stand there."""


class Tesseract:
    """Tesseract 5, one line at a time, with the numeric signs alone where only numbers stand."""

    name = "tesseract"

    def __init__(self, folder: str) -> None:
        import tesserocr

        self._numbers = tesserocr.PyTessBaseAPI(path=folder, lang="eng", psm=tesserocr.PSM.SINGLE_BLOCK)
        self._numbers.SetVariable("tessedit_char_whitelist", NUMERIC)
        self._words = tesserocr.PyTessBaseAPI(path=folder, lang="eng", psm=tesserocr.PSM.SINGLE_BLOCK)

    def read(self, pictures: Sequence[Picture], numeric: Sequence[bool]) -> list[str]:
        """See `Engine`."""
        return [self._one(picture, only) for picture, only in zip(pictures, numeric, strict=True)]

    def _one(self, picture: Picture, numeric: bool) -> str:
        api = self._numbers if numeric else self._words
        framed = np.ascontiguousarray(np.pad(picture, MARGIN_PX, constant_values=int(np.percentile(picture, 90))))
        height, width = framed.shape
        api.SetImageBytes(framed.tobytes(), width, height, 1, width)
        api.SetSourceResolution(150)
        text = str(api.GetUTF8Text()).strip()
        api.Clear()
        return " ".join(text.split())


class PaddleRecogniser:
    """The recogniser of PP-OCR, run by ONNX Runtime on one core."""

    name = "paddle"

    def __init__(self, model: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        signs = self._session.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._signs = ["", *signs, " "]
        self._input = self._session.get_inputs()[0].name

    def read(self, pictures: Sequence[Picture], numeric: Sequence[bool]) -> list[str]:
        """See `Engine`."""
        lines = [_line(picture) for picture in pictures]
        texts = [""] * len(lines)
        for chosen in _batches([line.shape[1] for line in lines]):
            for number, text in zip(chosen, self._batch([lines[one] for one in chosen]), strict=True):
                texts[number] = text
        return texts

    def _batch(self, lines: list[Picture]) -> Iterable[str]:
        width = max(line.shape[1] for line in lines)
        batch = np.zeros((len(lines), 3, LINE_HEIGHT_PX, width), np.float32)
        for row, line in enumerate(lines):
            batch[row, :, :, : line.shape[1]] = line.astype(np.float32) / 127.5 - 1.0
        answers: Any = self._session.run(None, {self._input: batch})[0]
        return [self._decoded(answer) for answer in answers]

    def _decoded(self, answer: npt.NDArray[np.float32]) -> str:
        best = answer.argmax(axis=1)
        scores = answer.max(axis=1)
        kept = (best != 0) & (best != np.concatenate([[-1], best[:-1]]))
        if not kept.any() or float(scores[kept].min()) < LEAST_SCORE:
            return ""
        return "".join(self._signs[number] for number in best[kept]).strip()


def engines() -> list[Engine]:
    """The engines of this machine, the most exact first.

    Raises
    ------
    ReadingUnavailable
        No recogniser at all is installed.
    """
    found: list[Engine] = []
    folder = tessdata()
    if folder is not None and importlib.util.find_spec("tesserocr") is not None:
        found.append(Tesseract(folder))
    model = paddle_model()
    if model is not None:
        found.append(PaddleRecogniser(model))
    if not found:
        raise ReadingUnavailable
    return found


def tessdata() -> str | None:
    """The folder of Tesseract's English data, which reads digits and both languages' months; ``None`` without one."""
    return next((folder for folder in TESSDATA if (Path(folder) / "eng.traineddata").is_file()), None)


def paddle_model() -> Path | None:
    """The recogniser inside the `rapidocr` wheel, found without importing that package."""
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or importlib.util.find_spec("onnxruntime") is None:
        return None
    places = [Path(place) / MODEL for place in spec.submodule_search_locations or ()]
    return next((place for place in places if place.is_file()), None)


def _batches(widths: Sequence[int]) -> Iterable[list[int]]:
    """Numbers of lines alike in width, together no wider than ``PIXELS_AT_ONCE`` unless one alone is."""
    batch: list[int] = []
    for number in sorted(range(len(widths)), key=lambda one: widths[one]):
        if batch and widths[number] * (len(batch) + 1) > PIXELS_AT_ONCE:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


def _line(picture: Picture) -> Picture:
    height, width = picture.shape
    size = (max(16, round(width * LINE_HEIGHT_PX / height)), LINE_HEIGHT_PX)
    shrinking = height > LINE_HEIGHT_PX
    resized = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)
    return np.asarray(resized, np.uint8)
