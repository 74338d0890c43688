"""How log lines are written by every process of the platform."""

from __future__ import annotations

import logging


def configure_logging() -> None:
    """One line per event on stderr; libraries that could write signed URLs stay quiet."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for noisy in ("botocore", "urllib3", "kaleido", "choreographer", "werkzeug", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
