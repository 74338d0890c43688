"""The object store that is configured, and the functions that scripts use on it.

The functions are for trusted scripts and find the configured store at their first call; the application gets its store
handed in.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Final
from uuid import UUID

from oximetry.adapters.stores.build import PROVIDERS, StoreOptions, build_store
from oximetry.adapters.stores.object_keys import check_key, check_part, content_type_of
from oximetry.adapters.stores.script_client import StorageClient
from oximetry.adapters.stores.staging import StagingArea
from oximetry.domain.errors import StorageRefused, StorageUnavailable
from oximetry.domain.ports import ObjectStore

__all__ = [
    "PROVIDERS",
    "StorageClient",
    "StorageService",
    "StoreOptions",
    "build_store",
    "delete_patient_folder",
    "download_patient_file",
    "get_storage_status",
    "list_patient_files",
    "r2_client",
    "upload_patient_csv",
    "upload_patient_pdf",
    "upload_patient_plot",
]

FILE_TYPES: Final = ("csvs", "originals", "pdfs", "plots")


@cache
def _configured_store() -> ObjectStore:
    from oximetry.composition import configured_store
    from oximetry.settings import Settings

    return configured_store(Settings.load())


def _patient_key(token: str, file_type: str, filename: str) -> str:
    if file_type not in FILE_TYPES:
        raise ValueError(f"a file type is one of {', '.join(FILE_TYPES)}")
    return check_key(f"{check_part(token)}/{file_type}/{check_part(filename)}")


r2_client: Final = StorageClient(lambda: _configured_store())


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
