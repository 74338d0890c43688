"""A short code for every request, and one line about it when it was answered.

The line names the route, not the address: no patient's id, no file, no query and no secret stands in a log. What a
person is shown as "cod 7F3A" finds the lines that belong to it.
"""

from __future__ import annotations

import logging
import secrets
from time import perf_counter

from flask import Flask, Response, g, request

from oximetry.services.operations.request_codes import request_code

logger = logging.getLogger(__name__)

HEADER = "X-Request-Code"
_QUIET = ("/healthz", "/readyz")


def install(server: Flask) -> None:
    """Must come before every other ``before_request``, so that a refusal has its code too."""
    server.before_request(_begin)
    server.after_request(_end)


def _begin() -> None:
    g.began_at = perf_counter()
    request_code.set(secrets.token_hex(2).upper())


def _end(response: Response) -> Response:
    response.headers[HEADER] = request_code.get()
    if request.path not in _QUIET:
        route = request.url_rule.rule if request.url_rule else "none"
        spent_ms = 1000 * (perf_counter() - g.began_at)
        logger.info(
            "request method=%s route=%s status=%d ms=%.0f", request.method, route, response.status_code, spent_ms
        )
    return response
