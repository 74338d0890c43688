"""The store that the settings describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from oximetry.domain.errors import ConfigurationError
from oximetry.domain.ports import ObjectStore


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
