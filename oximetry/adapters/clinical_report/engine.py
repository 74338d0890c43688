"""HTML to PDF: WeasyPrint, and Chromium's print where it fails.

Both are asked for nothing but the page itself: what is not inside it as ``data:`` is refused.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from threading import Lock
from typing import Any

from oximetry.adapters.clinical_report.page import html_of
from oximetry.domain.errors import RenderingUnavailable
from oximetry.domain.report_document import ReportDocument

logger = logging.getLogger(__name__)

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PRINT_TIMEOUT_S = 30.0
VARIANT = "pdf/a-3a"
FEWER_LINES = (0.0, 2.0, 4.0, 8.0)
SECOND_PART = "second"  # the id of what begins on the second page

_one_at_a_time = Lock()  # Pango's font map is shared by threads, and Python's own lock makes a second one no faster


def pdf_of(document: ReportDocument) -> bytes:
    """The report as PDF/A-3a, tagged; the same document is the same bytes, as long as the first engine makes it."""
    try:
        for fewer_lines in FEWER_LINES:
            made, fits = _made_by_weasyprint(html_of(document, fewer_lines))
            if fits:
                break
    except RenderingUnavailable as error:
        logger.warning("report not made by the first engine reason=%s", error.reason)
        return by_chromium(html_of(document))
    return made


def by_weasyprint(page: str) -> bytes:
    """With WeasyPrint; raises ``RenderingUnavailable`` without it or without Pango."""
    return _made_by_weasyprint(page)[0]


def _made_by_weasyprint(page: str) -> tuple[bytes, bool]:
    """The PDF, and whether its first part fits on the first page."""
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:
        raise RenderingUnavailable("no_report_engine") from error
    _quieten()
    try:
        with _one_at_a_time:
            fetcher = URLFetcher(allowed_protocols=("data",), allow_redirects=False)
            laid_out = HTML(string=page, url_fetcher=fetcher).render(pdf_variant=VARIANT)
            made = laid_out.write_pdf(pdf_variant=VARIANT)
    except Exception as error:  # its layout raises whatever it likes
        logger.exception("report engine broke")
        raise RenderingUnavailable("no_report_engine") from error
    starts = [number for number, one in enumerate(laid_out.pages) if SECOND_PART in one.anchors]
    return bytes(made), starts in ([], [1])


def by_chromium(page: str) -> bytes:
    """With a browser's print; without PDF/A, and never the same bytes twice."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise RenderingUnavailable("no_browser")
    with tempfile.TemporaryDirectory(prefix="report-", ignore_cleanup_errors=True) as folder:
        source, target = Path(folder, "report.html"), Path(folder, "report.pdf")
        source.write_text(page, encoding="utf-8")
        _print(browser, Path(folder), source, target)
        if not target.is_file() or not target.stat().st_size:
            raise RenderingUnavailable
        return target.read_bytes()


def _print(browser: str, folder: Path, source: Path, target: Path) -> None:
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--no-pdf-header-footer", "--font-render-hinting=none", "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={target}", source.as_uri(),
    ]  # fmt: skip
    quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, start_new_session=True, **quiet)  # noqa: S603 - a list, no shell
    try:
        process.wait(PRINT_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise RenderingUnavailable("rendering_timeout") from error
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # the browser's own children are in this group
            process.wait()


def _quieten() -> None:
    """Its remarks about style are no use in a log; fontTools' are many."""
    for name in ("weasyprint", "fontTools"):
        logging.getLogger(name).setLevel(logging.ERROR)
