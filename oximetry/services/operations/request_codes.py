"""The short code of the request that is being answered: an error's page shows it, and every log line carries it."""

from __future__ import annotations

from contextvars import ContextVar

request_code: ContextVar[str] = ContextVar("request_code", default="")
