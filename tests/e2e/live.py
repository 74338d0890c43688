"""The platform as it runs: gunicorn and workers as processes of their own, in a world of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.ports import reserve_ports

ROOT = Path(__file__).resolve().parents[2]
EMAIL = "ana@localhost"
PASSWORD = "un-secret-de-test-lung"
START_WITHIN_S = 60.0
FRONT = "oximetry.adapters.front.worker.FrontWorker"


def wait_until(happened: Callable[[], object], within_s: float = 30.0, every_s: float = 0.05) -> None:
    """Look again until it happened; ``TimeoutError`` when it did not."""
    end = time.monotonic() + within_s
    while not happened():
        if time.monotonic() > end:
            raise TimeoutError(f"did not happen within {within_s} s")
        time.sleep(every_s)


@dataclass
class Site:
    """A running platform.

    Parameters
    ----------
    folder : Path
        Data, storage and logs.
    settings : dict
        Settings of DESIGN §4 beyond the defaults of a laptop.
    """

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    web_workers: int = 2
    workers: int = 1
    port: int = field(default_factory=lambda: reserve_ports(1)[0])
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Of every process: nothing inherited but what finds programs."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        return {
            **kept,
            "PATH": f"{Path(sys.executable).parent}:{kept.get('PATH', '')}",
            "MALLOC_ARENA_MAX": "2",  # as the image and `make run` set it
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "DATA_DIR": str(self.folder / "data"),
            "STORAGE_PATH": str(self.folder / "storage"),
            "PYTHONPATH": str(ROOT),
            **self.settings,
        }

    def command(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run ``python -m oximetry`` in this world."""
        return subprocess.run(
            [sys.executable, "-m", "oximetry", *words],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=check,
            input="",
        )

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start ``web`` or a worker (``worker0``, ``worker1``, …); its output goes to ``<name>.log``."""
        log = (self.folder / f"{name}.log").open("ab")
        words = self._web_command() if name == "web" else [sys.executable, "-m", "oximetry", "worker"]
        with log:
            self.processes[name] = subprocess.Popen(
                words, env=self.environment, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        return self.processes[name]

    def _web_command(self) -> list[str]:
        workers = ["--workers", str(self.web_workers), "--worker-class", FRONT, "--threads", "8"]
        bind = ["--bind", f"127.0.0.1:{self.port}", "--no-control-socket", "--keep-alive", "75"]
        return [sys.executable, "-m", "gunicorn", "app_instance:create_server()", *workers, *bind]

    def kill(self, name: str) -> None:
        """SIGKILL, the whole group at once: nothing gets to say goodbye."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def stop(self) -> None:
        """End everything."""
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)
        self.processes.clear()

    def log(self, name: str) -> str:
        """What a process has written."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def answers(self, path: str = "/healthz") -> int:
        """The status of a GET; 0 while nobody listens."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return 0

    def memory_mb(self, name: str) -> list[float]:
        """Proportional memory (PSS) of the processes of a group in MB, children of one parent listed one by one."""
        parent = psutil.Process(self.processes[name].pid)
        return [one.memory_full_info().pss / 1e6 for one in [parent, *parent.children(recursive=True)]]


@contextmanager
def running(folder: Path, *, workers: int = 1, web_workers: int = 2, **settings: str) -> Iterator[Site]:
    """A migrated site with one doctor, web and workers up; stopped at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(folder, settings, web_workers, workers)
    site.command("migrate")
    add_doctor(site)
    try:
        site.start("web")
        for number in range(workers):
            site.start(f"worker{number}")
        wait_until(lambda: site.answers() == 200, START_WITHIN_S)
        yield site
    finally:
        site.stop()


def add_doctor(site: Site, email: str = EMAIL) -> None:
    """An account with ``PASSWORD``, made in the site's own database."""
    code = (
        "import sys; from oximetry import composition; from oximetry.settings import Settings; "
        "services = composition.create_services(Settings.load()); "
        "services.accounts.create(sys.argv[1], sys.argv[2]); services.close()"
    )
    subprocess.run(
        [sys.executable, "-c", code, email, PASSWORD], env=site.environment, cwd=site.folder, check=True, timeout=60
    )
