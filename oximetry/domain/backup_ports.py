"""What backups need from the world."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from oximetry.domain.backups import Row


class RowSource(Protocol):
    """A database at one moment."""

    @property
    def revision(self) -> str:
        """The migration at which it stands."""
        ...

    def rows(self) -> Iterator[tuple[str, list[Row]]]:
        """Some rows of a table at a time, tables that others point to first."""
        ...


class CatalogueDump(Protocol):
    """A whole catalogue, out and in."""

    def reading(self) -> AbstractContextManager[RowSource]:
        """All rows as they are at one moment."""
        ...

    def is_empty(self) -> bool:
        """Whether nothing was ever kept in it; a database without tables is empty too."""
        ...

    def write(self, revision: str, rows: Iterable[tuple[str, Sequence[Row]]]) -> None:
        """Make the tables of that migration and fill them, all or nothing; then bring them to the newest."""
        ...


class Sealer(Protocol):
    """Encrypts and authenticates backups; the same content under the same name is sealed to the same bytes."""

    def seal(self, content: bytes, name: str) -> bytes:
        """Only `open` with the same name gives the content back."""
        ...

    def open(self, sealed: bytes, name: str) -> bytes:
        """The content; raises ``StorageRefused`` for another key, another name, or a changed byte."""
        ...
