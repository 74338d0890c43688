"""Kills processes of a site whenever its batch has come a little further, so that a slow machine is killed as often."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random

from oximetry.domain.errors import CatalogueUnavailable
from tests.e2e.live import Site

LOOK_EVERY_S = 0.02


@contextmanager
def killed_on_the_way(
    site: Site, names: Sequence[str], progress: Callable[[], int], whole: int, kills: int
) -> Iterator[None]:
    """Kill and start again, at so many random points of the work done inside the block.

    Parameters
    ----------
    names : sequence of str
        Processes of the site, killed in turn.
    progress : callable
        How much is done; between 0 and ``whole``.
    """
    luck = Random(20261121)
    points = sorted(luck.randrange(whole) for _ in range(kills))
    finished = threading.Event()
    failures: list[BaseException] = []

    def kill_all() -> None:
        try:
            for number, point in enumerate(points):
                while not finished.wait(LOOK_EVERY_S) and _reached(progress) < point:
                    pass
                name = names[number % len(names)]
                site.kill(name)
                site.start(name)
        except BaseException as error:  # told below, in the test's own thread
            failures.append(error)

    killer = threading.Thread(target=kill_all)
    killer.start()
    try:
        yield
    finally:
        finished.set()
        killer.join()
    assert failures == []


def _reached(progress: Callable[[], int]) -> int:
    try:
        return progress()
    except CatalogueUnavailable:
        return 0
