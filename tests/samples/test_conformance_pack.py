"""The public pack: our own readers and analysis must earn full marks, file by file."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from oximetry.domain.errors import InvalidRecording
from oximetry.readers.formats import create_registry
from oximetry.samples.conformance import ANSWERS, TOLERANCE, conformance_pack
from oximetry.samples.writers.catalogue import WRITERS
from oximetry.services.nights.analysis import analyse

PACK = {file.path: file for file in conformance_pack()}
NIGHTS = [path for path in PACK if not path.startswith("refused/")]
REFUSED = [path for path in PACK if path.startswith("refused/")]


@pytest.mark.parametrize("path", NIGHTS)
def test_every_file_reads_to_its_known_answers(path: str) -> None:
    file = PACK[path]
    given = file.expected.get("start_is_given")
    start = datetime.fromisoformat(str(given)) if given else None
    numbers = analyse(create_registry(), file.content, Path(path).name, start).as_json()
    assert numbers["format"] == file.expected["format"]
    for name in ANSWERS:
        wanted = file.expected[name]
        if isinstance(wanted, str):
            assert numbers[name] == wanted, name
        else:
            assert numbers[name] == pytest.approx(wanted, abs=TOLERANCE), name


@pytest.mark.parametrize("path", REFUSED)
def test_every_mistake_is_refused_for_its_reason(path: str) -> None:
    with pytest.raises(InvalidRecording) as refused:
        create_registry().read(PACK[path].content)
    assert refused.value.reason == PACK[path].expected["reason"]


def test_every_continuous_writer_is_in_the_pack() -> None:
    continuous = {writer.name for writer in WRITERS if writer.intervals_s != (60,)}
    assert continuous - {path.partition("/")[0] for path in PACK} == LEFT_OUT


def test_the_command_writes_the_pack_with_its_answers(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "oximetry", "samples", str(tmp_path / "pack"), "--conformance"]
    subprocess.run(command, check=True, capture_output=True)
    expected = json.loads((tmp_path / "pack" / "expected.json").read_text(encoding="utf-8"))
    assert expected.keys() == PACK.keys()
    assert all((tmp_path / "pack" / path).read_bytes() == file.content for path, file in PACK.items())
    assert "peak-nadir" in (tmp_path / "pack" / "README.md").read_text(encoding="utf-8")


LEFT_OUT: set[str] = set()
