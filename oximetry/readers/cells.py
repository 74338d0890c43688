"""The numbers in a column of text: each distinct text is read once, missing markers become NaN."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Samples

NAN = float("nan")

_NUMBER = re.compile(
    r"\s*(?!0\d*[.,]0*[1-9])(\d{1,6})(?:[.,](\d{1,6}))?\s*(?:%|bpm|/min|1/min)?\s*", re.ASCII | re.IGNORECASE
)
_FRACTION = re.compile(r"\s*0?[.,]\d{1,6}\s*", re.ASCII)
_FRACTIONS = {"spo2": "oxygen_as_fraction", "pulse": "pulse_per_second"}
_MISSING = re.compile(r"[\s\u2013\u2014-]*")


class Values(dict[str, float]):
    """Texts to numbers; a point or a comma may stand in front of the decimals.

    A number between 0 and 1 is refused: a share instead of percent would otherwise pass for a very low reading.

    Parameters
    ----------
    missing : collection of float
        Numbers that mean a missing reading.
    """

    def __init__(self, missing: Collection[float] = ()) -> None:
        super().__init__()
        self._missing = missing

    def __missing__(self, text: str) -> float:
        match = _NUMBER.fullmatch(text)
        if match is not None:
            value = float(f"{match[1]}.{match[2] or 0}")
        elif _MISSING.fullmatch(text):
            value = NAN
        else:
            raise ValueError("neither a number nor a missing marker")
        self[text] = value = NAN if value in self._missing else value
        return value

    def column(self, texts: Sequence[str], numbers: npt.NDArray[np.int32], name: str) -> Samples:
        """The numbers of a column, shape (n,); raises ``bad_value`` with ``line`` and ``column``,
        ``oxygen_as_fraction`` or ``pulse_per_second``."""
        try:
            return np.fromiter(map(self.__getitem__, texts), dtype=np.float64, count=len(texts))
        except ValueError as error:
            if name in _FRACTIONS and _are_fractions(set(texts)):
                raise InvalidRecording(_FRACTIONS[name]) from error
            raise InvalidRecording("bad_value", line=self._first_bad(texts, numbers), column=name) from error

    def lenient(self, texts: Sequence[str]) -> Samples:
        """The numbers of a column that is only looked at, shape (n,); NaN where a cell is none."""
        return np.fromiter(map(self._or_nan, texts), dtype=np.float64, count=len(texts))

    def _or_nan(self, text: str) -> float:
        try:
            return self[text]
        except ValueError:
            self[text] = NAN
            return NAN

    def check(self, texts: Sequence[str], numbers: npt.NDArray[np.int32], name: str) -> None:
        """Refuse a column as `column` does, without making one."""
        try:
            for text in set(texts):
                self[text]
        except ValueError as error:
            raise InvalidRecording("bad_value", line=self._first_bad(texts, numbers), column=name) from error

    def _first_bad(self, texts: Sequence[str], numbers: npt.NDArray[np.int32]) -> int:
        for text, number in zip(texts, numbers.tolist(), strict=True):
            try:
                self[text]
            except ValueError:
                return int(number)
        return int(numbers[0])


def _are_fractions(texts: Collection[str]) -> bool:
    return sum(_FRACTION.fullmatch(text) is not None for text in texts) * 2 > len(texts)
