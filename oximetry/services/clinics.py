"""A clinic's settings: checked, kept, and its logo made safe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zoneinfo import available_timezones

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.clinic import Clinic
from oximetry.domain.errors import InvalidRequest
from oximetry.domain.ports import Clock

LINK_FIELD = "{link}"
LONGEST = {"name": 120, "address": 200, "phone": 40, "hours": 80, "message_ro": 500, "message_en": 500}
MAX_LOGO_BYTES = 1024 * 1024
LANGUAGES = ("ro", "en")
SHORTEST_RETENTION, LONGEST_RETENTION = 12, 600

SafeLogo = Callable[[bytes], tuple[bytes, str]]


class ClinicService:
    """Settings of the clinic to which a doctor belongs.

    Parameters
    ----------
    safe_logo : callable
        The bytes of a picture to a harmless picture and its content type, or ``InvalidRequest``.
    """

    def __init__(self, catalogue: Catalogue, clock: Clock, safe_logo: SafeLogo) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._safe_logo = safe_logo

    def of(self, doctor_id: str) -> Clinic:
        """The clinic's settings; the first ones where nothing was set."""
        with self._catalogue.read() as transaction:
            return transaction.clinics.of(doctor_id)

    def save(self, doctor_id: str, **values: Any) -> Clinic:
        """Change some settings by their names in `Clinic`; the others stay.

        Raises ``InvalidRequest``: ``setting_too_long`` (``maximum``), ``message_without_link``, ``unknown_time_zone``,
        ``unknown_language``, ``hour_malformed``.
        """
        cleaned = {name: _cleaned(name, value) for name, value in values.items()}
        with self._catalogue.write() as transaction:
            clinic = replace(transaction.clinics.of(doctor_id), **cleaned)
            _check(clinic)
            saved = transaction.clinics.save(doctor_id, clinic, self._clock())
            transaction.audit.add(
                self._clock(), doctor_id, "clinic_changed", ("clinic", str(saved.id)), settings=sorted(cleaned)
            )
        return saved

    def set_logo(self, doctor_id: str, content: bytes | None) -> Clinic:
        """Keep a logo, or none; a refused one leaves the old one where it is."""
        if content is None:
            return self.save(doctor_id, logo=None, logo_type=None)
        if len(content) > MAX_LOGO_BYTES:
            raise InvalidRequest("logo_too_large", size_mb=len(content) / MAX_LOGO_BYTES, limit_mb=1)
        safe, content_type = self._safe_logo(content)
        return self.save(doctor_id, logo=safe, logo_type=content_type)


def _cleaned(name: str, value: Any) -> Any:
    if name not in LONGEST or not isinstance(value, str):
        return value
    cleaned = " ".join("".join(sign if sign.isprintable() else " " for sign in value).split())
    if len(cleaned) > LONGEST[name]:
        raise InvalidRequest("setting_too_long", maximum=LONGEST[name])
    return cleaned


def _check(clinic: Clinic) -> None:
    if any(message and LINK_FIELD not in message for message in (clinic.message_ro, clinic.message_en)):
        raise InvalidRequest("message_without_link")
    if clinic.time_zone not in available_timezones():
        raise InvalidRequest("unknown_time_zone")
    if clinic.language not in LANGUAGES:
        raise InvalidRequest("unknown_language")
    if not 0 <= clinic.night_begins_h < 24:
        raise InvalidRequest("hour_malformed")
    if clinic.retention_months is not None and not SHORTEST_RETENTION <= clinic.retention_months <= LONGEST_RETENTION:
        raise InvalidRequest("retention_malformed", minimum=SHORTEST_RETENTION, maximum=LONGEST_RETENTION)
