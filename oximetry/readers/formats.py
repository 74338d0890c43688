"""The formats that are read; a new one is one line here."""

from __future__ import annotations

from oximetry.readers.registry import Registry
from oximetry.readers.viatom_csv import ViatomCsv


def create_registry() -> Registry:
    """Every reader there is."""
    return Registry([ViatomCsv()])
