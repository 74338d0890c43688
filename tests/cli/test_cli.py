"""The command line as a person or a script meets it: what it prints where, and its exit code."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from oximetry.__main__ import main
from oximetry.domain.account_records import Origin
from oximetry.samples.samples import samples

ROOT = Path(__file__).parents[2]
EMAIL = "medic@example.org"
LINK = re.compile(r"^([0-9a-f-]{36}) (http://127\.0\.0\.1:8050/patient/#[A-Za-z0-9_-]{43})$", re.MULTILINE)


@pytest.fixture(scope="module")
def nights():
    """Name → content of the made-up nights."""
    return {sample.name: sample.content for sample in samples()}


@pytest.fixture
def folder(tmp_path, nights):
    """A folder with two nights of one device, a PDF report of the first, and a file that is no recording."""
    for name in ("Checkme O2 9002_20251007230437.csv", "Checkme O2 9003_20251104202217.csv"):
        (tmp_path / name).write_bytes(nights[name])
    Image.new("L", (60, 80), 255).save(tmp_path / "Checkme O2 9002_20251007230437.pdf")
    (tmp_path / "holiday.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    return tmp_path


@pytest.fixture
def run(monkeypatch, tmp_path):
    """``run("analyse", …)`` in this process, with a platform of its own in ``tmp_path``."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "platform" / "data"))
    monkeypatch.setenv("STORAGE_PATH", str(tmp_path / "platform" / "storage"))
    return lambda *words, **options: CliRunner().invoke(main, [str(word) for word in words], **options)


@pytest.fixture
def platform(run):
    """The same, migrated and with one doctor."""
    assert run("migrate").exit_code == 0
    assert run("doctor", "create", EMAIL).exit_code == 0
    return run


def stored(tmp_path):
    root = tmp_path / "platform" / "storage"
    found = (path.relative_to(root).parts for path in root.rglob("*") if path.is_file())
    return sorted(parts[1] for parts in found if re.fullmatch(r"[0-9a-f-]{36}", parts[0]))


def staged(tmp_path):
    return [path for path in (tmp_path / "platform" / "storage").rglob("users/**/*") if path.is_file()]


def test_analyse_prints_one_json_object_per_file(run, folder):
    files = sorted(folder.glob("Checkme*.csv"))
    result = run("analyse", "--json", *files)
    assert (result.exit_code, result.stderr) == (0, "")
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert [report["file"] for report in reports] == [file.name for file in files]
    assert [report["device_serial"] for report in reports] == ["9002", "9003"]


def test_analyse_names_refused_files_and_does_the_others(run, folder):
    good = folder / "Checkme O2 9002_20251007230437.csv"
    result = run("analyse", "--json", folder / "holiday.csv", good, folder / "absent.csv", folder)
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 1
    lines = result.stderr.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        str(folder / "holiday.csv"),
        str(folder / "absent.csv"),
        str(folder),
    ]
    assert all(len(line.partition(": ")[2]) > 10 for line in lines)


def test_analyse_speaks_the_language_of_the_shell_or_the_one_asked_for(run, folder):
    night = folder / "Checkme O2 9002_20251007230437.csv"
    romanian = run("analyse", night).stdout
    assert romanian == run("analyse", night, env={"LANG": "C.UTF-8"}).stdout
    english = run("analyse", night, "--language", "en").stdout
    assert english == run("analyse", night, env={"LANG": "en_GB.UTF-8"}).stdout
    assert romanian != english
    assert "2,4" in romanian
    assert "2.4" in english


@pytest.mark.parametrize("words", [("analyse",), ("analyse", "--language", "fr", "x"), ("unheard-of",), ("samples",)])
def test_wrong_usage_is_2(run, words):
    assert run(*words).exit_code == 2


def test_samples_are_written_with_their_answers(run, tmp_path, nights):
    target = tmp_path / "a" / "samples"
    assert run("samples", target).exit_code == 0
    expected = json.loads((target / "expected.json").read_text(encoding="utf-8"))
    assert {path.name for path in target.glob("*.csv")} == set(nights)
    assert set(expected) == set(nights) | {f"refused/{path.name}" for path in (target / "refused").iterdir()}
    result = run("analyse", "--json", *sorted(target.glob("*.csv")))
    assert result.exit_code == 0
    for report in map(json.loads, result.stdout.splitlines()):
        assert report["desaturations3"] == expected[report["file"]]["desaturations3"]
    assert run("analyse", *(target / "refused").iterdir()).exit_code == 1


