"""The daily backup, made by the worker, and how old the last one is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from oximetry.domain.backups import BackupManifest
from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import OximetryError
from oximetry.domain.heartbeats import BACKUP_BEAT
from oximetry.domain.ports import Clock

BACKUP = "make_backup"


class BackupSchedule:
    """Asks for one backup a day.

    Parameters
    ----------
    make : callable
        Makes a backup in the configured place.
    hour : tuple of int, optional
        Hour and minute, UTC, after which the day's backup is due; ``None`` when none is wanted.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        make: Callable[[], BackupManifest],
        hour: tuple[int, int] | None,
        clock: Clock,
    ) -> None:
        self._catalogue = catalogue
        self._make = make
        self._hour = hour
        self._clock = clock

    def submit_due(self) -> None:
        """Ask for today's backup once its time has come, however many workers ask."""
        now = self._clock()
        if self._hour is None or (now.hour, now.minute) < self._hour:
            return
        day = f"{now:%Y-%m-%d}"
        with self._catalogue.write() as transaction:
            if not transaction.jobs.submitted_before(BACKUP, day):
                transaction.jobs.submit(BACKUP, day, "", now)

    def make(self, _day: str) -> None:
        """The job: make it, and note how it went; what goes wrong is raised, and tried again."""
        try:
            manifest = self._make()
        except OximetryError as error:
            self._note(self._clock(), ok=False, reason=error.reason)
            raise
        self._note(manifest.made_at, ok=True, objects=manifest.objects)

    def _note(self, at: datetime, *, ok: bool, **details: object) -> None:
        with self._catalogue.write() as transaction:
            if ok or transaction.heartbeats.last(BACKUP_BEAT) is None:
                transaction.heartbeats.beat(BACKUP_BEAT, at, ok, **details)
