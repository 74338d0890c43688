"""PNG pictures of figures, through one browser that this process owns.

Kaleido's own sync server mixes up the images of threads and hangs when its renderer is killed (measured; Kaleido#444).
Here one event loop in one thread owns the browser; each picture is a future of its own under a hard time limit; a
browser that fails is dropped and the picture tried once more; it is opened at first use and replaced now and then.
Kaleido 1.5 also reloads its page, all of plotly.js with it, after every picture: here a page serves a few in a row.
"""

from __future__ import annotations

import asyncio
import io
import logging
import os
import shutil
from collections import Counter
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import kaleido
from PIL import Image

from oximetry.domain.errors import RenderingUnavailable

logger = logging.getLogger(__name__)

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPEN_TIMEOUT_S = 40.0
PICTURE_TIMEOUT_S = 20.0
RECYCLE_AFTER = 200
RELOAD_AFTER = 20
TABS = 2
COLOURS = 64

_FAILURES = (Exception, asyncio.CancelledError)  # choreographer raises bare Exceptions of its own, and cancels


class PngRenderer:
    """Draws figures; safe to call from many threads and after a fork.

    Parameters
    ----------
    plotlyjs : Path
        The plotly.js bundle, the same file that the pages load.
    """

    def __init__(self, plotlyjs: Path, tabs: int = TABS) -> None:
        self._plotlyjs = str(plotlyjs.resolve())
        self._tabs = tabs
        self._lock = Lock()
        self._pid: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._browser: _Browser | None = None
        self._opening: asyncio.Lock | None = None
        self._ended = False

    def png(self, figure: dict[str, Any], width: int, height: int) -> bytes:
        """The picture of a plotly figure (as a plain dict) in pixels.

        Raises
        ------
        RenderingUnavailable
            No browser on this machine, or it failed twice.
        """
        for attempt in (1, 2):
            try:
                return _small(self._run(self._draw(figure, width, height), OPEN_TIMEOUT_S + PICTURE_TIMEOUT_S))
            except RenderingUnavailable:
                if attempt == 2:
                    raise
        raise RenderingUnavailable

    def close(self) -> None:
        """Close the browser for good; pictures asked for from now on are ``RenderingUnavailable``."""
        if self._pid == os.getpid() and self._loop is not None:
            self._run(self._end(), 10.0)

    def _run(self, coroutine: Any, timeout_s: float) -> Any:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._own_loop())
        try:
            return future.result(timeout_s)
        except FutureTimeoutError as error:
            future.cancel()
            raise RenderingUnavailable("rendering_timeout") from error

    def _own_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._pid != os.getpid():
                self._pid, self._browser, self._opening, self._ended = os.getpid(), None, None, False
                self._loop = asyncio.new_event_loop()
                Thread(target=self._loop.run_forever, daemon=True, name="renderer").start()
            return self._loop

    async def _draw(self, figure: dict[str, Any], width: int, height: int) -> bytes:
        browser = await self._opened()
        options = {"format": "png", "width": width, "height": height, "scale": 1}
        browser.in_flight += 1
        try:
            picture = await asyncio.wait_for(browser.kaleido.calc_fig(figure, opts=options), PICTURE_TIMEOUT_S)
        except _FAILURES as error:
            logger.warning("picture failed error=%s", type(error).__name__)
            browser.in_flight = 0  # what else it was drawing is lost with it, and tried again
            self._retire(browser)
            await _close_if_idle(browser)
            raise RenderingUnavailable from error
        browser.in_flight -= 1
        browser.drawn += 1
        if browser.drawn >= RECYCLE_AFTER:
            self._retire(browser)
        await _close_if_idle(browser)
        return bytes(picture)

    async def _opened(self) -> _Browser:
        async with self._one_at_a_time():
            if self._ended:
                raise RenderingUnavailable("no_browser")
            if self._browser is None:
                self._browser = await self._open()
            return self._browser

    def _one_at_a_time(self) -> asyncio.Lock:
        if self._opening is None:
            self._opening = asyncio.Lock()
        return self._opening

    async def _open(self) -> _Browser:
        path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
        options = {"path": path} if path else {}
        try:
            opened = _Kaleido(n=self._tabs, mathjax=False, plotlyjs=self._plotlyjs, timeout=None, **options)
            await asyncio.wait_for(opened.open(), OPEN_TIMEOUT_S)
        except _FAILURES as error:
            logger.warning("no browser for pictures error=%s", type(error).__name__)
            raise RenderingUnavailable("no_browser") from error
        logger.info("browser opened tabs=%d", self._tabs)
        return _Browser(opened)

    def _retire(self, browser: _Browser) -> None:
        """Give no more pictures to this browser."""
        browser.retired = True
        if self._browser is browser:
            self._browser = None

    async def _end(self) -> None:
        async with self._one_at_a_time():  # a browser that is being opened is waited for, or it would be left behind
            self._ended = True
            if self._browser is not None:
                browser = self._browser
                self._retire(browser)
                browser.in_flight = 0
                await _close_if_idle(browser)


class _Kaleido(kaleido.Kaleido):  # type: ignore[misc]  # kaleido has no types
    """Kaleido whose pages are reloaded after ``RELOAD_AFTER`` pictures; one that failed goes with its browser."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._drawn_by_tab: Counter[int] = Counter()

    async def _return_kaleido_tab(self, tab: Any) -> None:
        self._drawn_by_tab[id(tab)] += 1
        if self._drawn_by_tab[id(tab)] % RELOAD_AFTER == 0:
            await super()._return_kaleido_tab(tab)
        else:
            await self.tabs_ready.put(tab)


@dataclass(eq=False)
class _Browser:
    kaleido: kaleido.Kaleido
    drawn: int = 0
    in_flight: int = 0
    retired: bool = False


def _small(picture: bytes) -> bytes:
    """The same PNG with a palette: a quarter of the bytes, and a plot has few colours."""
    made = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as drawn:
        few = drawn.convert("RGB").quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(made, "PNG", compress_level=6)
    return made.getvalue()


async def _close_if_idle(browser: _Browser) -> None:
    if not browser.retired or browser.in_flight > 0:
        return
    try:
        await asyncio.wait_for(browser.kaleido.close(), 5.0)
    except _FAILURES as error:
        logger.warning("browser did not close error=%s", type(error).__name__)
