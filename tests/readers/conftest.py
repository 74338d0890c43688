"""Made-up Viatom files, written row by row."""

from datetime import datetime, timedelta

import pytest

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Hints
from oximetry.readers.registry import Registry
from oximetry.readers.viatom_csv import ViatomCsv

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
    """``read(text or bytes, filename=None)``: through the registry with the one reader there is."""
    registry = Registry([ViatomCsv()])

    def read_it(content, filename=None):
        raw = content.encode() if isinstance(content, str) else content
        return registry.read(raw, Hints(filename))

    return read_it


@pytest.fixture(scope="session")
def refusal(read):
    """``refusal(text or bytes)``: the reason and the details with which a file is refused."""

    def refuse(content, filename=None):
        with pytest.raises(InvalidRecording) as refused:
            read(content, filename)
        return refused.value.reason, refused.value.details

    return refuse
