"""A new oximeter format is one file and its sample: the registry, the page, the store and the matrix see it."""

import sys
from datetime import datetime
from pathlib import Path

import pytest

import oximetry.readers
from oximetry.readers.formats import create_registry
from oximetry.readers.formats_page import formats_page
from oximetry.readers.registry import Probe
from tests.readers.test_matrix import SHIPPED, formats_without_a_sample

MODULE = '''
"""A made-up ring."""

import numpy as np

from oximetry.domain.file_types import FileType
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.regular import Series, clock, regular_recording
from oximetry.readers.timeline import Origin


class MadeUpRing:
    name = "made_up_ring"
    facts = FormatFacts(
        title="Made-up ring",
        recognised_by="the first line RING",
        interval="2 s",
        missing="x",
        proof=Proof.SPECIFICATION,
        original=FileType("ring", "text/x-ring"),
    )

    def recognises(self, probe):
        return probe.head.startswith(b"RING")

    def read(self, content, hints):
        _, start, _, *rows = content.decode().splitlines()
        values = np.array([[float(cell) if cell != "x" else np.nan for cell in row.split(",")[1:]] for row in rows])
        started_at = clock(*map(int, start.split("-")))
        return regular_recording(Series(started_at, 2.0, *values.T), Origin(self.name, "Ring", None))
'''
ROWS = [f"22:{row // 30:02d}:{row % 30 * 2:02d} 07/10/2025,{97 - row % 5},{60 + row % 7}" for row in range(600)]
SAMPLE = "\n".join(["RING", "2025-10-7-22-0-0", "Time,SpO2,Pulse", *ROWS, ""]).encode()


@pytest.fixture
def new_format(tmp_path, monkeypatch):
    """The package of readers with one more file in it."""
    (tmp_path / "made_up_ring.py").write_text(MODULE)
    monkeypatch.setattr(oximetry.readers, "__path__", [*oximetry.readers.__path__, str(tmp_path)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    sys.modules.pop("oximetry.readers.made_up_ring", None)


def test_registry_and_page_find_the_file(new_format):
    registry = create_registry()
    assert [reader.name for reader in registry.claimants(Probe.of(SAMPLE))] == ["made_up_ring"]
    recording = registry.read(SAMPLE)
    assert (recording.started_at, recording.samples) == (datetime(2025, 10, 7, 22), 600)
    (row,) = (line for line in formats_page(registry.readers).splitlines() if "`made_up_ring`" in line)
    assert row == (
        "| Made-up ring | `made_up_ring` | the first line RING | 2 s | x |  | .ring | a specification only |"
    )


def test_matrix_asks_for_its_sample_and_takes_it(new_format):
    registry = create_registry()
    assert formats_without_a_sample(registry, SHIPPED) == {"made_up_ring"}
    sample = Path(new_format) / "made_up_ring.ring"
    sample.write_bytes(SAMPLE)
    assert formats_without_a_sample(registry, [*SHIPPED, sample]) == set()


def test_its_original_is_stored_with_its_own_ending_and_type(new_format, clinic):
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    item = clinic.upload(doctor, SAMPLE, "night.ring")
    clinic.work()
    clinic.assignment.choose(doctor, item.session_id, [item.id], patient.id)
    clinic.assignment.confirm(doctor, item.session_id)
    clinic.work()
    (card,) = clinic.nights.shown(doctor.id, patient.id, "ro")
    assert clinic.store.objects[card.original.key] == SAMPLE
    assert (card.original.name.rpartition(".")[2], card.original.content_type) == ("ring", "text/x-ring")
