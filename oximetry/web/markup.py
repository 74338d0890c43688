"""Dash's html components as markup, so that a part of a page is written once for server-rendered pages and for Dash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from dash import dcc, html
from dash.development.base_component import Component
from markupsafe import Markup, escape

_RENAMED = {"className": "class", "htmlFor": "for", "autoComplete": "autocomplete", "maxLength": "maxlength"}
_LEFT_OUT = {"children", "n_clicks", "key"}
_VOID = {"img", "br", "hr", "input"}


def markup(part: Any) -> Markup:
    """A component, a text, or a list of them; raises ``TypeError`` for a component that needs Dash to live."""
    if part is None:
        return Markup()
    if isinstance(part, (list, tuple)):
        return Markup().join(markup(one) for one in part)
    if isinstance(part, dcc.Graph):
        return plot(part.figure, part.config, getattr(part, "style", None))
    if not isinstance(part, Component):
        return escape(part)
    if type(part).__module__.partition(".")[2].partition(".")[0] != "html" or not hasattr(html, type(part).__name__):
        raise TypeError(f"{type(part).__name__} cannot stand on a page without Dash")
    name = type(part).__name__.lower()
    opening = Markup("<{}{}>").format(Markup(name), Markup().join(_attributes(part)))  # noqa: S704 - a class's own name
    if name in _VOID:
        return opening
    return opening + markup(getattr(part, "children", None)) + Markup("</{}>").format(Markup(name))  # noqa: S704


def plot(figure: Mapping[str, Any], config: Mapping[str, Any], style: Mapping[str, str] | None = None) -> Markup:
    """A place for a plot, which ``medic_plots.js`` draws."""
    drawn = orjson.dumps({"figure": figure, "config": config}, option=orjson.OPT_SERIALIZE_NUMPY, default=_plain)
    return Markup('<div class="drawn-plot" data-plot="{}" style="{}"></div>').format(drawn.decode(), _css(style or {}))


def _plain(value: Any) -> Any:
    if hasattr(value, "to_plotly_json"):
        return value.to_plotly_json()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(type(value).__name__)


def _attributes(part: Component) -> list[Markup]:
    written = []
    for name, value in part.to_plotly_json()["props"].items():
        if name in _LEFT_OUT or value is None or value is False:
            continue
        shown = _RENAMED.get(name, name.lower())
        if value is True:
            written.append(Markup(" {}").format(Markup(shown)))  # noqa: S704 - a property's own name
        elif name == "style":
            written.append(Markup(' style="{}"').format(_css(value)))
        elif name == "id" and isinstance(value, Mapping):
            continue  # the id of a Dash pattern is no id of a page
        else:
            written.append(Markup(' {}="{}"').format(Markup(shown), value))  # noqa: S704 - a property's own name
    return written


def _css(style: Mapping[str, str]) -> str:
    def hyphenated(name: str) -> str:
        return "".join(f"-{sign.lower()}" if sign.isupper() else sign for sign in name)

    return ";".join(f"{hyphenated(name)}:{value}" for name, value in style.items())
