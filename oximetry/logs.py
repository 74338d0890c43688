"""How log lines are written by every process of the platform."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TextIO

from oximetry.services.operations.request_codes import request_code

NOISY = ("botocore", "urllib3", "kaleido", "choreographer", "werkzeug", "alembic")
"""Libraries that could write signed URLs, or that talk too much."""

_TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s%(request)s"


def configure_logging(level: str = "INFO", *, as_json: bool = False, stream: TextIO | None = None) -> None:
    """One line per event on stderr (or ``stream``), as text for people or as JSON for machines."""
    handler = logging.StreamHandler(stream)
    handler.addFilter(_add_request)
    handler.setFormatter(JsonLines() if as_json else logging.Formatter(_TEXT))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


class JsonLines(logging.Formatter):
    """One JSON object per event: ``time`` (UTC), ``level``, ``name``, ``message``, and ``request`` and ``error``."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "name": record.name,
            "message": record.getMessage(),
        }
        if code := request_code.get():
            line["request"] = code
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _add_request(record: logging.LogRecord) -> bool:
    code = request_code.get()
    record.request = f" request={code}" if code else ""
    return True
