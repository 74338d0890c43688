"""The daemons behind the test gateway: one monitor, one memory-backed OSD, one RADOS Gateway."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from uuid import uuid4

from tests.ports import reserve_ports

START_TIMEOUT_S = 90.0

_SETTINGS = """\
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon_port},v1:127.0.0.1:{mon_port_v1}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 2000
mon cluster log file = {folder}/cluster.log
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 4294967296
osd data = {folder}/osd
mon data = {folder}/mon
run dir = {folder}
admin socket = {folder}/$name.asok
pid file = {folder}/$name.pid
log file = {folder}/$name.log
crash dir = {folder}
ms bind ipv4 = true
ms mon client mode = crc
ms client mode = crc
ms service mode = crc
ms cluster mode = crc
ms mon cluster mode = crc
ms mon service mode = crc
paxos propose interval = 0.05
mon osd min up ratio = 0
mon data avail warn = 1
mon data avail crit = 1
[mon]
mon initial members = a
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw thread pool size = 64
rgw enable usage log = false
rgw rados pool pg num min = 1
rgw run sync thread = false
rgw enable gc threads = false
rgw enable quota threads = false
rgw bucket quota ttl = 0
"""


class GatewayError(RuntimeError):
    """The gateway did not start; the message holds the end of its logs."""


class Daemons:
    """The three processes behind a gateway, and their folder."""

    def __init__(self) -> None:
        # Short, because the path of a Unix socket holds 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="rgw-"))
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.port, self._mon_port, self._mon_port_v1 = reserve_ports(3)

    def start(self, access_key: str, secret_key: str) -> None:
        """Start everything; the gateway may need some seconds more until it answers."""
        folder, fsid = self._folder, str(uuid4())
        text = _SETTINGS.format(
            folder=folder, fsid=fsid, port=self.port, mon_port=self._mon_port, mon_port_v1=self._mon_port_v1
        )
        (folder / "ceph.conf").write_text(text)
        (folder / "mon").mkdir()
        (folder / "osd").mkdir()
        address = f"[v2:127.0.0.1:{self._mon_port},v1:127.0.0.1:{self._mon_port_v1}]"
        self._run("monmaptool", "--create", "--addv", "a", address, "--fsid", fsid, f"{folder}/monmap")
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", f"{folder}/monmap")
        self._spawn("mon", "ceph-mon", "-i", "a", "-f")
        osd_id = str(uuid4())
        self._run("ceph", "--connect-timeout", "30", "osd", "new", osd_id)
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd_id)
        self._spawn("osd", "ceph-osd", "-i", "0", "-f")
        user = ("--uid=test", "--display-name=test", f"--access-key={access_key}", f"--secret-key={secret_key}")
        self._run("radosgw-admin", "-n", "client.rgw", "user", "create", *user)
        self.start_gateway()

    def start_gateway(self) -> None:
        """Start the S3 door alone."""
        self._spawn("rgw", "radosgw", "-n", "client.rgw", "-f")

    def check(self) -> None:
        """Raise when a daemon has ended by itself."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise GatewayError(f"{name} ended with {process.returncode}: {self._log_end(name)}")

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to one daemon."""
        self._running[name].send_signal(number)

    def end(self, name: str) -> None:
        """Kill one daemon and wait for its end."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """Kill all and remove the folder."""
        for name in list(self._running)[::-1]:
            self.end(name)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "CEPH_CONF": str(self._folder / "ceph.conf"), "PYTHONWARNINGS": "ignore"}

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            command, env=self._environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=START_TIMEOUT_S
        )
        if done.returncode:
            raise GatewayError(
                f"{command[0]} ended with {done.returncode}: {done.stdout[-2000:].decode(errors='replace')}"
            )

    def _spawn(self, name: str, *command: str) -> None:
        with (self._folder / f"{name}.out").open("ab") as output:
            self._running[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _log_end(self, name: str) -> str:
        return (self._folder / f"{name}.out").read_text(errors="replace")[-2000:]
