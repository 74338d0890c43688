"""The worker's third step: the picture of a night, in a language, under the patient's prefix."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import NotReady
from oximetry.domain.keys import NewFile, ObjectName
from oximetry.domain.ports import Clock, ObjectStore
from oximetry.domain.quality import Exclusion
from oximetry.domain.records import FileKind, NightState
from oximetry.services.nights.analysis import NightReport
from oximetry.services.nights.night_files import PLOT_LANGUAGES
from oximetry.services.nights.nights import NightService

logger = logging.getLogger(__name__)

Painter = Callable[[NightReport, str], bytes]
"""Draws a night as PNG in a language; raises ``RenderingUnavailable``."""


class PlottingService:
    """Handles the job ``render_plot``."""

    def __init__(
        self, catalogue: Catalogue, store: ObjectStore, nights: NightService, paint: Painter, clock: Clock
    ) -> None:
        self._catalogue = catalogue
        self._store = store
        self._nights = nights
        self._paint = paint
        self._clock = clock

    def render_plot(self, subject: str) -> None:
        """Draw ``<analysis_id>:<language>``; the new picture is a new object, the catalogue then points to it."""
        analysis_id, _, language = subject.partition(":")
        with self._catalogue.read() as transaction:
            night = transaction.nights.by_analysis(analysis_id)
        if night.state is NightState.MOVING:
            raise NotReady
        if night.state is NightState.REMOVED:
            return  # restoring it asks again
        report = self._nights.trace(night.doctor_id, night.id)
        picture = self._paint(report, language)
        digest = hashlib.sha256(picture).hexdigest()
        name = ObjectName(night.patient_id, FileKind.PLOT, night.started_at, night.device_serial, digest, "png")
        made = NewFile(name.key, picture, "image/png")
        self._store.put(made.key, picture, content_type=made.content_type, filename=made.name)
        with self._catalogue.write() as transaction:
            transaction.nights.lock(night.id)
            now = transaction.nights.get(night.id)
            spans = tuple(Exclusion(span.from_s, span.to_s) for span in transaction.exclusions.of([night.id]))
            if now.patient_id != night.patient_id or now.state is not NightState.STORED or spans != report.exclusions:
                raise NotReady
            before = transaction.nights.plots([analysis_id], language).get(analysis_id)
            file = transaction.files.add(made.row(("recording", night.id), None), self._clock())
            transaction.nights.set_plot(analysis_id, language, file.id)
            shown = [transaction.nights.plots([analysis_id], other).get(analysis_id) for other in PLOT_LANGUAGES]
            if before is not None and before not in shown:
                transaction.files.mark_deleted([before.id], self._clock())
        logger.info("plot stored night=%s language=%s size=%d", night.id, language, len(picture))
