"""CSV of the Viatom family (ViHealth, O2 Insight, O2 Insight Pro) in any language.

The order of the columns is the same in every dialect: time, SpO2, pulse, motion[, reminders]. Header words, date,
delimiter and encoding follow the phone or the office program that saved the file again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Hints, Note, Recording, Samples
from oximetry.readers.cells import NAN, Values
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.file_names import device_in_name
from oximetry.readers.registry import Probe
from oximetry.readers.text_table import Layout, chunks, decode, decode_head, find_layout, find_table, split_lines
from oximetry.readers.timeline import Origin, Rows, build_recording
from oximetry.readers.timestamps import TimeColumn

SPO2_MISSING = 255.0
PULSE_MISSING = 65535.0
SPO2_MOST_PCT = 100.0

_OXYGEN = re.compile(r"ox|o2|o₂|spo|satur|sätt|sauer|tlen|satur|кисл|氧|酸素", re.IGNORECASE)
_PULSE = re.compile(r"pul|\bpr\b|\bhr\b|bpm|heart|herz|card|frec|frequ|polso|tętn|пульс|脉|心", re.IGNORECASE)
_COLUMN_NAMES = ("spo2", "pulse", "motion", "reminder")
_OTHER_LANGUAGES = ("{", "[", "<")
_LINE_END = re.compile(r"\r\n|\r|\n")


class ViatomCsv:
    """The reader of the family; see `oximetry.readers.registry.Reader`."""

    name = "viatom_csv"
    facts = FormatFacts(
        title="Viatom CSV (ViHealth, O2 Insight, O2 Insight Pro, SleepHQ)",
        recognised_by="a table whose cells hold a date with its clock, and at least two columns behind them",
        interval="median of the steps of the clock: 1, 2 or 4 s",
        missing="--, - -, blank, SpO2 255, pulse 65535; SpO2 missing with a pulse: below the device's range",
        proof=Proof.REAL_FILE,
        remark="Any language, date order, delimiter (comma, semicolon, TAB) and encoding; a first line sep= and "
        "decimal commas of a re-save are understood. O2 Insight Pro (quoted AM/PM, trailing comma) and the date-first "
        "CSV of SleepON are proven on transcribed rows.",
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether the first lines hold date and clock in one cell with at least two more behind it.

        A header that names oxygen in its second cell is recognised without rows, so that a file without data is
        refused for being too short and not for being unknown.
        """
        text = decode_head(probe.head)
        if text.lstrip()[:1] in _OTHER_LANGUAGES:
            return False
        lines = _LINE_END.split(text)
        layout = find_layout(lines)
        if layout is not None:
            return layout.width >= layout.time_column + 3
        filled = [line for line in lines if line.strip()]
        cells = re.split(r"[,;\t]", filled[0]) if len(filled) == 1 else []
        return len(cells) >= 3 and _OXYGEN.search(cells[1]) is not None

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this family.

        Parameters
        ----------
        content : bytes
            The whole file.
        hints : Hints
            The name may tell device, serial number and the order of day and month.

        Returns
        -------
        Recording
            With the notes of `build_recording`, ``date_order_assumed`` (``order``) and ``last_line_cut`` (``line``).

        Raises
        ------
        InvalidRecording
            ``binary_content``; ``bad_time``, ``line_too_long`` (``limit``), ``bad_columns`` (``expected``, ``found``),
            ``bad_value`` (``column``), all with ``line``; ``columns_unexpected``; ``too_long``; and the reasons of
            `build_recording`.
        """
        lines = split_lines(decode(content))
        if find_layout(lines) is None and self.recognises(Probe.of(content)):
            raise InvalidRecording("too_few_rows", rows=0)
        table = find_table(lines)
        _refuse_other_columns(table.layout)
        times = TimeColumn()
        columns = _ValueColumns(table.layout)
        for cells, numbers in chunks(table):
            times.add(cells[table.layout.time_column], numbers)
            columns.add(cells, numbers)
        wall_s, numbers, notes = times.resolve(hints)
        if table.cut_line is not None:
            notes += (Note("last_line_cut", {"line": table.cut_line}),)
        spo2_pct, pulse_bpm, motion = columns.arrays()
        if (spo2_pct > SPO2_MOST_PCT).sum() * 2 > np.isfinite(spo2_pct).sum():
            raise InvalidRecording("columns_unexpected")
        model, serial = device_in_name(hints.filename)
        return build_recording(
            Rows(wall_s, numbers, spo2_pct, pulse_bpm, motion), Origin(self.name, model, serial), notes
        )


class _ValueColumns:
    """Collects SpO2, pulse and motion; the columns behind them must be well-formed too."""

    def __init__(self, layout: Layout) -> None:
        self._first = layout.time_column + 1
        self._values = (Values((SPO2_MISSING,)), Values((PULSE_MISSING,)), Values(), Values())
        self._arrays: tuple[list[Samples], ...] = ([], [], [])

    def add(self, cells: Sequence[Sequence[str]], numbers: npt.NDArray[np.int32]) -> None:
        """Take the columns of the next rows; raises ``bad_value`` with ``line`` and ``column``."""
        for position, texts in enumerate(cells[self._first :]):
            name = _COLUMN_NAMES[min(position, 3)]
            if position < 3:
                self._arrays[position].append(self._values[position].column(texts, numbers, name))
            else:
                self._values[3].check(texts, numbers, name)
        if len(cells) - self._first < 3:
            self._arrays[2].append(np.full(len(numbers), NAN))

    def arrays(self) -> tuple[Samples, Samples, Samples]:
        """SpO2, pulse and motion of all rows."""
        spo2_pct, pulse_bpm, motion = (np.concatenate(parts) for parts in self._arrays)
        return spo2_pct, pulse_bpm, motion


def _refuse_other_columns(layout: Layout) -> None:
    """Refuse a table without room for the columns, or whose header names the pulse before the oxygen."""
    names = layout.header[layout.time_column + 1 : layout.time_column + 3]
    pulse_first = len(names) == 2 and _PULSE.search(names[0]) and not _OXYGEN.search(names[0])
    if layout.width < layout.time_column + 3 or (pulse_first and _OXYGEN.search(names[1])):
        raise InvalidRecording("columns_unexpected")
