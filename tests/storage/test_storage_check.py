"""``storage check`` as an operator meets it, on a folder and on a real gateway: what it says, and what it leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from oximetry.__main__ import main
from oximetry.domain.errors import NotFound
from oximetry.services.storage import storage_check
from tests.memory_store import MemoryStore
from tests.ports import reserve_ports
from tests.storage.gateway import Gateway


def check(monkeypatch: pytest.MonkeyPatch, **settings: str) -> Result:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(main, ["storage", "check", "--language", "en"])


def s3_settings(gateway: Gateway, **changes: str) -> dict[str, str]:
    return {
        "STORAGE_PROVIDER": "s3",
        "S3_ENDPOINT": gateway.endpoint,
        "S3_ACCESS_KEY_ID": gateway.access_key,
        "S3_SECRET_ACCESS_KEY": gateway.secret_key,
        "S3_BUCKET_NAME": gateway.bucket(),
        "S3_REGION": "auto",
        **changes,
    }


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("STORAGE_PATH", str(tmp_path / "storage"))


def test_a_folder_passes_all_six_steps_and_stays_empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = check(monkeypatch)
    assert (result.exit_code, result.stdout.count(": ok")) == (0, 6), result.output
    assert [path for path in (tmp_path / "storage").rglob("*") if path.is_file()] == []


@pytest.mark.gateway
def test_a_bucket_passes_all_six_steps_and_stays_empty(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = s3_settings(gateway)
    result = check(monkeypatch, **settings)
    assert (result.exit_code, result.stdout.count(": ok")) == (0, 6), result.output
    assert gateway.client().list_objects_v2(Bucket=settings["S3_BUCKET_NAME"])["KeyCount"] == 0
    place = f"s3 {gateway.endpoint.removeprefix('http://')}/{settings['S3_BUCKET_NAME']} · "
    assert result.stdout.count(place) == 6


def test_keys_of_a_provider_that_is_not_used_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    result = check(monkeypatch, STORAGE_PROVIDER="local", R2_ACCESS_KEY_ID="forgotten", R2_ENDPOINT="https://r2.test")
    assert result.exit_code == 0
    assert "R2_ACCESS_KEY_ID is set, but the store in use is local" in result.stderr
    assert "forgotten" not in result.output


@pytest.mark.gateway
@pytest.mark.parametrize(
    ("changes", "step", "advice"),
    [
        ({"S3_ENDPOINT": "clinic.example"}, "1/6", "Correct the named variable"),
        ({"S3_ENDPOINT": "http://clinic.example"}, "1/6", "Correct the named variable"),
        ({"S3_SECRET_ACCESS_KEY": "wrong" * 8}, "2/6", "Make a new key"),
        ({"S3_BUCKET_NAME": "no-such-bucket"}, "2/6", "Make the bucket"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_do(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], step: str, advice: str
) -> None:
    result = check(monkeypatch, **s3_settings(gateway, **changes))
    assert result.exit_code == 1
    assert result.stderr.startswith(step)
    assert advice in result.stderr
    assert "wrong" * 8 not in result.output


def test_a_server_that_is_not_there_is_told_at_the_second_step(monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = reserve_ports(1)
    values = {"S3_ENDPOINT": f"http://127.0.0.1:{port}", "S3_ACCESS_KEY_ID": "a", "S3_SECRET_ACCESS_KEY": "b"}
    result = check(monkeypatch, STORAGE_PROVIDER="s3", S3_BUCKET_NAME="files", S3_REGION="auto", **values)
    assert (result.exit_code, result.stderr[:3]) == (1, "2/6")
    assert "whether the network reaches it" in result.stderr


@pytest.mark.gateway
def test_a_clock_that_is_off_is_told(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request is signed as twenty minutes ago, as by a server whose clock is wrong."""
    settings = s3_settings(gateway)
    late = lambda **_: datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=20)  # noqa: E731
    monkeypatch.setattr("botocore.auth.get_current_datetime", late)
    result = check(monkeypatch, **settings)
    assert (result.exit_code, result.stderr[:3]) == (1, "2/6"), result.output
    assert "Set the server's clock" in result.stderr


class Forgetful(MemoryStore):
    """A store that loses what it was given, or keeps what it should delete."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    def get(self, key: str) -> bytes:
        content = super().get(key)
        return content[::-1] if self.fault == "read" else content

    def list(self, prefix: str = "", after: str | None = None):  # type: ignore[no-untyped-def]
        return iter(()) if self.fault == "list" else super().list(prefix, after)

    def delete(self, key: str) -> None:
        if self.fault != "delete":
            super().delete(key)


@pytest.mark.parametrize(
    ("fault", "step", "reason"),
    [
        ("list", "list", "storage_not_listed"),
        ("read", "read", "storage_integrity"),
        ("delete", "url", "storage_not_deleted"),
    ],
)
def test_a_store_that_answers_wrongly_is_found_out(fault: str, step: str, reason: str) -> None:
    store = Forgetful(fault)
    *_, last = storage_check.check_storage(lambda: store, lambda _store, _url: next(iter(store.objects.values())))
    assert last.error is not None
    assert (last.step.value, last.error.reason) == (step, reason)


def test_what_was_written_is_deleted_when_a_later_step_fails() -> None:
    store = MemoryStore()

    def refuse(_store: object, _url: str) -> bytes:
        raise NotFound

    *_, last = storage_check.check_storage(lambda: store, refuse)
    assert (last.step.value, store.objects) == ("url", {})
