"""A doctor's batch sent over HTTP as the browser sends it, again until it is taken, and a count of what was lost."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests

from oximetry import composition
from oximetry.adapters.catalogue.catalogue import utc_now
from oximetry.domain.errors import CatalogueUnavailable
from oximetry.domain.records import Doctor, ItemState
from oximetry.services.storage.storage_check import FOLDER
from oximetry.settings import Settings
from tests.e2e.live import EMAIL, PASSWORD, Site, wait_until
from tests.storage.gateway import Gateway

IN_PARALLEL = 3  # as the browser
AGAIN_S = 0.5


@dataclass
class Lost:
    """What must be nothing: files told as stored that are not, objects that nobody knows, nights that stand twice."""

    files: int = 0
    altered: int = 0
    unknown_objects: int = 0
    twice: int = 0
    in_outbox: int = 0
    staged: int = 0


@dataclass
class Batch:
    """A signed-in doctor's batch, and the services of the same site in this process, to look with."""

    site: Site
    services: composition.Services
    doctor: Doctor
    session_id: str
    http: requests.Session

    def send(self, nights: Sequence[Path], within_s: float = 120) -> list[int]:
        """Send every file until it is taken; returns all answers that said no (0: none came)."""
        end = time.monotonic() + within_s
        with ThreadPoolExecutor(IN_PARALLEL) as pool:
            return [status for said in pool.map(lambda night: self._send(night, end), nights) for status in said]

    def _send(self, night: Path, end: float) -> list[int]:
        refused: list[int] = []
        while (status := self.post(night)[0]) not in (200, 201):
            refused.append(status)
            if time.monotonic() > end:
                raise TimeoutError(f"not taken: {refused}")
            time.sleep(AGAIN_S)
        return refused

    def post(self, night: Path) -> tuple[int, dict[str, Any]]:
        """One try; status 0 when no answer came."""
        url = f"{self.site.url}/medic/uploads/{self.session_id}/files"
        headers = {"X-CSRFToken": self.http.cookies["_csrf_token"], "Referer": self.site.url}
        try:
            with night.open("rb") as content:
                answer = self.http.post(url, files={"file": (night.name, content)}, headers=headers, timeout=60)
                return answer.status_code, answer.json()
        except (requests.RequestException, ValueError):
            return 0, {}

    def confirm(self, expected: int, within_s: float = 120) -> str:
        """Wait until so many files are read, give them to a new patient, wait until they are stored."""
        self.wait_for(ItemState.READ, expected, within_s)
        patient_id = _while_away(lambda: self.services.assignment.all_to_one(self.doctor, self.session_id))[0]
        self.wait_for(ItemState.STORED, expected, within_s)
        return str(patient_id)

    def wait_for(self, state: ItemState, count: int, within_s: float = 120) -> None:
        """Until that many files are in a state."""
        wait_until(lambda: self.count(state) >= count, within_s, every_s=0.3)

    def count(self, state: ItemState) -> int:
        """How many files are in a state."""
        rows = _while_away(lambda: self.services.batches.show(self.doctor, self.session_id).rows)
        return sum(row.item.state is state for row in rows)

    def progress(self) -> int:
        """Files taken, files read and files stored, added up."""
        rows = _while_away(lambda: self.services.batches.show(self.doctor, self.session_id).rows)
        done = {ItemState.READ: 2, ItemState.CONFIRMED: 2, ItemState.STORED: 3}
        return sum(done.get(row.item.state, 1) for row in rows)

    def lost(self, patient_id: str, nights: Sequence[Path], gateway: Gateway, bucket: str) -> Lost:
        """Count, once everything that waits has been done."""
        services = self.services
        wait_until(lambda: services.readiness.storage().pending == 0, 120, every_s=0.5)
        wait_until(lambda: not _open_jobs(services), 120, every_s=0.5)
        services.housekeeping.empty_lost_staging(utc_now() + timedelta(minutes=1))
        objects = dict(_objects(gateway, bucket))
        with services.catalogue.read() as transaction:
            stored = transaction.nights.of_doctor(self.doctor.id)
            files = transaction.files.of("recording", [night.id for night in stored])
            waiting = transaction.outbox.totals().count
        sent = {hashlib.sha256(night.read_bytes()).hexdigest() for night in nights}
        known = {file.key: file.sha256 for file in files}
        of_patients = {key for key in objects if not key.startswith(("users/", ".oximetry/"))}
        return Lost(
            files=len(sent - {file.sha256 for file in files if objects.get(file.key) == file.sha256}),
            altered=sum(objects.get(key) != digest for key, digest in known.items()),
            unknown_objects=len(of_patients - known.keys()),
            twice=len(stored) - len(sent) + len([key for key in of_patients if "/csvs/" in key]) - len(sent),
            in_outbox=waiting,
            staged=sum(key.startswith("users/") for key in objects),
        )


@contextmanager
def batch_at(site: Site) -> Iterator[Batch]:
    """The doctor signs in."""
    names = Settings.names()
    values = {name.lower(): value for name, value in site.environment.items() if name in names}
    services = composition.create_services(Settings.load(_env_file=None, **values))
    doctor = services.accounts.find(EMAIL)
    assert doctor is not None
    with requests.Session() as http:
        http.trust_env = False
        http.get(f"{site.url}/login", timeout=30)
        form = {"email": EMAIL, "password": PASSWORD, "csrf_token": http.cookies["_csrf_token"]}
        http.post(f"{site.url}/login", data=form, headers={"Referer": site.url}, timeout=30).raise_for_status()
        http.get(f"{site.url}/medic/", timeout=30)
        yield Batch(site, services, doctor, services.uploads.open_session(doctor).id, http)
    services.close()


def s3_settings(endpoint: str, gateway: Gateway, bucket: str) -> dict[str, str]:
    """Of a site whose store is the gateway, or something in front of it."""
    return {
        "STORAGE_PROVIDER": "s3",
        "S3_ENDPOINT": endpoint,
        "S3_ACCESS_KEY_ID": gateway.access_key,
        "S3_SECRET_ACCESS_KEY": gateway.secret_key,
        "S3_BUCKET_NAME": bucket,
    }


def _objects(gateway: Gateway, bucket: str) -> Iterator[tuple[str, str]]:
    client = gateway.client()
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page.get("Contents", []):
            if found["Key"].startswith(FOLDER):
                continue  # the worker's own looks at the store come and go
            content = client.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
            yield found["Key"], hashlib.sha256(content).hexdigest()


def _open_jobs(services: composition.Services) -> int:
    with services.catalogue.read() as transaction:
        counts = transaction.jobs.counts()
    return counts.get("waiting", 0) + counts.get("running", 0)


def _while_away(act: Any) -> Any:
    """Ask again while the database is away."""
    end = time.monotonic() + 60
    while True:
        try:
            return act()
        except CatalogueUnavailable:
            if time.monotonic() > end:
                raise
            time.sleep(AGAIN_S)