def test_samples_into_a_file_is_wrong_usage(run, tmp_path):
    (tmp_path / "taken").write_text("")
    assert run("samples", tmp_path / "taken").exit_code == 2
    assert run("samples", tmp_path / "taken" / "below").exit_code == 2


def test_without_a_migration_the_setting_is_named(run):
    result = run("doctor", "create", EMAIL)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "DATABASE_URL" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "none"), ("R2_ENABLED", "true"), ("STORAGE_PROVIDRE", "r2"), ("DATA_DIR", "/dev/null/data")],
)
@pytest.mark.parametrize("command", [("migrate",), ("worker",), ("doctor", "create", EMAIL)])
def test_a_wrong_setting_is_one_line_with_its_name(run, command, name, value):
    result = run(*command, env={name: value})
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert name in result.stderr or (name == "R2_ENABLED" and "R2_ENDPOINT" in result.stderr)


def test_a_database_that_is_away_is_one_line(run):
    result = run("migrate", env={"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"})
    assert (result.exit_code, result.stdout) == (2, "")
    assert "DATABASE_URL" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_migrating_twice_changes_nothing(run):
    assert [run("migrate").exit_code for _ in range(2)] == [0, 0]


def test_a_made_up_password_is_shown_once_and_works(run):
    run("migrate")
    result = run("doctor", "create", EMAIL, "--language", "en")
    assert result.exit_code == 0
    password = result.stdout.split()[-1]
    assert len(password) == 24
    assert signs_in(run, password)
    again = run("doctor", "create", EMAIL)
    assert (again.exit_code, again.stdout) == (1, "")
    absent = run("doctor", "create", EMAIL, "--if-absent")
    assert absent.exit_code == 0
    assert password not in absent.stdout
    assert signs_in(run, password)


def test_a_new_password_replaces_the_old_one(platform):
    password = platform("doctor", "password", EMAIL.upper()).stdout.split()[-1]
    assert signs_in(platform, password)
    newer = platform("doctor", "password", EMAIL, "--generate").stdout.split()[-1]
    assert signs_in(platform, newer)
    assert not signs_in(platform, password)
    assert platform("doctor", "password", "nobody@example.org").exit_code == 2


def test_at_a_terminal_the_password_is_asked_for_twice(run, monkeypatch):
    run("migrate")
    monkeypatch.setattr("oximetry.cli.doctor._at_a_terminal", lambda: True)
    different = run("doctor", "create", EMAIL, input="long enough one\nlong enough two\n")
    assert different.exit_code == 1
    short = run("doctor", "create", EMAIL, input="short\nshort\n")
    assert short.exit_code == 1
    fine = run("doctor", "create", EMAIL, input="correct horse battery\ncorrect horse battery\n")
    assert fine.exit_code == 0
    assert "correct horse" not in fine.stdout
    assert signs_in(run, "correct horse battery")


def test_an_administrator_is_made_on_request(run):
    from oximetry.domain.records import Role

    run("migrate")
    run("doctor", "create", EMAIL, "--admin")
    assert with_services(lambda services: services.accounts.find(EMAIL).role) is Role.ADMINISTRATOR


def test_a_malformed_email_is_refused(run):
    run("migrate")
    assert run("doctor", "create", "no-email").exit_code == 1


def test_the_development_doctor_is_not_made_in_production(run, tmp_path):
    run("migrate")
    production = {
        "APP_ENV": "production",
        "SECRET_KEY": "Zx7-qpW2_mNb4-RtY9_vLk3-HgF6_dSa",
        "PUBLIC_URL": "https://nights.example.org",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'platform' / 'data' / 'catalogue.sqlite'}",
        "STORAGE_PROVIDER": "local",
    }
    result = run("doctor", "create", "medic@localhost", "--generate", "--development-only", env=production)
    assert (result.exit_code, result.stdout) == (0, "")
    assert with_services(lambda services: services.accounts.find("medic@localhost")) is None


