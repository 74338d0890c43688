"""The one entrance to the doctor's callbacks: lists the pages that live from them."""

from __future__ import annotations

import dash

from oximetry.web.doctor import intake_callbacks
from oximetry.web.services import WebServices


def register(app: dash.Dash, services: WebServices) -> None:
    """Add every callback of the doctor's app."""
    intake_callbacks.register(app, services)
