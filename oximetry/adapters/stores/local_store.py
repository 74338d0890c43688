"""The object store in a folder: for a laptop, and for a clinic that keeps its files at home.

Paths are walked from the root by folder handles that never follow a symbolic link, so nothing inside the folder can
lead outside it, whatever is put there meanwhile.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

from oximetry.adapters.stores.object_keys import (
    check_content_type,
    check_key,
    check_part,
    check_prefix,
    md5_hex,
    stored_disposition,
)
from oximetry.adapters.stores.signed_urls import SignedFile, UrlSigner
from oximetry.domain.errors import (
    AlreadyExists,
    NotFound,
    ObjectMissing,
    OximetryError,
    StorageRefused,
    StorageUnavailable,
)
from oximetry.domain.ports import StoredObject

# A key never holds a backslash, so an unfinished file can neither be asked for nor be listed.
UNFINISHED: Final = ".unfinished\\"

_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ABSENT: Final = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO}
_FORBIDDEN: Final = {errno.EACCES, errno.EPERM, errno.EROFS}
_UNUSABLE_NAME: Final = {errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG}


class LocalStore:
    """Objects as files below one folder, with signed URLs on our own host.

    Parameters
    ----------
    root : Path
        An existing folder; while it is missing every call is refused: a disk that is not mounted is not an empty one.
    secret : bytes
        Signs the URLs.
    base_url : str
        Scheme, host and optional prefix in front of ``/files/``.
    clock : callable, optional
        Unix time in seconds, for the expiry of URLs.
    """

    def __init__(self, root: Path, secret: bytes, base_url: str, clock: Callable[[], float] = time.time) -> None:
        self._root = root
        self._signer = UrlSigner(secret, base_url, clock)

    @property
    def origin(self) -> str | None:
        """``None``: the signed URLs are on our own host."""
        return None

    def put(self, key: str, content: bytes, *, content_type: str, filename: str | None = None) -> StoredObject:
        """Write an object so that it is there wholly or not at all, even through a power cut; see `ObjectStore`.

        Raises
        ------
        AlreadyExists
            Other bytes are under this key.
        """
        *folders, name = check_key(key).split("/")
        check_content_type(content_type)
        if filename is not None:
            stored_disposition(filename)
        with _translated("put", key), self._folder(folders, create=True) as folder:
            with suppress(FileNotFoundError):
                stored_object = _same(_read(folder, name, key)[1], content, AlreadyExists(key=key))
                os.fsync(folder)  # whoever wrote it may have been stopped before this
                return stored_object
            is_new = _write(folder, name, content)
            damaged = StorageRefused("storage_integrity", operation="put")
            return _same(_read(folder, name, key)[1], content, damaged if is_new else AlreadyExists(key=key))

    def get(self, key: str) -> bytes:
        """The whole content; raises ``NotFound``."""
        return self._fetch(key, "get")[0]

    def stat(self, key: str) -> StoredObject:
        """Size, MD5 and time of one object; raises ``NotFound``."""
        return self._fetch(key, "stat")[1]

    def delete(self, key: str) -> None:
        """Remove an object; removing an absent one is a success."""
        *folders, name = check_key(key).split("/")
        with suppress(NotFound), _translated("delete", key, reads=True), self._folder(folders) as folder:
            if _is_file(folder, name):
                os.unlink(name, dir_fd=folder)
                os.fsync(folder)

    def purge(self, prefix: str) -> None:
        """Remove everything below a prefix; a folder keeps no earlier versions."""
        if not prefix:
            raise ValueError("a prefix is needed")
        for key in tuple(self._keys("", check_prefix(prefix), "")):
            self.delete(key)

    def list(self, prefix: str = "", after: str | None = None) -> Iterator[StoredObject]:
        """Objects in key order, one folder's names in memory at a time; each file is read for its MD5."""
        return self._objects(check_prefix(prefix), after)

    def _objects(self, prefix: str, after: str | None) -> Iterator[StoredObject]:
        with _translated("list"), self._folder([]):
            pass
        for key in self._keys("", prefix, after or ""):
            with suppress(NotFound):
                yield self._fetch(key, "list")[1]

    def url(self, key: str, *, expires_s: int, filename: str, content_type: str, inline: bool = False) -> str:
        """A URL of our own; see `UrlSigner`."""
        return self._signer.url(key, expires_s=expires_s, filename=filename, content_type=content_type, inline=inline)

    def open_signed(self, path_key: str, args: Mapping[str, str]) -> SignedFile:
        """The object behind a URL made by `url`; see `UrlSigner.open`."""
        return self._signer.open(self.get, path_key, args)

    def _fetch(self, key: str, operation: str) -> tuple[bytes, StoredObject]:
        *folders, name = check_key(key).split("/")
        with _translated(operation, key, reads=True), self._folder(folders) as folder:
            return _read(folder, name, key)

    @contextmanager
    def _folder(self, names: Sequence[str], *, create: bool = False) -> Iterator[int]:
        """A handle on a folder below the root."""
        with ExitStack() as handles:
            try:
                handle = _opened(handles, self._root, None)
            except (FileNotFoundError, NotADirectoryError) as error:
                raise StorageRefused("storage_no_bucket") from error
            for name in names:
                if create:
                    _make_folder(name, handle)
                handle = _opened(handles, name, handle)
            yield handle

    def _names(self, folders: Sequence[str]) -> Sequence[str]:
        with suppress(NotFound), _translated("list", reads=True), self._folder(folders) as folder:
            return _sorted_names(folder)
        return ()

    def _keys(self, parent: str, prefix: str, after: str) -> Iterator[str]:
        """Keys below the folder ``parent`` (empty, or ending with a slash), in the byte order of whole keys."""
        for name in self._names(parent.split("/")[:-1]):
            path = parent + name
            if not path.endswith("/"):
                if path.startswith(prefix) and path > after:
                    yield path
            elif (path.startswith(prefix) or prefix.startswith(path)) and (path > after or after.startswith(path)):
                yield from self._keys(path, prefix, after)


