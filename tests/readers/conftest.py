"""Made-up files: Viatom tables written row by row, every format written from a recording."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Hints, Recording
from oximetry.readers.formats import create_registry
from oximetry.samples.writers.catalogue import WRITERS

RO_HEADER = "Timp,Nivel de oxigen,Puls cardiac,Mi\u015fcare"


def _csv_text(
    rows=30, *, start=datetime(2025, 10, 15, 23, 59, 0), step_s=4, form="%H:%M:%S %d/%m/%Y", header=RO_HEADER
):
    lines = [header] if header else []
    for row in range(rows):
        clock = (start + timedelta(seconds=row * step_s)).strftime(form)
        lines.append(f"{clock},{95 - row % 3},{60 + row % 5},{row % 2}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def csv_text():
    """``csv_text(rows=30, start=…, step_s=4, form=…, header=…)``: text of a night that crosses midnight."""
    return _csv_text


@pytest.fixture(scope="session")
def read():
    """``read(text or bytes, filename=None, started_at=None)``: through the registry of all readers."""
    registry = create_registry()

    def read_it(content, filename=None, started_at=None):
        raw = content.encode() if isinstance(content, str) else content
        return registry.read(raw, Hints(filename, started_at))

    return read_it


@pytest.fixture(scope="session")
def refusal(read):
    """``refusal(text or bytes)``: the reason and the details with which a file is refused."""

    def refuse(content, filename=None, started_at=None):
        with pytest.raises(InvalidRecording) as refused:
            read(content, filename, started_at)
        return refused.value.reason, refused.value.details

    return refuse


START = datetime(2025, 10, 15, 23, 59, 0)


def _night(spo2=None, pulse=None, *, interval_s=1, start=START, vendor=None):
    values = np.array([95, 94, 93, 92] * 30 if spo2 is None else spo2, dtype=np.float64)
    return Recording(
        format="made_up",
        device_model=None,
        device_serial=None,
        started_at=start,
        time_s=np.arange(values.size) * float(interval_s),
        spo2_pct=values,
        pulse_bpm=60.0 + np.arange(values.size) % 7 if pulse is None else np.array(pulse, dtype=np.float64),
        motion=np.arange(values.size) % 5.0,
        gap_row=np.zeros(values.size, dtype=np.bool_),
        sampling_interval_s=float(interval_s),
        vendor=vendor or {},
    )


@pytest.fixture(scope="session")
def night():
    """``night(spo2=None, pulse=None, interval_s=1, start=…)``: two minutes across midnight, without a hole."""
    return _night


@pytest.fixture(scope="session")
def written():
    """``written(name, recording)``: the bytes of the writer of that name, and a file name for it."""
    writers = {writer.name: writer for writer in WRITERS}

    def write(name, recording):
        return writers[name].write(recording), writers[name].file_name(recording.started_at)

    return write
