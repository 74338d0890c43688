"""The storage providers: each module of this package holds one, and is found by standing here."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from oximetry.adapters.stores.provider import StoreProvider


def _found() -> dict[str, type[StoreProvider]]:
    classes = [
        member
        for module in sorted(info.name for info in iter_modules(__path__))
        for member in vars(import_module(f"{__name__}.{module}")).values()
        if isinstance(member, type) and issubclass(member, StoreProvider) and "name" in vars(member)
    ]
    return {kind.name: kind for kind in classes}


PROVIDERS: Final[Mapping[str, type[StoreProvider]]] = _found()
