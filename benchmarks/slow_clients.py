"""``python -m benchmarks.slow_clients [front|gthread]``: pages beside 300 clients that drip, stall or say nothing."""

from __future__ import annotations

import socket
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from threading import Event, Thread

SLOW = 300
DRIP_S = 1.0
ASKED = 60
PATHS = ("/healthz", "/login", "/patient/")
BEGINNINGS = (
    b"",
    b"GET /patient/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
    b"POST /medic/uploads/x/files HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000\r\n\r\n",
)


def drip(port: int, stopped: Event) -> None:
    """Keep 300 slow connections open; one that is ended is opened again."""
    connections: dict[int, socket.socket] = {}
    while not stopped.wait(DRIP_S):
        for number in range(SLOW):
            try:
                if number not in connections:
                    connections[number] = socket.create_connection(("127.0.0.1", port), 5)
                    connections[number].sendall(BEGINNINGS[number % len(BEGINNINGS)])
                elif number % len(BEGINNINGS):
                    connections[number].sendall(b"x")
            except OSError:
                connections.pop(number, None)
    for each in connections.values():
        each.close()


def p95_ms(url: str) -> str:
    """The 95th of a hundred, or how many were not answered within five seconds."""
    spent, unanswered = [], 0
    for _ in range(ASKED):
        began = time.perf_counter()
        try:
            urllib.request.urlopen(url, timeout=5).read()
            spent.append(1000 * (time.perf_counter() - began))
        except OSError:
            unanswered += 1
        if unanswered > 2:
            break
    return f"{unanswered} unanswered" if unanswered else f"{statistics.quantiles(spent, n=20)[-1]:.1f}"


def main() -> None:
    """Print p95 in milliseconds for each page, without slow clients and beside them."""
    from tests.e2e import live

    if "gthread" in sys.argv[1:]:
        live.FRONT = "gthread"
    with tempfile.TemporaryDirectory() as folder, live.running(Path(folder) / "site", workers=0) as site:
        before = {path: p95_ms(site.url + path) for path in PATHS}
        stopped = Event()
        slow = Thread(target=drip, args=(site.port, stopped))
        slow.start()
        time.sleep(3 * DRIP_S)
        for path in PATHS:
            print(f"{path}: p95 {before[path]} ms alone, {p95_ms(site.url + path)} ms beside {SLOW} slow clients")
        stopped.set()
        slow.join()


if __name__ == "__main__":
    main()
