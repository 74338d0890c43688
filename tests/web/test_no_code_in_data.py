"""Data is never run: nothing is unpickled or evaluated; a pickle planted in every column and object does nothing."""

from __future__ import annotations

import ast
import base64
import os
import pickle
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import JSON, LargeBinary, String, Text, update

from benchmarks.house import ROOT, module, source_names
from oximetry.adapters.catalogue import review_tables, sync_tables
from oximetry.adapters.catalogue.job_tables import jobs
from oximetry.adapters.catalogue.tables import metadata
from oximetry.domain.errors import OximetryError
from tests.web.conftest import BASE_URL, World

assert review_tables
assert sync_tables

RUNS_DATA = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle", "pandas"}
CALLS = {"eval", "exec", "compile", "__import__"}
NAMES = ("id", "_id", "key", "state", "role", "kind", "name", "subject", "sha256", "by", "number", "language", "owner")


class Canary:
    """Unpickled, it writes a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.file}",)


@pytest.mark.parametrize("name", source_names())
def test_no_file_of_ours_can_run_data(name: str) -> None:
    assert not {dotted.partition(".")[0] for dotted, _ in module(name).imports()} & RUNS_DATA
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & CALLS


def test_the_canary_sings_when_it_is_unpickled(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Canary(tmp_path / "sang")))
    assert (tmp_path / "sang").exists()


def test_a_pickle_in_every_column_and_object_does_nothing(world: World, tmp_path: Path) -> None:
    patient_id, secret = world.stored_night()
    client, patient = world.signed_in(), world.opened(secret)
    payload = pickle.dumps(Canary(tmp_path / "sang"))
    pages = [
        "/medic/", "/medic/patients", f"/medic/patients/{patient_id}", f"/medic/patients/{patient_id}/history",
        "/medic/settings", "/medic/intake",
    ]  # fmt: skip
    planted = 0
    with world.services.catalogue.write() as transaction:
        connection = transaction.audit._connection
        for table in metadata.sorted_tables:
            if table.name == "audit_events":
                continue
            for column in table.columns:
                if column.name.endswith(NAMES) or column.unique or column.primary_key or column.foreign_keys:
                    continue
                with suppress(Exception), connection.begin_nested():
                    planted += connection.execute(
                        update(table).values({column.name: _as(column.type, payload)})
                    ).rowcount
        for path in Path(str(world.services.settings.storage_path)).rglob("*"):
            if path.is_file():
                path.write_bytes(payload)
    assert planted > 30
    for page in pages:
        client.get(page, base_url=BASE_URL).close()
    patient.get("/patient/", base_url=BASE_URL)
    with world.services.catalogue.write() as transaction:
        transaction.audit._connection.execute(update(jobs).values(state="waiting", not_before=jobs.c.created_at))
    for _ in range(20):
        with suppress(OximetryError):
            world.services.runner.run_one()
    assert not (tmp_path / "sang").exists()


def _as(kind: object, payload: bytes) -> object:
    text = base64.b64encode(payload).decode()
    if isinstance(kind, LargeBinary):
        return payload
    if isinstance(kind, JSON):
        return {"py/reduce": text, "numbers": text}
    if isinstance(kind, String | Text):
        return text
    raise TypeError
