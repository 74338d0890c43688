"""Binary of the POD2 and OxySmart: bare records without a header, in a file named after the moment it was started."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from oximetry.domain.recording import Hints, Note, Recording
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.file_names import epoch_in_name
from oximetry.readers.registry import Probe
from oximetry.readers.regular import Series, check_rows, known_start, readings, regular_recording, truncated
from oximetry.readers.timeline import Origin

RECORD_BYTES = 6
INTERVAL_S = 1
LEAST_RECORDS = 8

_SPO2, _PULSE, _ZERO, _PERFUSION, _ZERO_TOO, _BATTERY = range(RECORD_BYTES)
_NOT_BATTERY = 0x3F


class Pod2:
    """The reader of these devices; see `oximetry.readers.registry.Reader`."""

    name = "pod2"
    facts = FormatFacts(
        title="Viatom POD2 / OxySmart",
        recognised_by="six-byte records: SpO2 0 or 35-100, pulse 0 or 20-250, zeros at 2 and 4, only two battery bits",
        interval="1 s",
        missing="0",
        proof=Proof.SPECIFICATION,
        remark="The start stands in the file's name only (seconds or milliseconds since 1970, UTC), else is asked for.",
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether every record of the first bytes has the shape, and at least one is a reading."""
        rows = _rows(probe.head)
        if len(rows) < LEAST_RECORDS:
            return False
        spo2, pulse = rows[:, _SPO2], rows[:, _PULSE]
        fits = (spo2 == 0) | ((spo2 >= 35) & (spo2 <= 100))
        fits &= (pulse == 0) | ((pulse >= 20) & (pulse <= 250))
        fits &= (rows[:, _ZERO] == 0) & (rows[:, _ZERO_TOO] == 0) & ((rows[:, _BATTERY] & _NOT_BATTERY) == 0)
        return bool(fits.all() and ((spo2 > 0) & (pulse > 0)).any())

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this kind.

        Returns
        -------
        Recording
            With the notes ``start_in_utc`` when the start comes from the name, ``truncated`` (``records``,
            ``expected``) and ``unfinished`` when the last record is cut.

        Raises
        ------
        InvalidRecording
            ``start_unknown`` (``records``, ``interval_s``) and the reasons of `regular_recording`.
        """
        count, rest = divmod(len(content), RECORD_BYTES)
        check_rows(count)
        rows = _rows(content)
        start = known_start(epoch_in_name(hints.filename), hints, count, INTERVAL_S)
        notes: tuple[Note, ...] = () if hints.started_at is not None else (Note("start_in_utc"),)
        notes += truncated(count, count + 1) if rest else ()
        series = Series(start, INTERVAL_S, readings(rows[:, _SPO2], (0,)), readings(rows[:, _PULSE], (0,)), notes=notes)
        return regular_recording(series, Origin(self.name, "POD2", None))


def _rows(content: bytes) -> npt.NDArray[np.uint8]:
    count = len(content) // RECORD_BYTES
    return np.frombuffer(content, dtype=np.uint8, count=count * RECORD_BYTES).reshape(count, RECORD_BYTES)
