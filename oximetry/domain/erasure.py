"""Erasing a person: what belongs to one, and what remains to be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ErasureScope:
    """Ids of everything that belongs to a person.

    Attributes
    ----------
    places : tuple of str
        Beginnings of keys in the store below which nothing may remain.
    serials : tuple of str
        Of the devices that measured the nights; a device may be somebody else's tomorrow.
    is_moving : bool
        Whether a night is on its way from or to the person; it must arrive first.
    """

    patients: tuple[str, ...]
    nights: tuple[str, ...]
    analyses: tuple[str, ...]
    items: tuple[str, ...]
    vendor_reports: tuple[str, ...]
    files: tuple[str, ...]
    links: tuple[str, ...]
    sessions: tuple[str, ...]
    signed_reports: tuple[str, ...]
    outbox: tuple[str, ...]
    places: tuple[str, ...]
    serials: tuple[str, ...] = ()
    is_moving: bool = False

    @property
    def everything(self) -> tuple[str, ...]:
        """Every id by which something else may name a part of it."""
        return (
            *self.patients,
            *self.nights,
            *self.analyses,
            *self.items,
            *self.vendor_reports,
            *self.files,
            *self.links,
            *self.sessions,
            *self.signed_reports,
            *self.outbox,
        )

    @property
    def subjects(self) -> tuple[str, ...]:
        """What jobs about it are named after."""
        drawn = (f"{analysis}:{language}" for analysis in self.analyses for language in ("ro", "en"))
        return (*self.everything, *drawn, *self.places)


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure; ``counts`` are rows by table, ``finished_at`` when the store was seen to be empty of the person."""

    id: str
    doctor_id: str
    pseudonym: str
    requested_at: datetime
    counts: Mapping[str, int]
    places: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    finished_at: datetime | None = None
