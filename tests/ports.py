"""Ports of the loopback that belong to one test run alone, for as long as its process lives.

A port that is merely found free can be taken by anybody before the server that it was found for listens on it. These
lie below the range from which the kernel gives ports to outgoing connections, and each is held by a locked file.
"""

from __future__ import annotations

import os
import socket
import tempfile
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import TextIO

LOWEST, HIGHEST = 20_000, 32_000
_HELD: list[TextIO] = []


def reserve_ports(count: int) -> list[int]:
    """Ports that nobody listens on and that no other process of any test run on this machine gets."""
    folder = Path(tempfile.gettempdir()) / f"oximetry-test-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    reserved: list[int] = []
    first = LOWEST + os.getpid() * 37 % (HIGHEST - LOWEST)
    for step in range(HIGHEST - LOWEST):
        port = LOWEST + (first - LOWEST + step) % (HIGHEST - LOWEST)
        if _hold(folder / str(port)) and _is_free(port):
            reserved.append(port)
            if len(reserved) == count:
                return reserved
    raise RuntimeError(f"no {count} free ports between {LOWEST} and {HIGHEST}")


def _hold(path: Path) -> bool:
    lock = path.open("a")
    try:
        flock(lock, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        lock.close()
        return False
    _HELD.append(lock)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