def test_ingest_stores_nights_and_prints_the_link(platform, folder, tmp_path):
    result = platform("ingest", "--doctor", EMAIL, "--new-patient", "--yes", *sorted(folder.glob("Checkme*")))
    assert (result.exit_code, result.stderr) == (0, "")
    ((patient, link),) = LINK.findall(result.stdout)
    assert stored(tmp_path) == ["csvs", "csvs", "pdfs"]
    opened = with_services(lambda services: services.links.open(link.rpartition("#")[2]))
    assert opened.patient_id == patient
    more = platform("ingest", "--doctor", EMAIL, "--patient", patient, folder / "Checkme O2 9002_20251007230437.csv")
    assert more.exit_code == 0
    assert LINK.findall(more.stdout) == [(patient, link)]
    assert stored(tmp_path) == ["csvs", "csvs", "pdfs"]


def test_ingest_asks_before_nights_of_two_devices_become_one_patients(platform, folder, tmp_path):
    result = platform("ingest", "--doctor", EMAIL, "--new-patient", *sorted(folder.glob("Checkme*.csv")))
    assert result.exit_code == 1
    assert "Nopți de pe aparate diferite ar merge la același pacient" in result.stderr
    assert stored(tmp_path) == []


def test_ingest_does_what_it_can_and_names_the_rest(platform, folder, tmp_path):
    files = [folder / "holiday.csv", folder / "absent.csv", folder / "Checkme O2 9003_20251104202217.csv"]
    result = platform("ingest", "--doctor", EMAIL, "--new-patient", *files)
    assert result.exit_code == 1
    assert len(LINK.findall(result.stdout)) == 1
    assert sorted(line.partition(": ")[0].rpartition("/")[2] for line in result.stderr.splitlines()) == [
        "absent.csv",
        "holiday.csv",
    ]
    assert stored(tmp_path) == ["csvs"]


