"""Building a store from options, and the functions for scripts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

import storage_service as scripts
from oximetry.adapters.stores.build import PROVIDERS, StoreOptions, build_store
from oximetry.adapters.stores.local_store import LocalStore
from oximetry.adapters.stores.s3_client import CHECK, INTERACTIVE, WORKER
from oximetry.adapters.stores.s3_store import S3Store
from oximetry.domain.errors import AlreadyExists, ConfigurationError, StorageRefused
from storage_service import r2_client
from tests.ports import reserve_ports

TOKEN = "3f0c8a52-6a43-4c0e-9a4e-0d6f4c1b2a77"
S3 = {"endpoint": "https://h", "access_key_id": "the-id", "secret_access_key": "the-secret", "bucket": "files"}
BAD_TOKENS = ["", ".", "..", "a/b", "../a", "/a", "a\\b", "a\0", "ș"]


@pytest.fixture
def store(local: LocalStore, monkeypatch: pytest.MonkeyPatch) -> LocalStore:
    monkeypatch.setattr(scripts, "_configured_store", lambda: local)
    return local


def use(monkeypatch: pytest.MonkeyPatch, store: object) -> None:
    monkeypatch.setattr(scripts, "_configured_store", lambda: store)


def test_importing_it_brings_neither_a_store_nor_the_settings_along() -> None:
    code = "import sys, storage_service; sys.exit(bool({'boto3', 'oximetry.settings'} & set(sys.modules)))"
    root = Path(scripts.__file__).parent
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_the_configured_store_is_built_once_from_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Settings:
        @classmethod
        def load(cls) -> Settings:
            return cls()

        def store_values(self) -> dict[str, object]:
            return {"provider": "local", "path": tmp_path, "secret": b"s", "base_url": "http://clinic.test"}

    module = type(sys)("oximetry.settings")
    module.Settings = Settings
    monkeypatch.setitem(sys.modules, "oximetry.settings", module)
    scripts._configured_store.cache_clear()
    try:
        assert scripts._configured_store() is scripts._configured_store()
        r2_client.upload_file(b"x", "a/b", "text/csv")
    finally:
        scripts._configured_store.cache_clear()
    assert (tmp_path / "a" / "b").read_bytes() == b"x"


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_every_provider_can_be_built_without_a_network(provider: str, tmp_path: Path) -> None:
    store = build_store(StoreOptions(provider, tmp_path / "new" / "folder", b"secret", "http://clinic.test", **S3))
    assert store.origin == (None if provider == "local" else "https://h")
    assert (tmp_path / "new").exists() == (provider == "local")


def test_a_person_and_the_worker_have_their_own_patience() -> None:
    for name, patience in (("interactive", INTERACTIVE), ("worker", WORKER), ("check", CHECK)):
        store = build_store(StoreOptions("r2", patience=name, **S3))
        assert isinstance(store, S3Store)
        assert store._config.patience == patience


@pytest.mark.parametrize(
    ("options", "reason", "name"),
    [
        ({"provider": "dropbox"}, "storage_provider", "provider"),
        ({"provider": "local", "secret": b"s", "base_url": "b"}, "storage_setting_missing", "path"),
        ({"provider": "local", "path": Path("p"), "base_url": "b"}, "storage_setting_missing", "secret"),
        ({"provider": "local", "path": Path("/dev/null/x"), "secret": b"s", "base_url": "b"}, "storage_path", "path"),
        ({"provider": "r2", **S3, "bucket": ""}, "storage_setting_invalid", "bucket"),
        ({"provider": "r2", **S3, "endpoint": "h"}, "storage_endpoint", "endpoint"),
    ],
)
def test_a_wrong_option_stops_the_start_with_its_name(options: dict[str, object], reason: str, name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        build_store(StoreOptions(**options))
    assert (caught.value.reason, caught.value.details["name"]) == (reason, name)


def test_options_do_not_show_their_secrets() -> None:
    shown = repr(StoreOptions("r2", secret=b"the-signing-secret", **S3))
    assert "the-" not in shown


def test_what_is_uploaded_can_be_listed_and_downloaded(store: LocalStore) -> None:
    urls = [
        scripts.upload_patient_csv(TOKEN, b"a", "night.csv"),
        scripts.upload_patient_pdf(TOKEN, b"b", "night.pdf"),
        scripts.upload_patient_plot(TOKEN, b"c", "night.png"),
    ]
    assert all(url.startswith(f"http://clinic.test/files/{TOKEN}/") for url in urls)
    everything = [f"{TOKEN}/csvs/night.csv", f"{TOKEN}/pdfs/night.pdf", f"{TOKEN}/plots/night.png"]
    assert scripts.list_patient_files(TOKEN) == everything
    assert scripts.list_patient_files(TOKEN, "pdfs") == everything[1:2]
    assert scripts.list_patient_files(str(uuid4())) == []
    assert scripts.download_patient_file(TOKEN, "plots", "night.png") == b"c"
    assert scripts.download_patient_file(TOKEN, "plots", "other.png") is None
    assert scripts.download_patient_file(TOKEN, "originals", "night.png") is None


def test_uploading_again_is_a_success_and_other_bytes_are_not(store: LocalStore) -> None:
    scripts.upload_patient_csv(TOKEN, b"a", "night.csv")
    scripts.upload_patient_csv(TOKEN, b"a", "night.csv")
    with pytest.raises(AlreadyExists):
        scripts.upload_patient_csv(TOKEN, b"b", "night.csv")


@pytest.mark.parametrize("bad", BAD_TOKENS)
def test_a_token_or_a_name_that_is_a_path_is_refused_before_any_call(bad: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, None)
    for call in (
        lambda: scripts.upload_patient_csv(bad, b"", "a.csv"),
        lambda: scripts.upload_patient_pdf(TOKEN, b"", bad),
        lambda: scripts.upload_patient_plot(bad, b"", "a.png"),
        lambda: scripts.download_patient_file(bad, "csvs", "a.csv"),
        lambda: scripts.download_patient_file(TOKEN, "csvs", bad),
        lambda: scripts.list_patient_files(bad),
        lambda: scripts.delete_patient_folder(bad),
    ):
        with pytest.raises(ValueError):
            call()


def test_an_unknown_file_type_is_refused_before_any_call(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, None)
    with pytest.raises(ValueError, match="csvs, originals, pdfs, plots"):
        scripts.download_patient_file(TOKEN, "..", "a.csv")
    with pytest.raises(ValueError, match="csvs, originals, pdfs, plots"):
        scripts.list_patient_files(TOKEN, "csv")


def test_deleting_a_patient_leaves_every_other_one(store: LocalStore) -> None:
    other = str(uuid4())
    for token in (TOKEN, other):
        scripts.upload_patient_csv(token, b"a", "1.csv")
        scripts.upload_patient_pdf(token, b"a", "2.pdf")
    assert scripts.delete_patient_folder(TOKEN) == 2
    assert scripts.list_patient_files(TOKEN) == []
    assert len(scripts.list_patient_files(other)) == 2


@pytest.mark.parametrize("token", ["users", "a", TOKEN.upper() + "0", TOKEN.replace("-", ""), "{" + TOKEN + "}"])
def test_only_one_uuid_can_be_deleted(token: str, store: LocalStore) -> None:
    with pytest.raises(ValueError):
        scripts.delete_patient_folder(token)


def test_the_client_has_its_five_verbs(store: LocalStore) -> None:
    assert r2_client.upload_file(b"x", "a/b.csv", "text/csv").startswith("http://clinic.test/files/a/b.csv?")
    assert r2_client.download_file("a/b.csv") == b"x"
    assert r2_client.list_files() == r2_client.list_files("a/") == ["a/b.csv"]
    url = r2_client.generate_presigned_url("a/b.csv", 60)
    assert url is not None
    assert url.startswith("http://clinic.test/files/a/b.csv?")
    r2_client.delete_file("a/b.csv")
    assert r2_client.download_file("a/b.csv") is None
    assert r2_client.generate_presigned_url("a/b.csv") is None
    with pytest.raises(ValueError):
        r2_client.list_files("../")


def test_none_never_means_that_it_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, LocalStore(tmp_path / "absent", b"s", "http://clinic.test"))
    for call in (
        lambda: scripts.download_patient_file(TOKEN, "csvs", "a.csv"),
        lambda: r2_client.generate_presigned_url("a/b"),
        lambda: scripts.list_patient_files(TOKEN),
    ):
        with pytest.raises(StorageRefused):
            call()


def test_the_status_tells_down_from_refused(store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert scripts.get_storage_status() == {"state": "ok", "reason": None, "origin": None}
    use(monkeypatch, LocalStore(tmp_path / "absent", b"s", "http://clinic.test"))
    assert scripts.get_storage_status() == {"state": "refused", "reason": "storage_no_bucket", "origin": None}
    origin = f"http://127.0.0.1:{reserve_ports(1)[0]}"
    use(monkeypatch, build_store(StoreOptions("r2", **{**S3, "endpoint": origin})))
    assert scripts.get_storage_status() == {"state": "down", "reason": "storage_unavailable", "origin": origin}
