"""JSON of Fitbit (SpO2 by the minute, local time) and Garmin Connect (a sleep or a day, UTC): spot values."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.file_types import JSON
from oximetry.domain.recording import Hints, Note, Recording
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.registry import Probe
from oximetry.readers.spot_values import percent, spot_recording, whole_minute
from oximetry.readers.text_table import decode
from oximetry.readers.timeline import Origin

GARMIN_LIST = "wellnessEpochSPO2DataDTOList"
GARMIN_DAY = "spO2SingleValues"
GARMIN_HOURS = "spO2HourlyAverages"
MOST_SHIFT = timedelta(hours=14)
EPOCH = datetime(1970, 1, 1)
MILLISECOND = timedelta(milliseconds=1)

_FITBIT = re.compile(r'"minutes"\s*:\s*\[\s*\{\s*(?:"value"\s*:[^,}]*,\s*)?"minute"\s*:')
_GARMIN = re.compile(rf'"(?:{GARMIN_LIST}|{GARMIN_DAY}|{GARMIN_HOURS}|spo2Reading)"\s*:')

Spot = tuple[object, object]


class FitbitGarmin:
    """The reader of both makers' JSON; see `oximetry.readers.registry.Reader`."""

    name = "fitbit_garmin"
    facts = FormatFacts(
        title="Fitbit and Garmin JSON",
        recognised_by='JSON with "minutes" of "value", "minute" (Fitbit), "spo2Reading" or "spO2SingleValues" (Garmin)',
        interval="spot values of 60 s",
        missing="a gap, null or 0",
        proof=Proof.SPECIFICATION,
        remark="Fitbit writes local time; Garmin UTC, turned into local time when the file tells the difference, else "
        "said. Of several nights the last one is read, and said. No ODI is computed from spot values.",
        original=JSON,
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether the first or last bytes hold the keys of either maker."""
        head = probe.head.decode("utf-8-sig", errors="ignore")
        if head.lstrip()[:1] not in ("{", "["):
            return False
        parts = (head, probe.tail.decode("utf-8", errors="ignore"))
        return any(key.search(part) for key in (_FITBIT, _GARMIN) for part in parts)

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this kind.

        Raises
        ------
        InvalidRecording
            ``json_damaged``; ``means_only`` for a day of which only the means of its hours are there; ``bad_time``
            (``line``, the value's number); the reasons of `spot_recording`.
        """
        try:
            document = json.loads(decode(content))
        except (ValueError, RecursionError) as error:
            raise InvalidRecording("json_damaged") from error
        parts = [part for part in (document if isinstance(document, list) else [document]) if isinstance(part, dict)]
        fitbit = [spot for part in parts for spot in _fitbit(part)]
        if fitbit:
            return spot_recording(_by_minute(fitbit, timedelta()), {}, Origin(self.name, "Fitbit", None), hints)
        ahead = next((shift for part in parts if (shift := _ahead_of_utc(part)) is not None), None)
        read_of = [spot for part in parts for spot in (_garmin_day(part) if part.get(GARMIN_DAY) else _garmin(part))]
        if not read_of and any(part.get(GARMIN_HOURS) for part in parts):
            raise InvalidRecording("means_only")
        spots = _by_minute(read_of, ahead or timedelta())
        notes = () if ahead is not None else (Note("start_in_utc"),)
        return spot_recording(spots, {}, Origin(self.name, "Garmin", None), hints, notes)


def _fitbit(part: dict[str, object]) -> Iterator[Spot]:
    minutes = part.get("minutes")
    for one in minutes if isinstance(minutes, list) else ():
        if isinstance(one, dict):
            yield one.get("minute"), one.get("value")


def _garmin(part: dict[str, object]) -> Iterator[Spot]:
    """Readings of minutes, in whichever of its lists a download keeps them; or one that is no list at all."""
    lists = [value for value in part.values() if isinstance(value, list)]
    for one in chain([part], *lists):
        if isinstance(one, dict) and "spo2Reading" in one:
            yield one.get("epochTimestamp"), one.get("spo2Reading")


def _garmin_day(part: dict[str, object]) -> Iterator[Spot]:
    """The values of a day: rows whose cells the file itself describes, the moment in milliseconds."""
    described = part.get("spO2ValueDescriptorsDTOList")
    places = {
        one.get("spo2ValueDescriptorKey"): one.get("spo2ValueDescriptorIndex")
        for one in (described if isinstance(described, list) else ())
        if isinstance(one, dict)
    }
    at, reading = places.get("timestamp", 0), places.get("spo2Reading", 1)
    rows = part[GARMIN_DAY]
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, list) or not isinstance(at, int) or not isinstance(reading, int):
            raise InvalidRecording("json_damaged")
        if not max(at, reading) < len(row):
            raise InvalidRecording("json_damaged")
        yield row[at], row[reading]


def _ahead_of_utc(part: dict[str, object]) -> timedelta | None:
    """How far the local clock is ahead of UTC, as the two starts of the sleep or of the day tell."""
    try:
        local, utc = (
            datetime.fromisoformat(str(part.get(f"startTimestamp{clock}")).partition(".")[0])
            for clock in ("Local", "GMT")
        )
    except ValueError:
        return _ahead_in_sleep(part)
    return local - utc if local.tzinfo is utc.tzinfo and abs(local - utc) <= MOST_SHIFT else None


def _ahead_in_sleep(part: dict[str, object]) -> timedelta | None:
    sleep = part.get("dailySleepDTO")
    if not isinstance(sleep, dict):
        return None
    local, utc = sleep.get("sleepStartTimestampLocal"), sleep.get("sleepStartTimestampGMT")
    if not isinstance(local, int) or not isinstance(utc, int) or abs(local - utc) > MOST_SHIFT / MILLISECOND:
        return None
    return (local - utc) * MILLISECOND


def _by_minute(spots: Iterable[Spot], shift: timedelta) -> dict[datetime, float]:
    """Values by the whole minute, the first of each kept."""
    values: dict[datetime, float] = {}
    for number, (moment, value) in enumerate(spots, 1):
        try:
            minute = _minute(moment) + shift
        except (ValueError, OverflowError) as error:
            raise InvalidRecording("bad_time", line=number) from error
        values.setdefault(minute, percent(value) if isinstance(value, int | float) else math.nan)
    return values


def _minute(moment: object) -> datetime:
    """The whole minute of a moment in ISO 8601 or in milliseconds; raises ``ValueError`` for none."""
    if isinstance(moment, int):
        moment = f"{EPOCH + moment * MILLISECOND:%Y-%m-%d %H:%M:%S}"
    return whole_minute(moment if isinstance(moment, str) else "")
