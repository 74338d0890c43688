"""A TCP proxy whose connections can fall silent without being closed, as after a failover that nobody announced."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Thread


class FreezingProxy:
    """Hands bytes on between clients and a server, until told otherwise.

    Attributes
    ----------
    port : int
        Where it listens, on 127.0.0.1.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._frozen: set[int] = set()
        self._silent = False
        self._sockets: list[socket.socket] = []
        self._lock = Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        Thread(target=self._accept, daemon=True).start()

    def freeze(self) -> None:
        """Every connection that is open now hands nothing on any more; new ones do."""
        with self._lock:
            self._frozen |= set(range(len(self._sockets)))

    def fall_silent(self) -> None:
        """Nothing is handed on any more: open connections are frozen, new ones are accepted and never answered."""
        self._silent = True
        self.freeze()

    def speak_again(self) -> None:
        """New connections are served again; the frozen ones stay dead."""
        self._silent = False

    def close(self) -> None:
        """End everything."""
        self._listener.close()
        with self._lock:
            for each in self._sockets:
                each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._silent:
                with self._lock:
                    self._sockets.append(client)
                    self._frozen.add(len(self._sockets) - 1)
                continue
            server = socket.create_connection(("127.0.0.1", self._target_port))
            with self._lock:
                number = len(self._sockets)
                self._sockets += [client, server]
            Thread(target=self._hand_on, args=(client, server, number), daemon=True).start()
            Thread(target=self._hand_on, args=(server, client, number), daemon=True).start()

    def _hand_on(self, source: socket.socket, target: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if number in self._frozen:
                    return
                target.sendall(data)
        if number not in self._frozen:
            for each in (source, target):
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)


@contextmanager
def freezing_proxy(target_port: int) -> Iterator[FreezingProxy]:
    """A proxy before a server on the loopback; closed at the end."""
    proxy = FreezingProxy(target_port)
    try:
        yield proxy
    finally:
        proxy.close()
