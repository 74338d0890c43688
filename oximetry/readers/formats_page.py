"""``docs/formats.md``: what is read, in the words that each reader carries itself."""

from __future__ import annotations

from collections.abc import Sequence

from oximetry.readers.registry import Reader

_HEAD = """# Formats

Written by `python -m oximetry.readers.formats > docs/formats.md`; a test compares the two. A file's content
decides which reader takes it, never its name or extension; exactly one reader claims a file, and what no reader claims
is refused with this list and the shape of its first bytes. Nothing is ever guessed silently: a missing start is asked
for (`start_unknown`), and what a reader had to assume is a warning beside the night.

*Proven on* says what a reader was held against: a real file, rows transcribed from tests, or only a specification (a
vendor's manual or the source of another reader). A real file of a kind in the last two groups is welcome.

| format | name | recognised by | interval | missing reading | lowest printed | kept as | proven on |
|---|---|---|---|---|---|---|---|
"""


def formats_page(readers: Sequence[Reader]) -> str:
    """The page for these readers.

    Parameters
    ----------
    readers : sequence of Reader
        In the order in which they shall stand.

    Returns
    -------
    str
        Markdown that ends with a line end.
    """
    rows = [_row(reader) for reader in readers]
    remarks = [f"- **{reader.facts.title}:** {reader.facts.remark}" for reader in readers if reader.facts.remark]
    return _HEAD + "\n".join(rows) + "\n\n## Remarks\n\n" + "\n".join(remarks) + "\n"


def _row(reader: Reader) -> str:
    facts = reader.facts
    lowest = "" if facts.floor_pct is None else f"{facts.floor_pct:g} %"
    cells = (
        facts.title,
        f"`{reader.name}`",
        facts.recognised_by,
        facts.interval,
        facts.missing,
        lowest,
        f".{facts.original.extension}",
        facts.proof.value,
    )
    return f"| {' | '.join(cells)} |"
