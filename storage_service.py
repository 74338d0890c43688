"""The object store that is configured, and the functions that scripts use on it.

The application gets its store handed in (`build_store`); the functions below it are for trusted scripts and find the
configured store at their first call.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Final
from uuid import UUID

from oximetry.adapters.stores.object_keys import check_key, check_part, content_type_of
from oximetry.adapters.stores.staging import StagingArea
from oximetry.domain.errors import ConfigurationError, NotFound, StorageRefused, StorageUnavailable
from oximetry.domain.ports import ObjectStore

FILE_TYPES: Final = ("csvs", "originals", "pdfs", "plots")
URL_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """What it takes to build a store; the fields that a provider does not need stay empty.

    Attributes
    ----------
    provider : str
        A name in `PROVIDERS`.
    path, secret, base_url : Path, bytes, str
        The local provider's folder, the key of its signed URLs and the address of our own host.
    endpoint, access_key_id, secret_access_key, bucket, region : str
        Of an S3 server.
    patience : str
        Who waits: ``interactive`` (a person), ``worker`` (longest) or ``check`` (a diagnosis: one short try).
    """

    provider: str
    path: Path | None = None
    secret: bytes = field(default=b"", repr=False)
    base_url: str = ""
    endpoint: str = ""
    access_key_id: str = field(default="", repr=False)
    secret_access_key: str = field(default="", repr=False)
    bucket: str = ""
    region: str = "auto"
    patience: str = "interactive"


def _local(options: StoreOptions) -> ObjectStore:
    from oximetry.adapters.stores.local_store import LocalStore

    for name in ("path", "secret", "base_url"):
        if not getattr(options, name):
            raise ConfigurationError("storage_setting_missing", name=name)
    root = Path(options.path or "")
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError("storage_path", name="path") from error
    return LocalStore(root, options.secret, options.base_url)


def _s3(options: StoreOptions, *, conditional_put: bool = False, stored_disposition: bool = True) -> ObjectStore:
    # boto3 takes a quarter of a second to import, which a laptop with a folder need not spend.
    from oximetry.adapters.stores.s3_client import PATIENCES, S3Config, S3Traits
    from oximetry.adapters.stores.s3_store import S3Store

    config = S3Config(
        endpoint=options.endpoint,
        access_key_id=options.access_key_id,
        secret_access_key=options.secret_access_key,
        bucket=options.bucket,
        region=options.region,
        patience=PATIENCES[options.patience],
        traits=S3Traits(conditional_put, stored_disposition),
    )
    return S3Store(config)


PROVIDERS: Final[Mapping[str, Callable[[StoreOptions], ObjectStore]]] = {
    "local": _local,
    "r2": partial(_s3, conditional_put=True),
    "b2": _s3,
    # Google lets the stored Content-Disposition win over the one of a signed URL, and ignores If-None-Match.
    "gcs": partial(_s3, stored_disposition=False),
    "s3": _s3,
}


def build_store(options: StoreOptions) -> ObjectStore:
    """The store that the options describe; a local folder is made, a server is not called.

    Raises
    ------
    ConfigurationError
        ``storage_provider``, ``storage_setting_missing``, ``storage_setting_invalid``, ``storage_endpoint`` or
        ``storage_path``, with the option's ``name``.
    """
    if options.provider not in PROVIDERS:
        raise ConfigurationError("storage_provider", name="provider", known=", ".join(PROVIDERS))
    return PROVIDERS[options.provider](options)


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
