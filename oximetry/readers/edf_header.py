"""The header that EDF, BDF and WMEDF share, read without believing it: sizes are compared with the file first."""

from __future__ import annotations

import re
from dataclasses import dataclass

FIXED_BYTES = 256
SIGNAL_BYTES = 256

_WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
_OXYGEN = re.compile(r"\b(?:sp|sa|s)o2|o2[ -]?sat|\bosat|\bsat\b|satur|s[aä]tt", re.IGNORECASE)
_PULSE = re.compile(r"\b(?:puls|pouls|pols|nab[i\u0131]z|hr\b|pr\b|heart[ -]?(?:rate|frequency))", re.IGNORECASE)
_OTHER = re.compile(r"qual|pleth|wave|status|transit|ampl|\bptt|index|perf", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SignalHeader:
    """One signal as its header describes it.

    Attributes
    ----------
    label, unit, reserved : str
    physical, digital : tuple of float
        The two ends of the scale.
    samples : int
        In each data record.
    """

    label: str
    unit: str
    physical: tuple[float, float]
    digital: tuple[float, float]
    samples: int
    reserved: str

    @property
    def is_oxygen(self) -> bool:
        """Whether the label means oxygen saturation in one of the languages known."""
        return _OXYGEN.search(self.label) is not None and not self._is_other and not _PULSE.search(self.label)

    @property
    def is_pulse(self) -> bool:
        """Whether the label means the pulse rate, not its wave, in one of the languages known."""
        return _PULSE.search(self.label) is not None and not self._is_other

    @property
    def _is_other(self) -> bool:
        return _OTHER.search(self.label) is not None


@dataclass(frozen=True, slots=True)
class EdfHeader:
    """The header of a file of this family.

    Attributes
    ----------
    recording : str
        The identification of recording and equipment; never shown.
    reserved : str
        ``EDF+C``, ``EDF+D`` and the like.
    records : int
        As stated; -1 when it was not known.
    record_s : float
        Duration of a data record.
    start : tuple of int
        Day, month, two-digit year, hour, minute, second.
    signals : tuple of SignalHeader
    """

    recording: str
    reserved: str
    records: int
    record_s: float
    start: tuple[int, ...]
    signals: tuple[SignalHeader, ...]

    @property
    def length(self) -> int:
        """Bytes of the header."""
        return FIXED_BYTES + SIGNAL_BYTES * len(self.signals)

    @classmethod
    def of(cls, content: bytes) -> EdfHeader:
        """The header of a file; raises ``ValueError`` for one that is cut or no header at all."""
        fixed = content[:FIXED_BYTES].decode("latin-1")
        count = int(fixed[252:256])
        if not 0 < count <= (len(content) - FIXED_BYTES) // SIGNAL_BYTES:
            raise ValueError("the header is cut")
        columns = _columns(content[FIXED_BYTES : FIXED_BYTES + SIGNAL_BYTES * count].decode("latin-1"), count)
        labels, _, units, pmin, pmax, dmin, dmax, _, samples, reserved = columns
        signals = tuple(
            SignalHeader(
                labels[i],
                units[i],
                (float(pmin[i]), float(pmax[i])),
                (float(dmin[i]), float(dmax[i])),
                int(samples[i]),
                reserved[i],
            )
            for i in range(count)
        )
        start = tuple(int(part) for part in (fixed[168:176] + "." + fixed[176:184]).split("."))
        record_s = float(fixed[244:252])
        if len(start) != 6 or not 0 < record_s < 1e6 or any(signal.samples <= 0 for signal in signals):
            raise ValueError("a number of the header is impossible")
        return cls(fixed[88:168].strip(), fixed[192:236].strip(), int(fixed[236:244]), record_s, start, signals)


def _columns(text: str, count: int) -> list[list[str]]:
    columns = []
    at = 0
    for width in _WIDTHS:
        columns.append([text[at + i * width : at + (i + 1) * width].strip(" \0") for i in range(count)])
        at += count * width
    return columns
