"""Every writer there is, with what its format can hold: for the conformance pack and the tests of the round trip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from oximetry.domain.recording import Recording
from oximetry.samples.writers import binary, containers, text

_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Writer:
    """One way to write a recording.

    Attributes
    ----------
    name : str
        Unique among all writers.
    format : str
        The name of the reader that reads it.
    write : callable
        A recording without holes to the bytes of a file.
    extension : str
        With its point; empty where the vendor uses none.
    intervals_s : tuple of int
        Those the format can hold.
    holds_motion, holds_pulse, holds_start : bool
        Whether the format keeps them; a start that is not held belongs into the file's name.
    asks_start : bool
        Whether the start has to be asked for: it stands in neither the file nor its name.
    pulse_most_bpm : int
        The highest that fits.
    spo2_least_pct : int
        The lowest that is a reading.
    keeps_missing : bool
        Whether a missing SpO2 keeps its pulse.
    states_floor : bool
        Whether a missing SpO2 beside a pulse means a reading below what the device prints.
    named : callable
        The start to the stem of the file's name.
    """

    name: str
    format: str
    write: Callable[[Recording], bytes]
    extension: str
    intervals_s: tuple[int, ...] = (1,)
    holds_motion: bool = False
    holds_pulse: bool = True
    holds_start: bool = True
    asks_start: bool = False
    pulse_most_bpm: int = 250
    spo2_least_pct: int = 0
    keeps_missing: bool = True
    states_floor: bool = False
    named: Callable[[datetime], str] = lambda start: f"{start:%Y%m%d%H%M%S}"

    def file_name(self, start: datetime) -> str:
        """A name as the vendor's program would give it."""
        return self.named(start) + self.extension


def _epoch(start: datetime) -> str:
    return str(int((start - _EPOCH).total_seconds()))


_VIATOM = (1, 2, 4)

WRITERS = (
    Writer("viatom_v3", "viatom_binary", binary.viatom_v3, "", (2, 4), True, states_floor=True),
    Writer("viatom_v3_doubled", "viatom_binary", binary.viatom_v3_doubled, "", (4,), True, states_floor=True),
    Writer("viatom_v5", "viatom_binary", binary.viatom_v5, ".dat", _VIATOM, True, states_floor=True),
    Writer("viatom_v6", "viatom_binary", binary.viatom_v6, ".bin", _VIATOM, True, states_floor=True),
    Writer("oxyii", "oxyii", binary.oxyii_with_trailer, ".bin", _VIATOM, True, states_floor=True),
    Writer("oxyii_unfinished", "oxyii", binary.oxyii_unfinished, ".bin", (1,), True, holds_start=False, states_floor=True),
    Writer("pod2", "pod2", binary.pod2, ".dat", holds_start=False, named=_epoch),
    Writer("contec_spo2", "contec_spo2", binary.contec_spo2_pairs, ".SpO2"),
    Writer("contec_spo2_wide", "contec_spo2", binary.contec_spo2_wide, ".SpO2"),
    Writer("contec_spor", "contec_spo", binary.contec_spor, ".spoR"),
    Writer("medview", "medview", binary.medview_dat, ".dat"),
    Writer("edf", "edf", containers.edf_file, ".edf", _VIATOM),
    Writer("edf_16_bit", "edf", containers.edf_16_bit, ".edf", _VIATOM),
    Writer("edf_tenths", "edf", containers.edf_tenths, ".edf", _VIATOM),
    Writer("edf_7_bit", "edf", containers.edf_7_bit, ".edf", _VIATOM),
    Writer("bdf", "edf", containers.bdf_file, ".bdf", _VIATOM),
    Writer("wmedf", "wmedf", containers.wmedf_file, ".wmedf", pulse_most_bpm=127),
    Writer("viatom_csv", "viatom_csv", text.viatom_csv, ".csv", _VIATOM, True, states_floor=True),
    Writer("excel_csv", "viatom_csv", text.excel_csv, ".csv", _VIATOM, True, states_floor=True),
    Writer("excel_xlsx", "xlsx", text.excel_workbook, ".xlsx", _VIATOM, True, states_floor=True),
    Writer("table_csv", "table_csv", text.named_table, ".csv", _VIATOM, True),
    Writer("contec_csv", "contec_csv", text.contec_csv, ".csv", _VIATOM),
    Writer("contec_csv_no_clock", "contec_csv", text.contec_csv_without_clock, ".csv", holds_start=False, asks_start=True),
    Writer("emay", "emay", text.emay_csv, ".csv", _VIATOM),
    Writer("masimo_rad8", "masimo_rad8", text.masimo_out, ".out", _VIATOM),
    Writer("nonin_text", "nonin_text", text.nonin_text, ".txt", holds_start=False, asks_start=True),
    Writer("nellcor_n395", "nellcor_n395", text.nellcor_trend, ".txt", _VIATOM, keeps_missing=False),
    Writer("apple_health", "apple_health", text.apple_export, ".xml", (60,), keeps_missing=False),
    Writer("fitbit", "fitbit_garmin", text.fitbit_json, ".json", (60,), holds_pulse=False),
    Writer("garmin", "fitbit_garmin", text.garmin_json, ".json", (60,), holds_pulse=False),
    Writer("fitbit_csv", "fitbit_csv", text.fitbit_csv, ".csv", (60,), holds_pulse=False, spo2_least_pct=51),
    Writer("health_auto_export", "health_auto_export", text.health_auto_export, ".json", (60,), keeps_missing=False),
)
