"""A callback's request must have the form that its app's own pages send; anything else is a 400 before Dash sees it."""

from __future__ import annotations

from typing import Any

import dash
from flask import abort, request

UPDATE = "_dash-update-component"


def posted_json() -> Any:
    """The request's JSON, whatever it is; ``None`` for what is no JSON, or is nested too deep to be meant."""
    try:
        return request.get_json(silent=True)
    except (RecursionError, ValueError, LookupError):
        return None


def is_polling() -> bool:
    """Whether a page asks by itself, on its clock, with nobody at it."""
    if not request.path.endswith(UPDATE):
        return False
    body = posted_json()
    changed = body.get("changedPropIds") if isinstance(body, dict) else None
    return bool(isinstance(changed, list) and changed and all(str(one).endswith(".n_intervals") for one in changed))


def check(apps: dict[str, dash.Dash]) -> None:
    """Refuse a malformed callback request; ``apps`` by their URL prefix. For ``before_request``."""
    app = next((app for prefix, app in apps.items() if request.path == f"{prefix}{UPDATE}"), None)
    if app is not None and request.method == "POST" and not _fits(app, posted_json()):
        abort(400)


def _fits(app: dash.Dash, body: Any) -> bool:
    if not isinstance(body, dict) or not isinstance(body.get("output"), str):
        return False
    known = app.callback_map.get(body["output"])
    changed = body.get("changedPropIds", [])
    if known is None or not isinstance(changed, list) or not all(isinstance(one, str) for one in changed):
        return False
    return _same(known["inputs"], body.get("inputs", [])) and _same(known["state"], body.get("state", []))


def _same(registered: list[dict[str, Any]], given: Any) -> bool:
    """Whether the given values are for the registered components, one by one."""
    if not isinstance(given, list) or len(given) != len(registered):
        return False
    return all(_names(expected, value) for expected, value in zip(registered, given, strict=True))


def _names(expected: dict[str, Any], value: Any) -> bool:
    if str(expected["id"]).startswith("{"):  # a pattern: one component, or a list of them
        outputs = value if isinstance(value, list) else [value]
        return all(isinstance(one, dict) and isinstance(one.get("id"), dict) for one in outputs)
    if not isinstance(value, dict):
        return False
    return bool(value.get("id") == expected["id"] and value.get("property") == expected["property"])
