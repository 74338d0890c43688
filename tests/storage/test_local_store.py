"""What is special about a folder: nothing half-written, nothing outside, nothing through a link."""

from __future__ import annotations

import errno
import os
import signal
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from oximetry.adapters.stores.local_store import UNFINISHED, LocalStore
from oximetry.domain.errors import AlreadyExists, NotFound, StorageRefused, StorageUnavailable

KEY = "p1/csvs/night.csv"


def put(store: LocalStore, key: str = KEY, content: bytes = b"SpO2"):
    return store.put(key, content, content_type="text/csv")


def keys(store: LocalStore) -> list[str]:
    return [each.key for each in store.list()]


def in_child(work: Callable[[], None]) -> int:
    """Run in a forked process; returns its wait status."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def fail_with(number: int) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("moment", ["fsync", "rename"])
def test_a_process_killed_before_the_rename_leaves_nothing_to_see(
    local: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    put(local, "p1/csvs/other.csv")
    with monkeypatch.context() as patch:
        patch.setattr(os, moment, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
        assert os.WTERMSIG(in_child(lambda: put(local))) == signal.SIGKILL
    assert [path.name for path in (tmp_path / "p1/csvs").iterdir() if path.name.startswith(UNFINISHED)]
    assert keys(local) == ["p1/csvs/other.csv"]
    with pytest.raises(NotFound):
        local.get(KEY)
    assert put(local).size == 4


def test_the_bytes_are_on_the_disk_before_the_name_and_the_name_before_the_answer(
    local: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(local, "p1/csvs/other.csv")
    seen: list[str] = []
    fsync, rename = os.fsync, os.rename

    def watched_fsync(handle: int) -> None:
        seen.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def watched_rename(*names: str, **folders: int) -> None:
        seen.append("rename")
        rename(*names, **folders)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "rename", watched_rename)
    put(local)
    assert seen == ["file", "rename", "folder"]


@pytest.mark.parametrize(
    ("number", "error", "reason"),
    [
        (errno.ENOSPC, StorageUnavailable, "storage_full"),
        (errno.EIO, StorageUnavailable, "storage_unavailable"),
        (errno.EROFS, StorageRefused, "storage_no_permission"),
    ],
)
def test_a_failing_disk_is_named_and_leaves_nothing(
    local: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type, reason: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", fail_with(number))
        with pytest.raises(error) as caught:
            put(local)
    assert caught.value.reason == reason
    assert caught.value.__cause__.errno == number
    assert list((tmp_path / "p1/csvs").iterdir()) == []


def test_a_reading_error_is_not_an_absent_object(local: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put(local)
    monkeypatch.setattr(os, "open", fail_with(errno.EIO))
    for call in (lambda: local.get(KEY), lambda: local.stat(KEY), lambda: list(local.list())):
        with pytest.raises(StorageUnavailable):
            call()


def test_a_folder_that_vanished_is_not_an_empty_store(local: LocalStore, tmp_path: Path) -> None:
    put(local)
    tmp_path.rename(tmp_path.with_name("elsewhere"))
    with pytest.raises(StorageRefused, match="storage_no_bucket"):
        list(local.list())
    with pytest.raises(StorageRefused, match="storage_no_bucket"):
        put(local)
    assert not tmp_path.exists()


def test_links_inside_the_folder_lead_nowhere(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (root / "folder").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret.txt")
    (root / "new").symlink_to(outside / "new")
    store = LocalStore(root, b"secret", "http://clinic.test")
    for key in ("folder/secret.txt", "file"):
        with pytest.raises(NotFound):
            store.get(key)
        with pytest.raises(StorageRefused, match="storage_key_conflict"):
            put(store, key)
        store.delete(key)
    with pytest.raises(StorageRefused, match="storage_key_conflict"):
        put(store, "new")
    assert keys(store) == []
    assert [path.name for path in outside.iterdir()] == ["secret.txt"]


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    put(LocalStore(tmp_path / "link", b"secret", "http://clinic.test"))
    assert (tmp_path / "disk" / KEY).read_bytes() == b"SpO2"


def test_what_is_not_a_plain_file_is_neither_listed_nor_read(local: LocalStore, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "noapte-ș.csv").write_text("no key has this name")
    assert keys(local) == []
    for key in ("pipe", "folder"):
        with pytest.raises(NotFound):
            local.get(key)
        local.delete(key)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "noapte-ș.csv", "pipe"]


def test_a_file_where_a_folder_is_needed_is_a_refusal(local: LocalStore) -> None:
    put(local, "a/b")
    for key in ("a", "a/b/c", "x" * 300):
        with pytest.raises(StorageRefused, match="storage_key_conflict"):
            put(local, key)
        with pytest.raises(NotFound):
            local.get(key)
    assert keys(local) == ["a/b"]


def test_files_are_for_this_account_alone(local: LocalStore, tmp_path: Path) -> None:
    put(local)
    assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "p1").stat().st_mode) == 0o700


def test_sixteen_writers_of_the_same_bytes_all_succeed(local: LocalStore, tmp_path: Path) -> None:
    content = os.urandom(200_000)
    with ThreadPoolExecutor(16) as pool:
        stored = list(pool.map(lambda _: put(local, KEY, content).etag, range(64)))
    assert len(set(stored)) == 1
    assert local.get(KEY) == content
    assert [path.name for path in (tmp_path / "p1/csvs").iterdir()] == ["night.csv"]


def test_of_sixteen_writers_of_different_bytes_exactly_one_wins(local: LocalStore) -> None:
    def attempt(number: int) -> bytes | None:
        try:
            put(local, KEY, b"%d" % number)
        except AlreadyExists:
            return None
        return b"%d" % number

    with ThreadPoolExecutor(16) as pool:
        told = [content for content in pool.map(attempt, range(16)) if content is not None]
    assert told == [local.get(KEY)]


class TestSignedUrls:
    """Signing and opening with a clock of our own."""

    now = 1_000_000.0

    @pytest.fixture
    def store(self, tmp_path: Path) -> LocalStore:
        store = LocalStore(tmp_path, b"secret", "http://clinic.test/", lambda: self.now)
        put(store)
        return store

    def parts(self, store: LocalStore, **changes: object) -> tuple[str, dict[str, str]]:
        asked = {"expires_s": 300, "filename": "noapte ș.csv", "content_type": "text/csv", **changes}
        url = urlsplit(store.url(KEY, **asked))
        assert (url.scheme, url.netloc) == ("http", "clinic.test")
        return unquote(url.path).removeprefix("/files/"), dict(parse_qsl(url.query))

    def test_a_url_opens_until_the_second_it_expires(self, store: LocalStore) -> None:
        key, args = self.parts(store)
        self.now += 299.9
        assert store.open_signed(key, args).content == b"SpO2"
        self.now += 0.1
        with pytest.raises(StorageRefused, match="signature_expired"):
            store.open_signed(key, args)

    def test_anything_altered_is_invalid_also_when_it_is_expired(self, store: LocalStore) -> None:
        key, args = self.parts(store)
        self.now += 1000
        altered = [{**args, name: value + "1"} for name, value in args.items()]
        altered += [{other: args[other] for other in args if other != name} for name in args]
        altered += [{**args, "signature": bad} for bad in ("", "ș", "\ud800", args["signature"].upper())]
        for changed in altered:
            with pytest.raises(StorageRefused, match="signature_invalid"):
                store.open_signed(key, changed)
        for path in (KEY + "x", "../" + KEY, "", "/", "\ud800"):
            with pytest.raises(StorageRefused, match="signature_invalid"):
                store.open_signed(path, args)

    def test_fields_cannot_be_shifted_into_each_other(self, store: LocalStore) -> None:
        key, args = self.parts(store)
        joined = {**args, "type": args["type"] + args["disposition"], "disposition": ""}
        with pytest.raises(StorageRefused, match="signature_invalid"):
            store.open_signed(key, joined)

    def test_an_object_that_is_gone_is_not_found(self, store: LocalStore) -> None:
        key, args = self.parts(store)
        store.delete(KEY)
        with pytest.raises(NotFound):
            store.open_signed(key, args)

    def test_the_secret_is_not_in_the_url(self, store: LocalStore) -> None:
        assert "secret" not in store.url(KEY, expires_s=1, filename="a", content_type="text/csv")
