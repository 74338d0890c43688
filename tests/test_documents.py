"""What documents point to exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLACES = (ROOT, ROOT / "tests", ROOT / "oximetry")
_PATH = re.compile(r"`((?:[a-z_0-9]+/)+[a-z_0-9]+(?:\.py|\.md)?|test_\w+\.py)`")


@pytest.mark.parametrize("name", ["docs/asvs.md", "docs/hazards.md", "docs/proof.md"])
def test_every_file_that_a_document_names_exists(name: str) -> None:
    named = set(_PATH.findall((ROOT / name).read_text(encoding="utf-8")))
    assert [path for path in sorted(named) if not any((place / path).exists() for place in PLACES)] == []


def test_the_verification_standard_is_gone_through_chapter_by_chapter() -> None:
    page = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
    told = {int(number) for number in re.findall(r"\bV(\d+)\b", page)}
    assert told == set(range(1, 18))
