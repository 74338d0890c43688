import io
import zipfile
from datetime import datetime

import numpy as np
import pytest

from oximetry.samples.writers.containers import workbook

HEADER = ["Timp", "Nivel de oxigen", "Puls cardiac", "Mişcare"]
SERIAL = 45945 + (23 * 3600 + 59 * 60) / 86400


def rows(count, first=None):
    return [HEADER, *([first or SERIAL + 4 * i / 86400, 95.0 - i % 3, 60.0, 0.0] for i in range(count))]


@pytest.mark.parametrize("dated", [True, False])
def test_serial_dates_are_read_across_midnight(dated, read):
    recording = read(workbook(rows(40), serial_dates=dated))
    assert recording.format == "xlsx"
    assert recording.started_at == datetime(2025, 10, 15, 23, 59, 0)
    assert recording.ended_at == datetime(2025, 10, 16, 0, 1, 36)
    assert recording.spo2_pct[:3].tolist() == [95, 94, 93]


def test_texts_stay_texts(read):
    table = [HEADER, ["23:59:00 15/10/2025", "95", "--", "0"], ["23:59:04 15/10/2025", "--", "61", "0"]]
    recording = read(workbook(table))
    assert np.array_equal(recording.spo2_pct, [95, np.nan], equal_nan=True)


def test_one_column_of_whole_lines_is_split(read):
    table = [[",".join(HEADER)], ["23:59:00 15/10/2025,95,60,0"], ["23:59:04 15/10/2025,94,61,0"]]
    assert read(workbook(table)).spo2_pct.tolist() == [95, 94]


def test_other_table_is_refused(refusal):
    assert refusal(workbook([["Nume", "Total"], ["a", 3.0]])) == ("xlsx_without_recording", {})


def repacked(content, change):
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        for entry in source.infolist():
            copy.writestr(entry.filename, change(entry.filename, source.read(entry)))
    return target.getvalue()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'r="D5"', b'r="XFD1048576"'),
        (b'r="5"', b'r="1048576"'),
        (b"</sheetData>", b" " * 30_000_000 + b"</sheetData>"),
    ],
)
def test_sheet_that_would_grow_is_refused_before_it_is_unpacked(old, new, refusal):
    content = repacked(workbook(rows(40)), lambda name, body: body.replace(old, new) if "sheet1.xml" in name else body)
    assert refusal(content) == ("xlsx_too_large", {"times": 25})


def test_damaged_workbook_is_refused(refusal):
    content = workbook(rows(40))
    assert refusal(content[:-30])[0] == "xlsx_damaged"
    assert refusal(repacked(content, lambda name, body: body[:40] if "sheet1" in name else body))[0] == "xlsx_damaged"


def test_other_zip_is_still_a_zip(refusal):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("night.csv", "x")
    assert refusal(target.getvalue()) == ("is_zip", {})
