"""A real PostgreSQL for the tests, from Debian's package: on the loopback, in a folder of its own, without fsync."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psutil
import psycopg
import pytest

from tests.ports import reserve_ports
from tests.real_parts import require_real_part, run_folder, shared_server

START_TIMEOUT_S = 60.0
# A commit that was told must outlive SIGKILL: none is asynchronous here; only the whole machine's end may lose one.
_FAST = ("fsync=off", "full_page_writes=off", "max_connections=200", "shared_buffers=64MB")


def programs_folder() -> Path | None:
    """The newest installed server's programs; Debian keeps them off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("postgres")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def missing_programs() -> list[str]:
    """What is not installed here."""
    missing = [name for name in ("setpriv",) if shutil.which(name) is None]
    return missing if programs_folder() else [*missing, "postgres"]


class Postgres:
    """A running server; a test gets a database of its own in it.

    Attributes
    ----------
    port : str
        On 127.0.0.1; the user ``test`` needs no password.
    """

    def __init__(self, port: str, folder: Path | None = None, process: subprocess.Popen[bytes] | None = None) -> None:
        self.port = port
        self._folder = folder
        self._process = process

    @classmethod
    def start(cls) -> Postgres:
        """Start one of our own; three tries, should the free port be taken away."""
        for last in (False, False, True):
            folder = Path(tempfile.mkdtemp(prefix="pg-"))
            try:
                return cls._start_in(folder)
            except BaseException as error:
                shutil.rmtree(folder, ignore_errors=True)
                if last or not isinstance(error, RuntimeError):
                    raise
        raise AssertionError("unreachable")

    @classmethod
    def _start_in(cls, folder: Path) -> Postgres:
        programs, data = programs_folder(), folder / "data"
        assert programs is not None
        unprivileged = _unprivileged(folder)
        initdb = [str(programs / "initdb"), "--no-sync", "-A", "trust", "-U", "test", "-E", "UTF8", "--locale=C"]
        subprocess.run(["setpriv", *unprivileged, *initdb, "-D", str(data)], check=True, capture_output=True, cwd="/")
        return cls._started(folder, str(reserve_ports(1)[0]))

    @classmethod
    def _started(cls, folder: Path, port: str) -> Postgres:
        programs, data, unprivileged = programs_folder(), folder / "data", _unprivileged(folder)
        options = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", *_FAST]
        command = [str(programs / "postgres"), "-D", str(data), *(word for each in options for word in ("-c", each))]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                ["setpriv", *unprivileged, "--pdeathsig", "KILL", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )
        server = cls(port, folder, process)
        try:
            server._wait_until_ready()
        except BaseException:
            server.stop()
            raise
        return server

    def database(self, template: str = "template0") -> str:
        """The SQLAlchemy URL of a new database."""
        name = f"test_{uuid4().hex}"
        self._do(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected."""
        self._do(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')

    def url(self, name: str) -> str:
        """The SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://test@127.0.0.1:{self.port}/{name}"

    def card(self) -> list[str]:
        """What another process needs to use it."""
        return [self.port]

    def is_alive(self) -> bool:
        """Whether it answers a query."""
        try:
            self._do("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def restart(self) -> None:
        """SIGKILL, and a new server on the same data and port: every connection is lost."""
        assert self._process is not None
        assert self._folder is not None
        family = psutil.Process(self._process.pid).children(recursive=True)  # each leads a session of its own
        self._process.kill()
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(family, timeout=START_TIMEOUT_S)  # a new server beside an old backend damages the data
        self._process.wait()
        (self._folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        self._process = Postgres._started(self._folder, self.port)._process

    def stop(self) -> None:
        """End it and remove its folder."""
        if self._process is not None and self._folder is not None:
            self._process.terminate() if self._process.poll() is None else None
            self._process.kill() if self._ended_late() else None
            self._process.wait()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _ended_late(self) -> bool:
        assert self._process is not None
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            return True
        return False

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        assert self._folder is not None
        give_up_at = time.monotonic() + START_TIMEOUT_S
        while not self.is_alive():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                raise RuntimeError((self._folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.05)

    def _do(self, statement: str) -> None:
        with psycopg.connect(
            f"postgresql://test@127.0.0.1:{self.port}/postgres", autocommit=True, connect_timeout=5
        ) as connection:
            connection.execute(statement)


def _unprivileged(folder: Path) -> list[str]:
    """Words for ``setpriv``: the server refuses to run as root."""
    if os.getuid() != 0:
        return ["--no-new-privs"]
    names = {user.pw_name for user in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A real PostgreSQL, one for all processes of this test run."""
    require_real_part(missing_programs(), "postgresql")
    folder = run_folder(tmp_path_factory)
    with shared_server(folder, "postgres", Postgres.start, lambda card: Postgres(*card)) as running:
        yield running


@pytest.fixture
def empty_postgres(postgres: Postgres) -> Iterator[str]:
    """The URL of an empty database of this test alone."""
    url = postgres.database()
    yield url
    postgres.drop(url)
