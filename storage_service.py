"""The object store that is configured, and the functions that scripts use on it.

The application gets its store handed in (`build_store`); the functions below it are for trusted scripts and find the
configured store at their first call.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Final
from uuid import UUID

from oximetry.adapters.stores.build import StoreOptions, build_store
from oximetry.adapters.stores.object_keys import check_key, check_part, content_type_of
from oximetry.adapters.stores.staging import StagingArea
from oximetry.domain.errors import NotFound, StorageRefused, StorageUnavailable
from oximetry.domain.ports import ObjectStore

FILE_TYPES: Final = ("csvs", "originals", "pdfs", "plots")
URL_SECONDS: Final = 3600


@cache
def _configured_store() -> ObjectStore:
    from oximetry.settings import Settings

    return build_store(StoreOptions(**Settings.load().store_values()))


def _patient_key(token: str, file_type: str, filename: str) -> str:
    if file_type not in FILE_TYPES:
        raise ValueError(f"a file type is one of {', '.join(FILE_TYPES)}")
    return check_key(f"{check_part(token)}/{file_type}/{check_part(filename)}")


class StorageClient:
    """The configured store under the verbs that scripts know; see `r2_client`.

    Every method raises ``StorageUnavailable`` for an outage, ``StorageRefused`` for a refusal and ``ValueError`` for a
    key that no store can hold.
    """

    def upload_file(self, content: bytes, key: str, content_type: str) -> str:
        """Store and verify; returns a URL good for an hour. ``AlreadyExists`` when other bytes are under the key."""
        store, name = _configured_store(), check_key(key).rpartition("/")[2]
        store.put(key, content, content_type=content_type, filename=name)
        return store.url(key, expires_s=URL_SECONDS, filename=name, content_type=content_type)

    def download_file(self, key: str) -> bytes | None:
        """The whole content; ``None`` when there is no such object, and only then."""
        try:
            return _configured_store().get(key)
        except NotFound:
            return None

    def delete_file(self, key: str) -> None:
        """Remove for good; removing an absent object is a success."""
        _configured_store().delete(key)

    def list_files(self, prefix: str = "") -> list[str]:
        """All keys that start with ``prefix``, in order."""
        return [found.key for found in _configured_store().list(prefix)]

    def generate_presigned_url(self, key: str, expiration: int = URL_SECONDS) -> str | None:
        """A URL good for ``expiration`` (1-3600) seconds; ``None`` when the object does not exist."""
        store, name = _configured_store(), check_key(key).rpartition("/")[2]
        try:
            store.stat(key)
        except NotFound:
            return None
        return store.url(key, expires_s=expiration, filename=name, content_type=content_type_of(name))


r2_client: Final = StorageClient()


def upload_patient_csv(token: str, csv_content: bytes, filename: str) -> str:
    """Store ``{token}/csvs/{filename}``; returns a URL good for an hour. Errors as in `StorageClient`."""
    return r2_client.upload_file(csv_content, _patient_key(token, "csvs", filename), content_type_of(".csv"))


def upload_patient_pdf(token: str, pdf_content: bytes, filename: str) -> str:
    """Store ``{token}/pdfs/{filename}``; returns a URL good for an hour. Errors as in `StorageClient`."""
    return r2_client.upload_file(pdf_content, _patient_key(token, "pdfs", filename), content_type_of(".pdf"))


def upload_patient_plot(token: str, plot_content: bytes, filename: str) -> str:
    """Store ``{token}/plots/{filename}``; returns a URL good for an hour. Errors as in `StorageClient`."""
    return r2_client.upload_file(plot_content, _patient_key(token, "plots", filename), content_type_of(filename))


def download_patient_file(token: str, file_type: str, filename: str) -> bytes | None:
    """The content of ``{token}/{file_type}/{filename}``; ``None`` when there is no such file, and only then."""
    return r2_client.download_file(_patient_key(token, file_type, filename))


def list_patient_files(token: str, file_type: str = "") -> list[str]:
    """The keys of one patient's files, of all types or of one."""
    if file_type and file_type not in FILE_TYPES:
        raise ValueError(f"a file type is one of {', '.join(FILE_TYPES)}")
    return r2_client.list_files(f"{check_part(token)}/{file_type}/" if file_type else f"{check_part(token)}/")


def delete_patient_folder(token: str) -> int:
    """Remove everything under ``<uuid>/`` for good; returns how many objects. ``ValueError`` unless it is one UUID."""
    if str(UUID(token)) != token:
        raise ValueError("not the canonical form of a UUID")
    keys = r2_client.list_files(f"{token}/")
    for key in keys:
        r2_client.delete_file(key)
    return len(keys)


def get_storage_status() -> dict[str, str | None]:
    """Whether the configured store answers, found out by asking for its first object.

    Returns
    -------
    dict
        ``state`` is ``ok``, ``down`` (try later) or ``refused`` (a setting is wrong); ``reason`` the error's, ``None``
        when ok; ``origin`` the server, ``None`` for the local folder.
    """
    store = _configured_store()
    state, reason = "ok", None
    try:
        next(iter(store.list()), None)
    except (StorageUnavailable, StorageRefused) as error:
        state, reason = "down" if isinstance(error, StorageUnavailable) else "refused", error.reason
    return {"state": state, "reason": reason, "origin": store.origin}


class StorageService(StagingArea):
    """One doctor's working space in the configured store, or in one that is handed in; see `StagingArea`."""

    def __init__(self, user_email: str, store: ObjectStore | None = None, known_sessions: Collection[str] = ()) -> None:
        super().__init__(user_email, store or _configured_store(), known_sessions)
