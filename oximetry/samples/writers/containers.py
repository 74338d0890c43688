"""EDF, BDF, WMEDF and Excel workbooks, written from a recording without holes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np

from oximetry.domain.recording import Recording, Samples
from oximetry.readers import edf, wmedf

_FIELDS = (
    "label", "transducer", "unit", "physical_low", "physical_high", "low", "high", "filter", "samples", "reserved",
)  # fmt: skip
_WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DATE_STYLE = 1


Range = tuple[float, float]


def edf_file(recording: Recording) -> bytes:
    """EDF as ResMed writes it: 16 bits, -1 for a missing reading, one record for each sample."""
    return edf_scaled(recording, ((0, 300), (0, 300)), ((0, 100), (0, 100)))


def edf_scaled(recording: Recording, pulse: tuple[Range, Range], spo2: tuple[Range, Range]) -> bytes:
    """EDF whose integers are scaled: for each channel its physical and its digital range.

    A missing reading is the integer below the digital range, or its lowest one where 16 bits have no lower.
    """
    signals = [_signal("Pulse.1s", "bpm", *pulse), _signal("SpO2.1s", "%", *spo2)]
    columns = [_stored(recording.pulse_bpm, *pulse), _stored(recording.spo2_pct, *spo2)]
    return _header(recording, edf.EDF_VERSION, "EDF", signals) + np.stack(columns, axis=1).astype("<i2").tobytes()


def edf_16_bit(recording: Recording) -> bytes:
    """EDF over 16 bits, as signal libraries write it."""
    return edf_scaled(recording, ((0, 300), (-32_767, 32_767)), ((0, 100), (-32_767, 32_767)))


def edf_tenths(recording: Recording) -> bytes:
    """EDF with 0 to 102.3 percent over 10 bits, as polysomnographs write it."""
    return edf_scaled(recording, ((0, 409.2), (0, 1023)), ((0, 102.3), (0, 1023)))


def edf_7_bit(recording: Recording) -> bytes:
    """EDF with 0 to 127 percent over 15 bits."""
    return edf_scaled(recording, ((0, 255), (0, 32_767)), ((0, 127), (0, 32_767)))


def bdf_file(recording: Recording) -> bytes:
    """BDF: 24 bits."""
    signals = [_signal("Pulse", "bpm", (0, 300), (0, 300)), _signal("SaO2", "%", (0, 100), (0, 100))]
    stacked = np.nan_to_num(np.stack([recording.pulse_bpm, recording.spo2_pct], axis=1), nan=-1)
    wide = stacked.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3]
    return _header(recording, edf.BDF_VERSION, "24BIT", signals) + wide.tobytes()


def wmedf_file(recording: Recording) -> bytes:
    """WMEDF: a signal of two bytes, then SpO2 and pulse of one byte each (pulse up to 127)."""
    signals = [
        _signal("Pressure", "hPa", (-327.68, 327.67), (-32_768, 32_767), "#2"),
        _signal(wmedf.SPO2_LABEL, "%", (-128, 127), (-128, 127), "#1"),
        _signal(wmedf.PULSE_LABEL, "bpm", (-128, 127), (-128, 127), "#1"),
    ]
    spo2, pulse = (np.nan_to_num(values, nan=0).astype(np.int8) for values in (recording.spo2_pct, recording.pulse_bpm))
    body = np.stack([np.zeros_like(spo2), np.zeros_like(spo2), spo2, pulse], axis=1)
    return _header(recording, wmedf.VERSION, "#s", signals, records=-1) + body.tobytes()


def _stored(values: Samples, physical: Range, digital: Range) -> Samples:
    low, high = digital
    scaled = low + (values - physical[0]) * (high - low) / (physical[1] - physical[0])
    return np.nan_to_num(np.rint(scaled), nan=max(low - 1, -32_768))


def _signal(
    label: str, unit: str, physical: Range, digital: Range, reserved: str = ""
) -> dict[str, str]:
    values = (label, "", unit, *map(str, (*physical, *digital)), "", "1", reserved)
    return dict(zip(_FIELDS, values, strict=True))


def _header(
    recording: Recording, version: bytes, reserved: str, signals: Sequence[dict[str, str]], records: int | None = None
) -> bytes:
    start = recording.started_at
    count = recording.samples if records is None else records
    fixed = (
        version
        + "X X X X".ljust(80).encode()
        + f"Startdate {start:%d-%b-%Y} X X X".upper().replace("STARTDATE", "Startdate").ljust(80).encode()
        + f"{start:%d.%m.%y%H.%M.%S}".encode()
        + str(256 * (len(signals) + 1)).ljust(8).encode()
        + reserved.ljust(44).encode()
        + str(count).ljust(8).encode()
        + f"{recording.sampling_interval_s:g}".ljust(8).encode()
        + str(len(signals)).ljust(4).encode()
    )
    columns = [signal[name].ljust(width) for name, width in zip(_FIELDS, _WIDTHS, strict=True) for signal in signals]
    return fixed + "".join(columns).encode()


def workbook(rows: Sequence[Sequence[str | float]], serial_dates: bool = False) -> bytes:
    """A workbook with one sheet, as Excel keeps a CSV that was opened and saved again.

    Parameters
    ----------
    rows : sequence of sequence of str or float
        Texts and numbers; the first column of every row behind the first may be serial days.
    serial_dates : bool
        Give the first column the format of a date.
    """
    lines = [_row(number, row, serial_dates and number > 1) for number, row in enumerate(rows, 1)]
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in (*_PARTS, ("xl/worksheets/sheet1.xml", _sheet(lines))):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), body, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _sheet(lines: Sequence[str]) -> str:
    return f'<?xml version="1.0"?><worksheet xmlns="{_SHEET}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def _row(number: int, row: Sequence[str | float], dated: bool) -> str:
    cells = []
    for column, value in enumerate(row):
        name = f"{chr(65 + column)}{number}"
        style = f' s="{_DATE_STYLE}"' if dated and column == 0 else ""
        if isinstance(value, str):
            cells.append(f'<c r="{name}" t="inlineStr"><is><t>{escape(value)}</t></is></c>')
        else:
            cells.append(f'<c r="{name}"{style}><v>{value!r}</v></c>')
    return f'<row r="{number}">{"".join(cells)}</row>'


_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = (
    (
        "[Content_Types].xml",
        f'<?xml version="1.0"?><Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>',
    ),
    (
        "_rels/.rels",
        f'<?xml version="1.0"?><Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    ),
    (
        "xl/workbook.xml",
        f'<?xml version="1.0"?><workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}">'
        '<sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
    ),
    (
        "xl/_rels/workbook.xml.rels",
        f'<?xml version="1.0"?><Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    ),
    (
        "xl/styles.xml",
        f'<?xml version="1.0"?><styleSheet xmlns="{_SHEET}"><cellXfs count="2"><xf numFmtId="0"/>'
        '<xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>',
    ),
)
