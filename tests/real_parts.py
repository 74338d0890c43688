"""Real servers in the tests: what to do when one is not installed, and how all processes of a run share one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_SH, LOCK_UN, flock
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

REQUIRE_REAL_PARTS = "OXIMETRY_REQUIRE_REAL_PARTS"


class SharedServer(Protocol):
    """A server that another process can use once it knows its card."""

    def card(self) -> list[str]:
        """What another process needs to know."""
        ...

    def is_alive(self) -> bool:
        """Whether it answers."""
        ...

    def stop(self) -> None:
        """End it; only its owner does."""
        ...


Server = TypeVar("Server", bound=SharedServer)


def require_real_part(missing: list[str], packages: str) -> None:
    """Skip the test when programs are missing; fail it where real parts are required."""
    if not missing:
        return
    reason = f"Debian's {packages} needed: {', '.join(missing)} not found"
    if os.environ.get(REQUIRE_REAL_PARTS) == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all processes of this test run have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@contextmanager
def shared_server(
    folder: Path, name: str, start: Callable[[], Server], attach: Callable[[list[str]], Server]
) -> Iterator[Server]:
    """One server for all test processes that name the same folder.

    The first one starts it; each holds a shared lock while it uses it, and the owner waits for the last user before it
    stops it. A process that dies lets go of its lock by itself.
    """
    with (folder / f"{name}.start.lock").open("a") as starting, (folder / f"{name}.users.lock").open("a") as using:
        card = folder / f"{name}.json"
        flock(starting, LOCK_EX)
        flock(using, LOCK_SH)
        owned = None
        server = attach(json.loads(card.read_text())) if card.exists() else None
        if server is None or not server.is_alive():
            server = owned = start()
            card.write_text(json.dumps(owned.card()))
        flock(starting, LOCK_UN)
        try:
            yield server
        finally:
            if owned:
                flock(using, LOCK_EX)
                card.unlink()
                owned.stop()