def _sorted_names(folder: int) -> Sequence[str]:
    with os.scandir(folder) as entries:
        return sorted(filter(None, map(_listed_name, entries)))


def _opened(handles: ExitStack, name: str | Path, parent: int | None) -> int:
    # The root may itself be a link that the operator made; nothing below it may.
    flags = _FOLDER_FLAGS if parent is not None else _FOLDER_FLAGS & ~os.O_NOFOLLOW
    handle = os.open(name, flags, dir_fd=parent)
    handles.callback(os.close, handle)
    return handle


def _make_folder(name: str, parent: int) -> None:
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=parent)
        os.fsync(parent)


def _write(folder: int, name: str, content: bytes) -> bool:
    """Write a new file; ``False`` when another writer was first."""
    unfinished = UNFINISHED + uuid4().hex
    try:
        with os.fdopen(os.open(unfinished, _WRITE_FLAGS, 0o600, dir_fd=folder), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A rename replaces: the lock, which ends with the folder's handle, lets only the first writer do it.
        flock(folder, LOCK_EX)
        is_new = not _is_file(folder, name)
        if is_new:
            os.rename(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)
        return is_new
    finally:
        with suppress(FileNotFoundError):
            os.unlink(unfinished, dir_fd=folder)


def _is_file(folder: int, name: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _read(folder: int, name: str, key: str) -> tuple[bytes, StoredObject]:
    with closing(_regular_file(folder, name)) as file:
        content = file.read()
        modified_at = os.fstat(file.fileno()).st_mtime
    return content, StoredObject(key, len(content), md5_hex(content), modified_at)


def _regular_file(folder: int, name: str) -> BinaryIO:
    handle = os.open(name, _READ_FLAGS, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FileNotFoundError(errno.ENOENT, "not a regular file")
    return os.fdopen(handle, "rb")


def _same(stored_object: StoredObject, content: bytes, otherwise: OximetryError) -> StoredObject:
    if stored_object.etag != md5_hex(content):
        raise otherwise
    return stored_object


def _listed_name(entry: os.DirEntry[str]) -> str | None:
    """A folder's name gets its slash before sorting: ``a-b`` comes before ``a/b``."""
    try:
        check_part(entry.name)
    except ValueError:
        return None
    if entry.is_dir(follow_symlinks=False):
        return entry.name + "/"
    return entry.name if entry.is_file(follow_symlinks=False) else None


@contextmanager
def _translated(operation: str, key: str | None = None, *, reads: bool = False) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if reads and error.errno in _ABSENT:
            raise ObjectMissing(key=key) from error
        if error.errno in _FORBIDDEN:
            raise StorageRefused("storage_no_permission", operation=operation) from error
        if error.errno in _UNUSABLE_NAME:
            raise StorageRefused("storage_key_conflict", operation=operation, key=key) from error
        reason = "storage_full" if error.errno in {errno.ENOSPC, errno.EDQUOT} else "storage_unavailable"
        problem = errno.errorcode.get(error.errno or 0, "unknown")
        raise StorageUnavailable(reason, operation=operation, problem=problem) from error
