"""What a file's name hints at: device and day. It may hold a person's name too, so only known words are kept."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

_MODELS = (
    "Checkme O2 Max", "Checkme O2", "O2Ring S", "O2Ring", "O2Max", "SleepO2", "SleepU", "WearO2", "KidsO2", "BabyO2",
    "Oxylink", "OxyFit", "OxySmart", "BeddrSleepU", "Getwellue", "Lookee",
)  # fmt: skip
_MODEL_OF = {model.casefold(): model for model in _MODELS}
_DEVICE = re.compile(rf"({'|'.join(re.escape(model) for model in _MODELS)})(?:\s+(\d{{4}}))?\s*(?=_|$)", re.IGNORECASE)
_STAMP = re.compile(r"(?<!\d)(20\d{2})(\d{2})(\d{2})(?:\d{6})?(?!\d)", re.ASCII)
_MOMENT = re.compile(r"(?<!\d)(20\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?!\d)", re.ASCII)
_EPOCH = re.compile(r"(1\d{9})(\d{3})?", re.ASCII)
_EPOCH_MS = re.compile(r"(?<!\d)(1\d{12})(?!\d)", re.ASCII)


def device_in_name(filename: str | None) -> tuple[str | None, str | None]:
    """Device model and serial number, as Viatom's applications write them into a name.

    Parameters
    ----------
    filename : str or None
        Such as ``"Checkme O2 9001_20251015203510.csv"``, with or without folders.

    Returns
    -------
    model, serial : str or None
        The model in the maker's spelling; the serial's last four digits. ``None`` when the name does not tell.
    """
    match = _DEVICE.match(_stem(filename))
    if match is None:
        return None, None
    return _MODEL_OF[match[1].casefold()], match[2]


def ordinals_in_name(filename: str | None) -> tuple[int, ...]:
    """Days that a name's stamps mean, as proleptic ordinals.

    Parameters
    ----------
    filename : str or None
        ``YYYYMMDD``, ``YYYYMMDDHHMMSS`` and milliseconds since 1970 are understood; the latter are UTC, so that the
        local day may be one off.
    """
    stem = _stem(filename)
    days = []
    for match in _STAMP.finditer(stem):
        try:
            days.append(date(int(match[1]), int(match[2]), int(match[3])).toordinal())
        except ValueError:
            continue
    days += [
        (datetime(1970, 1, 1) + timedelta(milliseconds=int(match[1]))).toordinal() for match in _EPOCH_MS.finditer(stem)
    ]
    return tuple(days)


def moment_in_name(filename: str | None) -> datetime | None:
    """The start on the device's own clock that a name's ``YYYYMMDDHHMMSS`` means; ``None`` when it has none."""
    for match in _MOMENT.finditer(_stem(filename)):
        try:
            return datetime(*map(int, match.groups()))  # type: ignore[arg-type]
        except ValueError:
            continue
    return None


def epoch_in_name(filename: str | None) -> datetime | None:
    """The moment that a name of nothing but seconds or milliseconds since 1970 means, in UTC; else ``None``."""
    match = _EPOCH.fullmatch(_stem(filename))
    return None if match is None else datetime(1970, 1, 1) + timedelta(seconds=int(match[1]))


def report_stamp(filename: str) -> tuple[str | None, datetime | None]:
    """Device serial and start of the recording that the name of a vendor's report carries.

    Returns
    -------
    (str or None, datetime or None)
        The serial (four digits behind the model's name) and the wall-clock start; ``None`` for what is not there.
    """
    return device_in_name(filename)[1], moment_in_name(filename)


def _stem(filename: str | None) -> str:
    name = re.split(r"[\\/]", filename or "")[-1][:200]
    return name.rsplit(".", 1)[0]
