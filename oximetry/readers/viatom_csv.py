"""CSV of the Viatom family (ViHealth, O2 Insight, O2 Insight Pro) in any language.

The order of the columns is the same in every dialect: time, SpO2, pulse, motion[, reminders]. Header words, date,
delimiter and encoding follow the phone or the office program that saved the file again. A header in a language that is
not known, or none, leaves only the order; the recording then says so.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.file_types import CSV
from oximetry.domain.quality import LOWEST_PRINTED_PCT
from oximetry.domain.recording import Hints, Note, Recording
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.file_names import device_in_name
from oximetry.readers.named_table import ReadingColumns, TableRules, read_columns, read_named
from oximetry.readers.quantities import Quantity
from oximetry.readers.registry import Probe
from oximetry.readers.table_header import find_header
from oximetry.readers.text_table import decode, decode_head, find_layout, find_table, split_lines
from oximetry.readers.timeline import Origin

LEAST_OXYGEN_PCT, MOST_OXYGEN_PCT = 90.0, 100.0
LEAST_PULSE_BPM = 30.0
RULES = TableRules(spo2=(255.0,), pulse=(65535.0,), numbers_only=True)

_OXYGEN = re.compile(r"ox|o2|o₂|spo|satur|sätt|sauer|tlen|satur|кисл|氧|酸素", re.IGNORECASE)
_OTHER_LANGUAGES = ("{", "[", "<")
_LINE_END = re.compile(r"\r\n|\r|\n")


class ViatomCsv:
    """The reader of the family; see `oximetry.readers.registry.Reader`."""

    name = "viatom_csv"
    facts = FormatFacts(
        title="Viatom CSV (ViHealth, O2 Insight, O2 Insight Pro, SleepHQ)",
        recognised_by="the columns time, oxygen, pulse, motion in this order; or no word that is known and two columns "
        "behind the time",
        interval="median of the steps of the clock: 1, 2 or 4 s",
        missing="--, - -, blank, SpO2 255, pulse 65535; SpO2 missing with a pulse: below the device's range",
        proof=Proof.REAL_FILE,
        remark="Any language, date order, delimiter (comma, semicolon, TAB) and encoding; a first line sep= and "
        "decimal commas of a re-save are understood. O2 Insight Pro (quoted AM/PM, trailing comma) and the date-first "
        "CSV of SleepON are proven on transcribed rows.",
        floor_pct=LOWEST_PRINTED_PCT,
        original=CSV,
        generality=1,
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether the header has the family's columns in their order, or no known word and two columns behind the time.

        A header that names oxygen in its second cell is recognised without rows, so that a file without data is
        refused for being too short and not for being unknown.
        """
        text = decode_head(probe.head)
        if text.lstrip()[:1] in _OTHER_LANGUAGES:
            return False
        lines = _LINE_END.split(text)
        header = find_header(lines)
        if header is not None:
            return header.is_in_order()
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
        model, serial = device_in_name(hints.filename)
        origin = Origin(self.name, model, serial)
        lines = split_lines(decode(content))
        header = find_header(lines)
        if header is not None:
            has_motion = Quantity.MOTION in header.quantities
            return read_named(lines, hints, self._with_floor(origin) if has_motion else origin, RULES)
        if find_layout(lines) is None and self.recognises(Probe.of(content)):
            raise InvalidRecording("too_few_rows", rows=0)
        table = find_table(lines)
        at = table.layout.time_column
        if table.layout.width < at + 3:
            raise InvalidRecording("columns_unexpected")
        notes: tuple[Note, ...] = (Note("columns_by_position"),)
        if table.cut_line is not None:
            notes += (Note("last_line_cut", {"line": table.cut_line}),)
        columns = ReadingColumns(at + 1, at + 2, at + 3 if table.layout.width > at + 3 else None)
        origin = origin if columns.motion is None else self._with_floor(origin)
        recording = read_columns(table, columns, hints, origin, RULES, notes)
        _refuse_other_orders(recording)
        return recording

    def _with_floor(self, origin: Origin) -> Origin:
        """The origin of a table with a motion column, which the maker's own have and others' mostly have not."""
        return replace(origin, floor_pct=self.facts.floor_pct)


def _refuse_other_orders(recording: Recording) -> None:
    """Refuse a table without names whose second or third column could be the oxygen, or whose third the pulse."""
    beats = recording.pulse_bpm[np.isfinite(recording.pulse_bpm)]
    third = recording.motion[np.isfinite(recording.motion)]
    could_be_oxygen = beats.size > 0 and np.median(beats) >= LEAST_OXYGEN_PCT and beats.max() <= MOST_OXYGEN_PCT
    if could_be_oxygen or (third.size and np.median(third) >= LEAST_PULSE_BPM):
        raise InvalidRecording("columns_unexpected")