def test_ingest_opens_archives(platform, folder, nights, tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("Checkme O2 9002_20251007230437.csv", "Checkme O2 9003_20251104202217.csv"):
            archive.writestr(f"march/{name}", nights[name])
        archive.writestr("march/notes.txt", "nothing to read here")
    (folder / "march.zip").write_bytes(packed.getvalue())
    result = platform("ingest", "--doctor", EMAIL, "--new-patient", "--yes", folder / "march.zip")
    assert result.exit_code == 1
    assert [line.partition(": ")[0] for line in result.stderr.splitlines()] == ["notes.txt"]
    assert stored(tmp_path) == ["csvs", "csvs"]


def test_nothing_readable_makes_no_patient(platform, folder, tmp_path):
    result = platform("ingest", "--doctor", EMAIL, "--new-patient", folder / "holiday.csv")
    assert (result.exit_code, result.stdout) == (1, "")
    assert with_services(patients) == []


def test_nights_that_stand_elsewhere_need_a_yes(platform, folder, tmp_path):
    night = folder / "Checkme O2 9002_20251007230437.csv"
    assert platform("ingest", "--doctor", EMAIL, "--new-patient", night).exit_code == 0
    doubtful = platform("ingest", "--doctor", EMAIL, "--new-patient", night)
    assert (doubtful.exit_code, doubtful.stdout) == (1, "")
    assert night.name in doubtful.stderr
    assert "--yes" in doubtful.stderr
    assert stored(tmp_path) == ["csvs"]
    assert len(with_services(patients)) == 1
    sure = platform("ingest", "--doctor", EMAIL, "--new-patient", "--yes", night)
    assert sure.exit_code == 0
    assert stored(tmp_path) == ["csvs", "csvs"]


def test_overlapping_nights_of_two_devices_need_a_yes(platform, folder, nights):
    night = "Checkme O2 9002_20251007230437.csv"
    (folder / "Checkme O2 9009_20251007230437.csv").write_bytes(nights[night].rstrip().rpartition(b"\n")[0])
    files = [folder / night, folder / "Checkme O2 9009_20251007230437.csv"]
    doubtful = platform("ingest", "--doctor", EMAIL, "--new-patient", *files)
    assert (doubtful.exit_code, doubtful.stdout) == (1, "")
    assert "9009" in doubtful.stderr
    assert platform("ingest", "--doctor", EMAIL, "--new-patient", "--yes", *files).exit_code == 0


def test_a_batch_from_the_shell_leaves_the_page_as_it_was(platform, folder):
    def page(services):
        return services.uploads.open_session(services.accounts.find(EMAIL)).id

    before = with_services(page)
    assert platform("ingest", "--doctor", EMAIL, "--new-patient", folder / "holiday.csv").exit_code == 1
    files = sorted(folder.glob("Checkme*.csv"))
    assert platform("ingest", "--doctor", EMAIL, "--new-patient", "--yes", *files).exit_code == 0
    assert with_services(page) == before


@pytest.mark.parametrize(
    "words",
    [
        ("--doctor", "nobody@example.org", "--new-patient"),
        ("--doctor", EMAIL, "--patient", "00000000-0000-4000-8000-000000000000"),
        ("--doctor", EMAIL, "--patient", "not an id"),
        ("--doctor", EMAIL),
        ("--doctor", EMAIL, "--new-patient", "--patient", "00000000-0000-4000-8000-000000000000"),
        ("--new-patient",),
    ],
)
def test_a_wrong_doctor_or_patient_is_2_and_changes_nothing(platform, folder, tmp_path, words):
    result = platform("ingest", *words, folder / "Checkme O2 9002_20251007230437.csv")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr
    assert stored(tmp_path) == staged(tmp_path) == []


def test_another_doctors_patient_is_unknown(platform, folder):
    night = folder / "Checkme O2 9002_20251007230437.csv"
    ((patient, _),) = LINK.findall(platform("ingest", "--doctor", EMAIL, "--new-patient", night).stdout)
    platform("doctor", "create", "other@example.org")
    result = platform("ingest", "--doctor", "other@example.org", "--patient", patient, night)
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_worker_may_do_part_of_the_batch_and_ends_at_a_signal(platform, folder, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": "/nowhere", "HOME": str(tmp_path)}
    log = tmp_path / "worker.log"
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", "oximetry", "worker", "--threads", "1"],
            cwd=tmp_path,
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        give_up_at = time.monotonic() + 60
        while with_services(lambda services: services.readiness.look().queue) != "ok":
            assert time.monotonic() < give_up_at, log.read_text()
            assert worker.poll() is None, log.read_text()
        result = platform("ingest", "--doctor", EMAIL, "--new-patient", "--yes", *sorted(folder.glob("Checkme*")))
        assert (result.exit_code, result.stderr) == (0, "")
        assert stored(tmp_path)[:3] == ["csvs", "csvs", "pdfs"]
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=30) == 0, log.read_text()
    finally:
        worker.kill()
        worker.wait()
    written = log.read_text()
    assert "Traceback" not in written
    assert EMAIL not in written
    assert "9002_" not in written


def with_services(act):
    from oximetry.composition import create_services
    from oximetry.settings import Settings

    services = create_services(Settings.load())
    try:
        return act(services)
    finally:
        services.close()


def patients(services):
    return services.links.cards(services.accounts.find(EMAIL).id)


def signs_in(run, password):
    from oximetry.domain.errors import SignInRefused

    try:
        return bool(with_services(lambda services: services.accounts.sign_in(EMAIL, password, Origin("127.0.0.1"))))
    except SignInRefused:
        return False


def test_reanalyse_plans_and_applies(platform, folder):
    run = platform
    ingested = run("ingest", "--doctor", EMAIL, "--new-patient", str(folder / "Checkme O2 9003_20251104202217.csv"))
    assert ingested.exit_code == 0
    assert run("reanalyse").exit_code == 2
    planned = run("reanalyse", "--plan", "--language", "en")
    assert (planned.exit_code, planned.stdout.startswith("0 of 1 nights would change. The plan: ")) == (0, True)
    digest = planned.stdout.split()[-1]
    assert run("reanalyse", "--apply", digest).exit_code == 0
    refused = run("reanalyse", "--apply", "another")
    assert (refused.exit_code, digest in refused.stderr) == (1, True)


EXPECTED = ROOT / "tests/services/nights/expected"
ANALYSED = (
    EXPECTED / "below_range.csv",
    *(ROOT / "tests/data/formats" / name for name in ("viatom_v3.bin", "apple_health.xml", "edf.edf")),
)


def test_the_json_of_a_night_is_byte_for_byte_what_it_was(run):
    """Among the four: below-range runs with a band, a device's own numbers, spot values without an ODI."""
    printed = run("analyse", "--json", *ANALYSED)
    assert printed.exit_code == 0
    assert printed.stdout == (EXPECTED / "analyse.jsonl").read_text(encoding="utf-8")
