"""Pictures through a real browser: never another caller's, and never a hang when the browser dies."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import psutil
import pytest
from PIL import Image

from oximetry.adapters import plots
from oximetry.adapters.plots import BROWSERS, PngRenderer
from oximetry.composition import PLOTLY_BUNDLE
from oximetry.domain.errors import RenderingUnavailable
from tests.real_parts import require_real_part

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

SIZE = (320, 180)


@pytest.fixture
def renderer() -> Iterator[PngRenderer]:
    import shutil

    found = any(shutil.which(name) for name in BROWSERS)
    require_real_part([] if found else ["chromium-headless-shell"], "chromium-headless-shell")
    made = PngRenderer(PLOTLY_BUNDLE)
    yield made
    made.close()


def sheet(red: int) -> dict[str, Any]:
    """A figure that is nothing but one colour."""
    colour = f"rgb({red}, 40, 90)"
    return {"data": [], "layout": {"paper_bgcolor": colour, "plot_bgcolor": colour, "xaxis": {"visible": False}}}


def red_of(picture: bytes) -> int:
    """The red of a corner, to the nearest 5: the palette may be off by one or two."""
    with Image.open(io.BytesIO(picture)) as opened:
        assert opened.size == SIZE
        pixel = opened.convert("RGB").getpixel((3, 3))
    assert isinstance(pixel, tuple)
    return 5 * round(pixel[0] / 5)


def browsers() -> list[psutil.Process]:
    """The renderer's; Playwright's browser, which other tests of this process may hold, lives below its own driver."""
    own = [child for child in psutil.Process().children() if "playwright" not in child.exe()]
    descendants = [below for child in own for below in (child, *child.children(recursive=True))]
    return [child for child in descendants if _is_browser(child)]


def _is_browser(process: psutil.Process) -> bool:
    try:
        name = process.name()
    except psutil.NoSuchProcess:
        return False
    return "chrom" in name or "headless" in name


def test_eight_threads_each_get_their_own_picture(renderer: PngRenderer) -> None:
    reds = [5 * number for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        pictures = list(pool.map(lambda red: renderer.png(sheet(red), *SIZE), reds))
    assert [red_of(picture) for picture in pictures] == reds


def test_a_killed_browser_costs_one_more_try_and_no_hang(renderer: PngRenderer) -> None:
    renderer.png(sheet(10), *SIZE)
    for process in browsers():
        with suppress(psutil.NoSuchProcess):  # a child that went with its parent
            process.kill()
    assert red_of(renderer.png(sheet(20), *SIZE)) == 20


def test_the_browser_is_replaced_now_and_then(renderer: PngRenderer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "RECYCLE_AFTER", 3)
    renderer.png(sheet(0), *SIZE)
    first = {process.pid for process in browsers()}
    for number in range(4):
        assert red_of(renderer.png(sheet(50 * number), *SIZE)) == 50 * number
    assert not first & {process.pid for process in browsers()}


def test_a_page_that_serves_again_keeps_nothing_of_the_picture_before(
    renderer: PngRenderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "RELOAD_AFTER", 3)
    line = {"data": [{"type": "scatter", "x": [0, 1], "y": [0, 1]}], "layout": {}}
    fresh = renderer.png(line, *SIZE)
    for number in range(8):
        assert red_of(renderer.png(sheet(20 * number), *SIZE)) == 20 * number
        assert renderer.png(line, *SIZE) == fresh


def test_closing_leaves_no_browser_behind(renderer: PngRenderer) -> None:
    renderer.png(sheet(0), *SIZE)
    assert browsers()
    renderer.close()
    _, alive = psutil.wait_procs(browsers(), timeout=10)
    assert alive == []


def test_without_a_browser_it_says_so(renderer: PngRenderer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "BROWSERS", ())
    monkeypatch.setenv("BROWSER_PATH", "/no/such/browser")
    with pytest.raises(RenderingUnavailable) as refused:
        renderer.png(sheet(0), *SIZE)
    assert refused.value.reason == "no_browser"
