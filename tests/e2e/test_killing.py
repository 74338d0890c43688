"""Processes die at the worst moments: nothing is forgotten, nothing is stored twice, nobody sees a 500."""

from __future__ import annotations

import hashlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from oximetry import composition
from oximetry.domain.records import Doctor, ItemState, UploadItem
from oximetry.services.incoming import IncomingFile
from oximetry.services.storage.storage_check import FOLDER
from oximetry.settings import Settings
from tests.e2e.killer import killed_on_the_way
from tests.e2e.live import EMAIL, Site, running, wait_until
from tests.factories import night_csv, night_name

SHORT, LONG = (6, 3), (18, 10)  # nights and kills
REFUSED = 2
FEW_STARTS, MANY_STARTS = 3, 25
WEB_WORKERS = 2
PARALLEL = 16
FIRST_PATHS = ("/login", "/patient/", "/patient/_dash-layout", "/patient/_dash-dependencies", "/medic/_dash-layout")


@pytest.mark.timeout(400)
def test_a_worker_killed_at_random_points_forgets_nothing_and_stores_nothing_twice(
    tmp_path: Path, long_run: bool
) -> None:
    nights, kills = LONG if long_run else SHORT
    with running(tmp_path / "site") as site:
        services = composition.create_services(Settings.load(_env_file=None, **lower(site)))
        doctor = services.accounts.find(EMAIL)
        assert doctor is not None
        session_id = services.uploads.separate_session(doctor).id
        for number in range(nights):
            start = datetime(2025, 1, 1, 22, 0, 0) + timedelta(days=number)
            content = night_csv(start, rows=4000)
            services.uploads.accept(doctor, session_id, IncomingFile(night_name("9001", start), content))
        for number in range(REFUSED):
            services.uploads.accept(doctor, session_id, IncomingFile("a.csv", f"no night {number}".encode()))
        with killed_on_the_way(site, ("worker0",), lambda: progress(services, doctor, session_id), 3 * nights, kills):
            wait_until(lambda: not waiting(services, doctor, session_id, ItemState.RECEIVED), within_s=120)
            (patient_id,) = services.assignment.all_to_one(doctor, session_id)
            wait_until(lambda: not waiting(services, doctor, session_id, ItemState.CONFIRMED), within_s=120)
        wait_until(lambda: staged(site) == REFUSED, within_s=60, every_s=0.2)  # kept aside
        rows = services.batches.show(doctor, session_id).rows
        assert Counter(row.item.state for row in rows) == {ItemState.STORED: nights, ItemState.REFUSED: REFUSED}
        assert_each_night_is_stored_once(services, doctor, patient_id, nights)
        services.close()


def progress(services: composition.Services, doctor: Doctor, session_id: str) -> int:
    done = {ItemState.RECEIVED: 1, ItemState.READ: 2, ItemState.CONFIRMED: 2}
    return sum(done.get(row.item.state, 3) for row in services.batches.show(doctor, session_id).rows)


def lower(site: Site) -> dict[str, object]:
    names = Settings.names()
    return {name.lower(): value for name, value in site.environment.items() if name in names}


def waiting(services: composition.Services, doctor: Doctor, session_id: str, state: ItemState) -> list[UploadItem]:
    rows = services.batches.show(doctor, session_id).rows
    return [row.item for row in rows if row.item.state is state]


def staged(site: Site) -> int:
    looks = site.folder / "storage" / FOLDER  # the worker's own, which come and go
    files = (path for path in (site.folder / "storage" / "users").rglob("*") if looks not in path.parents)
    return sum(path.is_file() for path in files)


def assert_each_night_is_stored_once(
    services: composition.Services, doctor: Doctor, patient_id: str, nights: int
) -> None:
    cards = services.nights.shown(doctor.id, patient_id, "ro")
    assert len({card.night.started_at for card in cards}) == len(cards) == nights
    stored = [found.key for found in services.store.list(f"{patient_id}/csvs/")]
    assert len(stored) == nights
    expected = {card.csv.key: card.csv.sha256 for card in cards if card.csv}
    assert {key: hashlib.sha256(services.store.get(key)).hexdigest() for key in stored} == expected


@pytest.mark.timeout(500)
def test_fresh_web_workers_answer_their_first_parallel_requests(tmp_path: Path, long_run: bool) -> None:
    starts = MANY_STARTS if long_run else FEW_STARTS
    with running(tmp_path / "site", workers=0, web_workers=WEB_WORKERS) as site, ThreadPoolExecutor(PARALLEL) as pool:
        seen: Counter[int] = Counter()
        for _ in range(starts):
            site.stop()
            site.start("web")
            asked = [pool.submit(first_answer, site, FIRST_PATHS[n % len(FIRST_PATHS)]) for n in range(PARALLEL)]
            seen.update(one.result(60) for one in asked)
    assert set(seen) == {200, 401}
    assert seen.total() == PARALLEL * starts


def first_answer(site: Site, path: str) -> int:
    """The status of the first answer that a starting server gives: until then nobody listens."""
    answers: list[int] = []
    wait_until(lambda: answers.append(site.answers(path)) or answers[-1], within_s=60, every_s=0.01)
    return answers[-1]
