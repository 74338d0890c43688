"""A real S3 server for the tests: a Ceph RADOS Gateway on the loopback, its objects in memory.

One monitor, one memory-backed OSD and the gateway from Debian's packages ``radosgw``, ``ceph-mon`` and ``ceph-osd``;
no root, no systemd. It verifies signatures, expiry and Content-MD5 as the real providers do, which imitations in
Python do not. Every daemon is killed with the thread that started it, so a killed test run leaves nothing behind.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.real_parts import shared_server
from tests.storage.ceph import START_TIMEOUT_S, Daemons, GatewayError

PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin", "setpriv")


def missing_programs() -> list[str]:
    """The programs of the Debian packages that are not installed here."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


class Gateway:
    """A running gateway.

    Attributes
    ----------
    endpoint, access_key, secret_key : str
        What a client needs; the region is free.
    """

    def __init__(self, endpoint: str, access_key: str, secret_key: str, daemons: Daemons | None = None) -> None:
        self.endpoint = endpoint
        self.access_key = access_key
        self.secret_key = secret_key
        self._daemons = daemons

    @classmethod
    def start(cls) -> Gateway:
        """Start one of our own and wait until it has made a bucket; three tries, should a free port be taken away."""
        for last in (False, False, True):
            daemons = Daemons()
            gateway = cls(f"http://127.0.0.1:{daemons.port}", uuid4().hex[:20].upper(), uuid4().hex, daemons)
            try:
                daemons.start(gateway.access_key, gateway.secret_key)
                gateway.wait_until_ready()
                return gateway
            except (GatewayError, OSError, subprocess.SubprocessError):
                daemons.stop()
                if last:
                    raise
            except BaseException:
                daemons.stop()
                raise
        raise AssertionError("unreachable")

    def bucket(self, name: str | None = None) -> str:
        """Make a bucket (a fresh name without one) and return its name."""
        name = name or f"test-{uuid4().hex[:12]}"
        self.client().create_bucket(Bucket=name)
        return name

    def pause(self) -> None:
        """SIGSTOP: connections are accepted by the kernel and never answered."""
        self._own().signal("rgw", signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT: go on where it stood."""
        self._own().signal("rgw", signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL: connections are refused from now on; the objects stay in the OSD."""
        self._own().end("rgw")

    def revive(self) -> None:
        """Start the gateway again after `kill`, with the same objects on the same port."""
        self._own().start_gateway()
        self.wait_until_ready()

    def card(self) -> list[str]:
        """What another process needs to use it."""
        return [self.endpoint, self.access_key, self.secret_key]

    def stop(self) -> None:
        """End all daemons and remove their folder; doing it twice is fine."""
        self._own().stop()

    def is_alive(self) -> bool:
        """Whether something listens on the port."""
        host, port = self.endpoint.removeprefix("http://").split(":")
        with suppress(OSError), socket.create_connection((host, int(port)), timeout=5):
            return True
        return False

    def wait_until_ready(self) -> None:
        """Return once a bucket could really be made."""
        give_up_at = time.monotonic() + START_TIMEOUT_S
        while True:
            if self._daemons:
                self._daemons.check()
            try:
                self.client(attempts=1).create_bucket(Bucket="ready")
                return
            except (BotoCoreError, ClientError) as error:
                if time.monotonic() > give_up_at:
                    raise GatewayError(f"not ready after {START_TIMEOUT_S} s") from error
                time.sleep(0.05)

    def _own(self) -> Daemons:
        if self._daemons is None:
            raise GatewayError("this gateway is shared with other test processes: use the fixture own_gateway")
        return self._daemons

    def client(self, attempts: int = 3):
        """A plain boto3 client of the owner of everything here, to arrange and to look."""
        options = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            connect_timeout=2,
            read_timeout=20,
            retries={"mode": "standard", "total_max_attempts": attempts},
        )
        return boto3.session.Session(self.access_key, self.secret_key).client(
            "s3", endpoint_url=self.endpoint, region_name="auto", config=options
        )


def shared_gateway(folder: Path) -> AbstractContextManager[Gateway]:
    """One gateway for all test processes that name the same folder."""
    return shared_server(folder, "gateway", Gateway.start, lambda card: Gateway(*card))
