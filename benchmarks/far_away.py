"""A TCP forwarder in a process of its own that makes a server look far away.

``python -m benchmarks.far_away HOST:PORT ROUND_TRIP_MS`` prints its own port and forwards until it is killed.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

CHUNK = 1 << 18


async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float) -> None:
    """Hand every chunk on after the delay; chunks under way do not hold one another up."""
    loop, last = asyncio.get_running_loop(), asyncio.Event()
    while chunk := await reader.read(CHUNK):
        loop.call_later(delay_s, writer.write, chunk)
    loop.call_later(delay_s, last.set)
    await last.wait()
    writer.close()


async def serve(host: str, port: int, round_trip_s: float) -> None:
    """Listen on a free port of the loopback."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(host, port)
        half = round_trip_s / 2
        await asyncio.gather(forward(reader, there_writer, half), forward(there_reader, writer, half))

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=CHUNK)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def far_away(endpoint: str, round_trip_s: float) -> Iterator[str]:
    """The endpoint of the forwarder."""
    address = endpoint.removeprefix("http://")
    command = [sys.executable, "-m", "benchmarks.far_away", address, str(round_trip_s * 1000)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()


if __name__ == "__main__":
    name, _, number = sys.argv[1].partition(":")
    asyncio.run(serve(name, int(number), float(sys.argv[2]) / 1000))
