"""Lists and pages beside a country's catalogue: made by SQL, then asked for through the application itself.

``python -m benchmarks.scale [PATIENTS NIGHTS]`` (default 20,000 and 200,000); one doctor has 2,000 patients and 20,000
nights of them.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from flask.testing import FlaskClient

import app_instance
from benchmarks.report import Row, machine, print_row, print_rows
from oximetry import composition
from oximetry.domain.listing import night_search, patient_search
from oximetry.settings import Settings

OWN_PATIENTS, OWN_NIGHTS = 2_000, 20_000
REPEATS = 40
EMAIL, PASSWORD = "ana@localhost", "un-secret-de-test-lung"
FIRST_NIGHT = datetime(2024, 1, 1, 22, 30)
SPARK = json.dumps([round(94 - (n % 7), 1) for n in range(120)])


def main(words: list[str]) -> None:
    """Make the catalogue and print every list's time."""
    patients, nights = (int(words[0]), int(words[1])) if words else (20_000, 200_000)
    print_rows([], header=machine())
    with tempfile.TemporaryDirectory() as folder:
        for row in measured(Path(folder), patients, nights):
            print_row(row)


def measured(folder: Path, patients: int, nights: int) -> Iterator[Row]:
    """Each list at p50 and p95, in milliseconds."""
    base = "http://127.0.0.1:8050"
    settings = Settings.load(_env_file=None, data_dir=folder / "data", storage_path=folder / "storage")
    services = composition.create_services(settings)
    services.catalogue.migrate()
    doctor = services.accounts.create(EMAIL, PASSWORD)
    other = services.accounts.create("ion@localhost", PASSWORD)
    started = time.perf_counter()
    fill(services, doctor.id, other.id, patients, nights)
    yield Row(
        f"catalogue of {patients:,} patients and {nights:,} nights made", "–", f"{time.perf_counter() - started:.0f} s"
    )
    client = app_instance.create_app(settings, services).test_client()
    sign_in(client, base)
    places = {
        "work list": "/medic/",
        "work list, last page": f"/medic/?page={OWN_NIGHTS // 50}",
        "work list by ODI": "/medic/?sort=odi",
        "search of nights": "/medic/?state=all&q=fisa+1042",
        "search that finds nothing": "/medic/?state=all&q=zzz",
        "patients": "/medic/patients",
        "search of patients": "/medic/patients?q=1999",
        "choices of a field": "/medic/patients/choices?q=12",
    }
    for name, place in places.items():
        took = sorted(asked(client, base + place) for _ in range(REPEATS))
        p50, p95 = took[len(took) // 2], took[int(len(took) * 0.95)]
        yield Row(name, "≤ 100 ms p95", f"p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms")


def asked(client: FlaskClient, url: str) -> float:
    """Seconds for one answer."""
    began = time.perf_counter()
    answer = client.get(url)
    answer.get_data()
    if answer.status_code != 200:
        raise RuntimeError(f"{url} answered {answer.status_code}")
    return time.perf_counter() - began


def sign_in(client: FlaskClient, base: str) -> None:
    """The doctor's session."""
    client.get("/login", base_url=base)
    cookie = client.get_cookie("_csrf_token", domain="127.0.0.1")
    form = {"email": EMAIL, "password": PASSWORD, "csrf_token": cookie.value if cookie else ""}
    client.post("/login", data=form, base_url=base)


def fill(services: composition.Services, own: str, other: str, patients: int, nights: int) -> None:
    """Patients and nights straight into the tables that the lists read."""
    with services.catalogue._engine.begin() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        people = [_patient(number, own if number < OWN_PATIENTS else other) for number in range(patients)]
        raw.executemany(
            "INSERT INTO patients (id, doctor_id, number, label, extra_rules, created_at, search, last_night_at)"
            " VALUES (?,?,?,?,'[]','2024-01-01 00:00:00.000000',?,?)",
            people,
        )
        per_night = max(1, (nights - OWN_NIGHTS) // max(1, patients - OWN_PATIENTS))
        lines = _nights(own, range(OWN_PATIENTS), OWN_NIGHTS // OWN_PATIENTS)
        raw.executemany(_RECORDING, (one[0] for one in lines))
        raw.executemany(_LINE, (one[1] for one in _nights(own, range(OWN_PATIENTS), OWN_NIGHTS // OWN_PATIENTS)))
        raw.executemany(_RECORDING, (one[0] for one in _nights(other, range(OWN_PATIENTS, patients), per_night)))
        raw.executemany(_LINE, (one[1] for one in _nights(other, range(OWN_PATIENTS, patients), per_night)))


def _patient(number: int, doctor_id: str) -> tuple[object, ...]:
    label = f"Fișa {number}"
    last = (FIRST_NIGHT + timedelta(days=number % 700)).isoformat(" ") + ".000000"
    return str(UUID(int=number)), doctor_id, number + 1, label, patient_search(number + 1, label), last


_RECORDING = (
    "INSERT INTO recordings (id, patient_id, state, original_sha256, format, device_serial, started_at, ended_at,"
    " sampling_interval_s, created_at, sparkline) VALUES (?,?,'stored',?,'viatom_csv',?,?,?,4.0,?,?)"
)
_LINE = (
    "INSERT INTO night_lines (night_id, doctor_id, patient_id, shown, reviewed, concern, started_at, ended_at,"
    " device_serial, valid_s, odi3_per_h, odi4_per_h, odi3_mean120_per_h, odi4_mean120_per_h, below90_pct,"
    " spo2_min_pct, spo2_mean_pct, is_below_range, warnings, search, writing)"
    " VALUES (?,?,?,1,?,'',?,?,?,27000,?,?,?,?,?,?,94,0,'[]',?,'')"
)


def _nights(doctor_id: str, patients: range, each: int) -> Iterator[tuple[tuple[object, ...], tuple[object, ...]]]:
    for number in patients:
        label = f"Fișa {number}"
        found_by = patient_search(number + 1, label)
        for which in range(each):
            count = number * each + which
            start = FIRST_NIGHT + timedelta(days=count % 700, seconds=count)
            begin, end = (f"{moment:%Y-%m-%d %H:%M:%S}.000000" for moment in (start, start + timedelta(hours=8)))
            night_id, serial = (
                str(UUID(int=(1 << 64) + count + (1 << 40) * (number >= OWN_PATIENTS))),
                f"{4000 + number % 90}",
            )
            odi = float(count % 400) / 10
            yield (
                (night_id, str(UUID(int=number)), f"{count:064d}", serial, begin, end, begin, SPARK),
                (night_id, doctor_id, str(UUID(int=number)), count % 10 != 0, begin, end, serial, odi + 6, odi + 3,
                 odi + 1, odi, odi / 3, 80.0 + count % 15, night_search(found_by, (serial,), start)),
            )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
