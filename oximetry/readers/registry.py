"""Which reader understands a file: content decides, never the file's name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.plausibility import refuse_implausible
from oximetry.domain.recording import Hints, Recording
from oximetry.readers import refusals
from oximetry.readers.facts import FormatFacts
from oximetry.readers.quantities import Quantity
from oximetry.readers.table_header import head_header

PROBE_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Probe:
    """What `recognises` gets to see of a file.

    Attributes
    ----------
    head, tail : bytes
        The first and last 8 KB.
    size : int
        Bytes of the whole file.
    """

    head: bytes
    tail: bytes
    size: int

    @classmethod
    def of(cls, content: bytes) -> Probe:
        """The probe of a file's bytes."""
        return cls(content[:PROBE_BYTES], content[-PROBE_BYTES:], len(content))


class Reader(Protocol):
    """One format family."""

    @property
    def name(self) -> str:
        """The ``format`` of its recordings."""
        ...

    @property
    def facts(self) -> FormatFacts:
        """What is known of the format, in words."""
        ...

    def recognises(self, probe: Probe) -> bool:
        """Whether the content looks like this family: quick, and never raises."""
        ...

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in these bytes; raises ``InvalidRecording`` when it cannot be trusted."""
        ...


class Registry:
    """All readers, of which exactly one may claim a file.

    Parameters
    ----------
    readers : sequence of Reader
        In any order.
    """

    def __init__(self, readers: Sequence[Reader]) -> None:
        self._readers = tuple(readers)

    @property
    def readers(self) -> tuple[Reader, ...]:
        """All readers, in the order given."""
        return self._readers

    def claimants(self, probe: Probe) -> list[Reader]:
        """The readers that recognise a probe, of those the least general; well-kept readers never share one."""
        claimants = [reader for reader in self._readers if reader.recognises(probe)]
        least = min((reader.facts.generality for reader in claimants), default=0)
        return [reader for reader in claimants if reader.facts.generality == least]

    def may_be_recording(self, head: bytes, size: int) -> bool:
        """Whether a reader claims a file by its first 8 KB and, if it is a table, its header names oxygen.

        For the members of a phone's whole export, most of which are tables of something else.
        """
        if not self.claimants(Probe(head, head if size <= PROBE_BYTES else b"", size)):
            return False
        header = head_header(head)
        return header is None or Quantity.OXYGEN in header.quantities

    def read(self, content: bytes, hints: Hints | None = None) -> Recording:
        """Sniff a file and read it.

        Parameters
        ----------
        content : bytes
            The whole file.
        hints : Hints, optional
            Evidence for doubts that the content leaves open.

        Returns
        -------
        Recording
            Validated.

        Raises
        ------
        InvalidRecording
            What the file is instead (``empty_file``, ``is_image``, ``is_pdf``, ``is_html``, ``is_zip``,
            ``blood_pressure``, ``no_time_column``), ``unknown_format`` with ``seen`` and ``formats``,
            ``ambiguous_format`` with ``readers``, the reader's own reason, or one of `refuse_implausible`.
        """
        probe = Probe.of(content)
        refusals.refuse_known_others(probe.head, probe.size, probe.tail)
        claimants = self.claimants(probe)
        if len(claimants) > 1:
            raise InvalidRecording("ambiguous_format", readers=", ".join(reader.name for reader in claimants))
        if not claimants:
            raise refusals.unclaimed(probe.head, ", ".join(reader.facts.title for reader in self._readers))
        reader = claimants[0]
        recording = replace(reader.read(content, hints or Hints()), original=reader.facts.original)
        refuse_implausible(recording)
        return recording
