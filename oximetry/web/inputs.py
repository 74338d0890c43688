"""What a browser sends to a callback, as what the services take; anything else is ``InvalidRequest("malformed")``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dash import ctx

from oximetry.domain.errors import InvalidRequest

LONGEST_TEXT = 500


def text(value: object) -> str:
    """A text that a database can hold."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or "\0" in value:
        raise InvalidRequest("malformed")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest("malformed") from error
    return value


def maybe_text(value: object) -> str | None:
    """A text, or nothing chosen: an empty text is nothing too."""
    return None if value is None else text(value) or None


def texts(value: object) -> list[str]:
    """The ticked values of a group; nothing ticked may also be nothing at all."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidRequest("malformed")
    return [text(one) for one in value]


def tick(value: object) -> int:
    """The number that a refresh raises by one."""
    if not isinstance(value, int):
        raise InvalidRequest("malformed")
    return value


def field(value: object, name: str) -> Any:
    """One value of an object, ``None`` when it is absent."""
    if not isinstance(value, Mapping):
        raise InvalidRequest("malformed")
    return value.get(name)


def row_id(cell: object) -> str:
    """The row of a grid's event."""
    return text(field(cell, "rowId"))


def selected(rows: object) -> list[str]:
    """The ids of a grid's ticked rows."""
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise InvalidRequest("malformed")
    return [text(field(row, "id")) for row in rows]


def moment(value: object, otherwise: str = "start_implausible") -> datetime:
    """A wall clock's date and time; one with a zone is not what a device shows. ``otherwise`` is the refusal."""
    given = maybe_text(value)
    try:
        parsed = datetime.fromisoformat(given or "")
    except ValueError as error:
        raise InvalidRequest(otherwise) from error
    if parsed.tzinfo is not None:
        raise InvalidRequest(otherwise)
    return parsed


def clicked() -> bool:
    """Whether a button of a pattern was pressed, rather than drawn."""
    return bool(ctx.triggered[0]["value"])


def source() -> str:
    """The plain id of the component that set the callback off."""
    return text(_triggered_id())


def is_plain() -> bool:
    """Whether a component with a plain id set the callback off, and not one of a pattern."""
    return isinstance(_triggered_id(), str)


def button(name: str) -> str:
    """One part of the pressed button's pattern id."""
    return text(field(_triggered_id(), name))


def beside(values: object, ids: object, item_id: str) -> object:
    """The value of the pattern's component that belongs to an item."""
    if not isinstance(values, list) or not isinstance(ids, list):
        raise InvalidRequest("malformed")
    return next((value for value, one in zip(values, ids, strict=False) if field(one, "item") == item_id), None)


def _triggered_id() -> object:
    try:
        return ctx.triggered_id
    except ValueError as error:
        raise InvalidRequest("malformed") from error
