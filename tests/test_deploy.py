"""What is deployed: one start command, the Procfile boots, nothing private goes into the image."""

from __future__ import annotations

import json
import os
import re
import runpy
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from fnmatch import fnmatch
from pathlib import Path

import pytest
from honcho.environ import parse_procfile

from tests.ports import reserve_ports

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


def test_the_page_of_dependencies_names_every_one_with_its_version() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| ([a-z0-9-]+) \| (\d[\w.]*) \|", page, re.MULTILINE))
    made = runpy.run_path(str(ROOT / "docs" / "make_dependencies.py"))
    assert told == {name: made["pinned"]()[name] for name in made["direct"]()}
    assert set(made["WHY"]) == set(made["direct"]())


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def instructions(word: str) -> list[str]:
    joined = text("Dockerfile").replace("\\\n", " ")
    return [line.partition(" ")[2].strip() for line in joined.splitlines() if line.startswith(f"{word} ")]


def railway_files() -> list[str]:
    return sorted(path.name for path in ROOT.glob("railway*.json"))


def test_the_procfile_has_web_first_and_a_worker():
    processes = parse_procfile(text("Procfile")).processes
    assert list(processes) == ["web", "worker"]  # honcho gives PORT to the first one and PORT + 100 to the second
    assert "app_instance:create_server()" in processes["web"]
    assert "--access-logfile" not in processes["web"]
    assert processes["worker"] == "python -m oximetry worker"


def test_there_is_exactly_one_start_command():
    (start,) = instructions("CMD")
    assert json.loads(start)[-1].endswith("start $PROCESSES")
    assert instructions("ENTRYPOINT") == ['["tini", "--"]']
    for name in railway_files():
        assert "startCommand" not in text(name), name
    for other in ("nixpacks.toml", "railpack.json", "railway.toml", "runtime.txt"):
        assert not (ROOT / other).exists(), other


def test_railway_migrates_before_the_web_service_starts_and_asks_only_it_for_health():
    web, worker = (json.loads(text(name))["deploy"] for name in ("railway.json", "railway.worker.json"))
    assert web["preDeployCommand"] == ["python -m oximetry migrate --wait 300 --check-storage"]
    assert web["healthcheckPath"] == "/healthz"
    assert "healthcheckPath" not in worker
    assert {json.loads(text(name))["build"]["builder"] for name in railway_files()} == {"DOCKERFILE"}


def test_the_container_does_not_run_as_root():
    assert instructions("USER")[-1] not in ("root", "0")
    last_user = text("Dockerfile").rindex("\nUSER ")
    assert last_user < text("Dockerfile").index("\nENTRYPOINT ")
    assert last_user > text("Dockerfile").rindex("\nRUN ")


def test_the_image_holds_no_secret_and_installs_by_hash():
    assert any("--require-hashes -r requirements.txt" in step for step in instructions("RUN"))
    assert not re.search(r"(SECRET|KEY|PASSWORD|DATABASE_URL)\w*=", text("Dockerfile"))


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "data/secret_key",
        "storage/x/csvs/n.csv",
        "samples/n.csv",
        ".git/config",
        ".venv/bin/python",
        "tests/a.py",
    ],
)
def test_private_and_needless_files_stay_out_of_the_image(path):
    assert not in_image(path)


@pytest.mark.parametrize(
    "path",
    [
        "app_instance.py",
        "callbacks_medical.py",
        "patient_links.py",
        "pdf_parser.py",
        "storage_service.py",
        "oximetry/__main__.py",
        "oximetry/web/templates/login.html",
        "migrations/env.py",
        "locales/ro/LC_MESSAGES/messages.po",
        "assets/plotly-cartesian.min.js",
        "Procfile",
        "requirements.txt",
    ],
)
def test_what_runs_goes_into_the_image(path):
    assert in_image(path)


def in_image(path: str) -> bool:
    """Docker's rule: the last pattern that matches the path or a folder above it decides."""
    inside = True
    parts = path.split("/")
    for line in text(".dockerignore").splitlines():
        pattern = line.strip().removeprefix("!")
        if not pattern or pattern.startswith("#"):
            continue
        above = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
        anywhere = pattern.removeprefix("**/")
        if any(fnmatch(one, pattern) or (anywhere != pattern and fnmatch(one, anywhere)) for one in above):
            inside = line.startswith("!")
    return inside


@pytest.fixture
def development(tmp_path):
    """The environment of a fresh laptop, migrated."""
    environment = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(tmp_path / "data"),
        "STORAGE_PATH": str(tmp_path / "storage"),
        "PORT": str(reserve_ports(1)[0]),
        "WEB_CONCURRENCY": "1",
        "BIND_HOST": "127.0.0.1",
        "LANG": "C.UTF-8",
    }
    subprocess.run([sys.executable, "-m", "oximetry", "migrate"], cwd=tmp_path, env=environment, check=True)
    return environment


def test_the_procfile_boots_web_and_worker_and_ends_at_a_signal(development, tmp_path):
    log = tmp_path / "honcho.log"
    command = [str(BIN / "honcho"), "-e", "/dev/null", "-d", str(ROOT), "-f", "Procfile", "start"]
    with log.open("wb") as output:
        started = subprocess.Popen(command, cwd=tmp_path, env=development, stdout=output, stderr=output)
    try:
        base = f"http://127.0.0.1:{development['PORT']}"
        assert wait_for(f"{base}/healthz", started, log) == 200
        assert wait_for(f"{base}/readyz", started, log) == 200
        started.send_signal(signal.SIGTERM)
        started.wait(timeout=20)
    finally:
        started.terminate()
        started.wait(timeout=20)
    written = log.read_text()
    assert "Traceback" not in written, written
    for name in ("web.1", "worker.1"):
        assert re.search(rf"{re.escape(name)} stopped", written), written


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> int:
    """The status once it is 200; the last one when it never is."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    give_up_at = time.monotonic() + 60
    status = 0
    while time.monotonic() < give_up_at:
        assert process.poll() is None, log.read_text()
        try:
            with opener.open(url, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                status = error.code
        except OSError:
            pass
        time.sleep(0.2)
    return status


def test_the_gate_and_its_helpers_can_be_run():
    for name in ("run", "packages", "clean-env"):
        assert os.access(ROOT / ".ci" / name, os.X_OK), name


def test_tests_see_no_inherited_setting():
    given = {
        "PATH": os.environ["PATH"],
        "HOME": "/nowhere",
        "OXIMETRY_DATA": "/data",
        "SECRET_KEY": "x",
        "r2_bucket_name": "y",
    }
    done = subprocess.run([ROOT / ".ci" / "clean-env", "env"], env=given, capture_output=True, text=True, check=True)
    names = {line.partition("=")[0] for line in done.stdout.splitlines()}
    assert {"PATH", "HOME", "OXIMETRY_DATA"} <= names
    assert not names & {"SECRET_KEY", "r2_bucket_name"}
