"""``status`` and ``jobs`` as an operator meets them."""

import json
import zipfile

import pytest
from click.testing import CliRunner

from oximetry.__main__ import main
from oximetry.adapters.catalogue.catalogue import utc_now
from oximetry.composition import create_services
from oximetry.domain.account_records import Origin
from oximetry.settings import Settings


@pytest.fixture
def site(sqlite_url, tmp_path, monkeypatch):
    """A platform of its own; its services, closed at the end."""
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("STORAGE_PATH", str(tmp_path / "storage"))
    services = create_services(Settings.load())
    yield services
    services.close()


def run(*words):
    return CliRunner().invoke(main, list(words))


def submit(site, name, subject):
    with site.catalogue.write() as transaction:
        transaction.jobs.submit(name, subject, "", utc_now())


def test_status_says_in_words_and_as_json_how_everything_is(site, tmp_path):
    result = run("status", "--language", "en")
    assert result.exit_code == 1  # no worker
    assert "Worker: none was heard of for a minute" in result.stdout
    assert f"Store: ok (local: {(tmp_path / 'storage').resolve()})" in result.stdout
    site.pulse.beat("host-7", threads=2)
    submit(site, "read_item", "a")
    result = run("status", "--language", "ro")
    assert result.exit_code == 0, result.output
    assert "Lucrător: worker:host-7" in result.stdout
    assert "Lucrări: waiting 1" in result.stdout
    told = json.loads(run("status", "--json").stdout)
    assert (told["database"], told["queue"], told["jobs"], told["workers"]) == ("ok", "ok", {"waiting": 1}, 1)
    assert told["details"]["workers"][0]["name"] == "worker:host-7"


def test_a_failed_job_is_listed_and_tried_again(site):
    submit(site, "read_item", "not-there")
    assert site.runner.run_one()
    [line] = [json.loads(line) for line in run("jobs", "list", "--state", "failed", "--json").stdout.splitlines()]
    assert (line["name"], line["subject"], line["state"], line["reason"]) == (
        "read_item", "not-there", "failed", "not_found",
    )  # fmt: skip
    assert run("jobs", "retry", line["id"]).exit_code == 0
    assert run("jobs", "list").stdout.split()[1:4] == ["waiting", "read_item", "not-there"]
    refused = run("jobs", "retry", line["id"], "--language", "en")
    assert (refused.exit_code, refused.stderr.startswith(line["id"])) == (1, True)


def test_a_waiting_job_is_cancelled(site):
    submit(site, "read_item", "a")
    job_id = run("jobs", "list").stdout.split()[0]
    assert run("jobs", "cancel", job_id).exit_code == 0
    assert not site.runner.run_one()
    assert "cancelled" in run("jobs", "list").stdout
    assert run("jobs", "cancel", job_id).exit_code == 1


def test_an_unknown_state_is_wrong_usage(site):
    assert run("jobs", "list", "--state", "lost").exit_code == 2


def test_a_patient_is_exported_and_erased_from_the_shell(site, tmp_path):
    doctor = site.accounts.create("ana@clinic.test", "parola-de-test-lunga")
    patient = site.links.create(doctor.id).patient
    site.store.put(f"{patient.id}/csvs/a.csv", b"night", content_type="text/csv")
    out = tmp_path / "patient.zip"
    assert run("patient", "export", patient.id, "--out", str(out)).exit_code == 0
    with zipfile.ZipFile(out) as packed:
        assert packed.read(f"files/{patient.id}/csvs/a.csv") == b"night"
    kept = CliRunner().invoke(main, ["patient", "erase", patient.id, "--language", "en"], input="something else\n")
    assert (kept.exit_code, "Nothing was erased" in kept.stderr) == (1, True)
    erased = CliRunner().invoke(main, ["patient", "erase", patient.id, "--language", "en"], input=f"{patient.id}\n")
    assert erased.exit_code == 0, erased.output
    assert "Erased: from the store too" in erased.stdout
    assert list(site.store.list("")) == []
    assert run("patient", "erase", patient.id, "--yes").exit_code == 1


def test_an_account_is_disabled_and_enabled_from_the_shell(site):
    site.accounts.create("ana@clinic.test", "parola-de-test-lunga")
    token = site.accounts.sign_in("ana@clinic.test", "parola-de-test-lunga", Origin("198.51.100.1")).token
    assert run("doctor", "disable", "ana@clinic.test").exit_code == 0
    assert site.accounts.doctor_of(token) is None
    assert run("doctor", "enable", "ana@clinic.test").exit_code == 0
    assert site.accounts.sign_in("ana@clinic.test", "parola-de-test-lunga", Origin("198.51.100.1"))
    assert run("doctor", "disable", "nobody@clinic.test").exit_code == 2


def test_the_audit_trail_is_verified_and_exported(site, tmp_path):
    doctor = site.accounts.create("ana@localhost", "un-secret-de-test-lung")
    patient = site.links.create(doctor.id).patient
    head = run("audit", "verify", "--language", "en")
    assert head.exit_code == 0
    assert "The chain is whole." in head.stdout
    seen = head.stdout.partition("Last link: ")[2].split()[0]
    site.links.revoke(doctor.id, patient.id)
    assert run("audit", "verify", "--head", seen).exit_code == 0
    assert run("audit", "verify", "--head", "0" * 63 + "1").exit_code == 1

    out = tmp_path / "trail.jsonl"
    assert run("audit", "export", "--out", str(out)).exit_code == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["act"] for line in lines] == ["account_created", "patient_created", "link_revoked"]
    assert lines[1]["names"][lines[1]["subject"]] == patient.id
    assert lines[2]["previous_sha256"] == lines[1]["sha256"] == seen

    with site.catalogue._engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.exec_driver_sql("DROP TRIGGER audit_events_update")
        connection.exec_driver_sql("UPDATE audit_events SET act = 'patient_viewed' WHERE number = 2")
    broken = run("audit", "verify", "--language", "en")
    assert broken.exit_code == 1
    assert "broken at act 2" in broken.stderr
