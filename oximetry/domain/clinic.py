"""A clinic as its doctors set it up: what stands on pages, slips and reports, and which index is read first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from oximetry.domain.listing import Headline

NOON_H = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """Everything that a clinic's settings say.

    Attributes
    ----------
    hours : str
        When somebody answers the telephone, in the clinic's own words.
    logo : bytes or None
        PNG, already made safe; ``logo_type`` its content type.
    night_begins_h : int
        The hour at which one "night" ends and the next begins; noon, unless the clinic works otherwise.
    time_zone : str
        IANA name, for our own times; a recording keeps its device's clock.
    message_ro, message_en : str
        The ready message with a link; ``{link}``, ``{clinic}`` and ``{phone}`` are filled in.
    usual_shown : bool
        Whether patients see what is usual beside their numbers.
    severity_shown : bool
        Whether doctors see words of severity beside the index that has cut-offs.
    letters_off : bool
        Whether single letters are no keys.
    second_factor : bool
        Whether its doctors must give a second factor when they sign in.
    retention_months : int or None
        After so many months without a night a patient is erased; ``None``: never by itself.
    """

    id: str | None = None
    name: str = ""
    address: str = ""
    phone: str = ""
    hours: str = ""
    logo: bytes | None = None
    logo_type: str | None = None
    headline: Headline = Headline.ODI4_MEAN120
    language: str = "ro"
    night_begins_h: int = NOON_H
    time_zone: str = "Europe/Bucharest"
    message_ro: str = ""
    message_en: str = ""
    usual_shown: bool = False
    severity_shown: bool = False
    letters_off: bool = False
    second_factor: bool = False
    retention_months: int | None = None


@dataclass(frozen=True, slots=True)
class DeviceLoan:
    """A device that was lent to a patient; ``returned_at`` is ``None`` while it is away."""

    id: str
    doctor_id: str
    patient_id: str
    device_serial: str
    lent_at: datetime
    returned_at: datetime | None


@dataclass(frozen=True, slots=True)
class Handover:
    """That a patient's link of a batch was handed over, and how."""

    patient_id: str
    session_id: str
    means: str
    handed_at: datetime


@dataclass(frozen=True, slots=True)
class LinkOpening:
    """One opening of a patient's page: when, and by what kind of browser.

    ``device_key`` is equal for openings of one browser and says nothing else.
    """

    opened_at: datetime
    browser: str
    device_key: str
    session_id: str | None = None
