"""A list's filter as the address says it, so that every view of a list can be bookmarked, opened twice and left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode

from oximetry.domain.listing import (
    LONGEST_SEARCH,
    PAGE_ROWS,
    Concern,
    Headline,
    NightFilter,
    NightOrder,
    PatientOrder,
    Writing,
)

MOST_ROWS = 1_000_000
STATES: dict[str, tuple[bool | None, Concern | None, Writing | None]] = {
    "waiting": (False, None, None),
    "usual": (False, Concern.NONE, None),
    "check": (False, Concern.CHECK, None),
    "short": (False, Concern.SHORT, None),
    "draft": (None, None, Writing.DRAFT),
    "again": (None, None, Writing.AGAIN),
    "signed": (None, None, Writing.SIGNED),
    "reviewed": (True, None, None),
    "all": (None, None, None),
}
FIRST_STATE = "waiting"


def asked_nights(args: Mapping[str, str], headline: Headline) -> NightFilter:
    """The filter of an address; what it does not understand it leaves out."""
    reviewed, concern, writing = STATES[asked_state(args)]
    order = args.get("sort", "")
    return NightFilter(
        reviewed=reviewed,
        concern=concern,
        writing=writing,
        month=_month(args.get("month", "")),
        device_serial=_text(args.get("device", ""), 40) or None,
        patient_id=_text(args.get("patient", ""), 36) or None,
        search=_text(args.get("q", ""), LONGEST_SEARCH),
        order=NightOrder(order) if order in set(NightOrder) else NightOrder.NIGHT,
        ascending=args.get("up") == "1",
        headline=headline,
        offset=asked_offset(args),
    )


def asked_state(args: Mapping[str, str]) -> str:
    """Which nights are wanted, by the name of their state."""
    state = args.get("state", FIRST_STATE)
    return state if state in STATES else FIRST_STATE


def asked_patients(args: Mapping[str, str]) -> tuple[str, PatientOrder, int]:
    """Search, order and first row of the list of patients."""
    order = args.get("sort", "")
    wanted = PatientOrder(order) if order in set(PatientOrder) else PatientOrder.LAST_NIGHT
    return _text(args.get("q", ""), LONGEST_SEARCH), wanted, asked_offset(args)


def asked_offset(args: Mapping[str, str]) -> int:
    """The first row of the wanted page; pages are counted from 1 in an address."""
    number = args.get("page", "1")
    return (
        (min(int(number), MOST_ROWS) - 1) * PAGE_ROWS if number.isascii() and number.isdigit() and number != "0" else 0
    )


def query(args: Mapping[str, str], **changes: object) -> str:
    """The address's query with some values changed, ``None`` for left out; a change begins again at the first page."""
    names = ("state", "q", "month", "device", "patient", "sort", "up", "page")
    kept = {name: args[name] for name in names if args.get(name)}
    if changes and "page" not in changes:
        kept.pop("page", None)
    changed = {**kept, **{name: str(value) for name, value in changes.items() if value is not None}}
    for name, value in changes.items():
        if value is None:
            changed.pop(name, None)
    return f"?{urlencode(changed)}" if changed else ""


def _month(value: str) -> date | None:
    try:
        return date.fromisoformat(f"{value}-01") if len(value) == 7 else None
    except ValueError:
        return None


def _text(value: str, longest: int) -> str:
    return "".join(sign for sign in value[:longest] if sign.isprintable()).strip()
