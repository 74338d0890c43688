"""The formats that are read: every class of this package that tells the facts of a format. Run as a module it writes
the page about them.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import cast

import oximetry.readers
from oximetry.domain.file_types import CSV
from oximetry.readers.facts import FormatFacts
from oximetry.readers.formats_page import formats_page
from oximetry.readers.registry import Reader, Registry
from oximetry.readers.workbook import Workbook


def create_registry() -> Registry:
    """Every reader there is, in the order of their names; a workbook's sheet is read by those of tables."""
    readers = [cast("type[Reader]", kind)() for kind in _formats() if kind is not Workbook]
    tables = [reader for reader in readers if reader.facts.original == CSV]
    return Registry(sorted([*readers, Workbook(tables)], key=lambda reader: reader.name))


def _formats() -> Iterator[type]:
    for module in _modules():
        for kind in vars(module).values():
            is_own = isinstance(kind, type) and kind.__module__ == module.__name__
            if is_own and isinstance(vars(kind).get("facts"), FormatFacts):
                yield kind


def _modules() -> Iterator[ModuleType]:
    package = oximetry.readers
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if module.name != __name__:
            yield importlib.import_module(module.name)


if __name__ == "__main__":
    sys.stdout.write(formats_page(create_registry().readers))
