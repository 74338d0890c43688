"""The header that EDF, BDF and WMEDF share, read without believing it: sizes are compared with the file first."""

from __future__ import annotations

import re
from dataclasses import dataclass

FIXED_BYTES = 256
SIGNAL_BYTES = 256

_WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
_OXYGEN = re.compile(
    r"(?<![a-z])s[pa]?o\s?[2\u00b2](?![a-z])|o2[ ._-]?sat|(?<![a-z])(?:osat|sat\.?[ ._-]?o2|sat(?![a-z]))"
    r"|satur|s[a\u00e4]tt|oxym|oxim|ox[iy]gen",
    re.IGNORECASE,
)
_PULSE = re.compile(
    r"(?<![a-z])(?:puls|pouls|pols|nab[i\u0131]z|h\.?r(?![a-z])|p\.?r(?![a-z])|fc(?![a-z])|bpm(?![a-z])"
    r"|(?:heart|cardiac)[ ._-]?(?:rate|freq)|herzfreq|hartslag|frec\w*[ .]card|fr[e\u00e9]q\w*[ .]card|ritm)",
    re.IGNORECASE,
)
_OTHER = re.compile(r"qual|pleth|wave|status|transit|ampl|(?<![a-z])ptt|index|perf|batt|event", re.IGNORECASE)
_UNITS = {
    "oxygen": re.compile(r"|.*%.*|per ?cent\w*|pct|proz\w*|procent\w*|sat\w*", re.IGNORECASE),
    "pulse": re.compile(r"|.*(?:bpm|b/?min|beats?|puls|p/min).*|(?:1? ?/ ?|p)?min(?:\^?-1)?", re.IGNORECASE),
}


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
    def is_heart_rate(self) -> bool:
        """Whether a pulse label speaks of the heart and not of the pulse: it may come from an ECG."""
        return self.is_pulse and re.search(r"pul?s|pouls|pols|nab|p\.?r", self.label, re.IGNORECASE) is None

    @property
    def has_the_right_unit(self) -> bool:
        """Whether the unit fits the quantity that the label means; a unit left empty does."""
        return _UNITS["pulse" if self.is_pulse else "oxygen"].fullmatch(self.unit) is not None

    @property
    def step(self) -> float:
        """Physical distance of two neighbouring stored integers; 0 for a scale of no length."""
        length = self.digital[1] - self.digital[0]
        return abs((self.physical[1] - self.physical[0]) / length) if length else 0.0

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
