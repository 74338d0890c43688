"""What a storage provider is: its settings, read from the environment under its own prefix, and the store it opens.

A provider is one class in one file of ``oximetry/adapters/stores/providers``; it is found there, and its help, its row
in ``docs/storage-providers.md`` and its contract test follow from it. Nothing heavy is imported here: the settings read
these classes at every start, a client is loaded when a store is opened.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from oximetry.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from oximetry.domain.ports import ObjectStore

_LOOPBACK = re.compile(r"^(localhost|127(\.\d{1,3}){3}|::1)$")


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """What it takes to build a store; the fields that a provider does not need stay empty.

    Attributes
    ----------
    provider : str
        Name of a provider.
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


def _https_or_loopback(url: str) -> str:
    if not url:  # not set; `StoreProvider.require` says so when it is needed
        return url
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must start with https:// and name a host")
    if parts.scheme != "https" and not _LOOPBACK.match(parts.hostname):
        raise ValueError("must be https, except on the loopback")
    return url


Endpoint = Annotated[str, AfterValidator(_https_or_loopback)]


class StoreProvider(BaseSettings):
    """The settings of one provider.

    A field's name in the environment is the class's ``env_prefix`` and the field's name, or its ``validation_alias``;
    its ``description`` stands in the help and in the docs.

    Attributes
    ----------
    name, title : str
        As ``STORAGE_PROVIDER`` names it, and as people do.
    flag : str
        The field that chooses this provider where ``STORAGE_PROVIDER`` does not; empty when there is none.
    required : tuple of str
        The fields without which no store can be opened.
    """

    model_config = SettingsConfigDict(env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True)

    name: ClassVar[str]
    title: ClassVar[str]
    flag: ClassVar[str] = ""
    required: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def read(cls, env_file: str | Path | None, given: dict[str, Any]) -> Self:
        """From the environment and a file; ``given`` values, by the setting's name in small letters, come first.

        Raises ``ConfigurationError`` with the setting's name in ``setting``.
        """
        names = {cls.setting(name).lower(): info.validation_alias or name for name, info in cls.model_fields.items()}
        own = {str(names[setting]): given.pop(setting) for setting in names.keys() & given.keys()}
        try:
            return cls(_env_file=env_file, **own)
        except ValidationError as error:
            first = error.errors()[0]
            raise ConfigurationError(setting=cls.setting(str(first["loc"][0])), problem=str(first["msg"])) from error

    @classmethod
    def setting(cls, name: str) -> str:
        """The name in the environment of a field, or of its alias."""
        info: FieldInfo | None = cls.model_fields.get(name)
        if info is None:
            return name
        return str(info.validation_alias or f"{cls.prefix()}{name}").upper()

    @classmethod
    def prefix(cls) -> str:
        """What the names of its settings begin with."""
        return str(cls.model_config.get("env_prefix", ""))

    @property
    def is_enabled(self) -> bool:
        """Whether its flag chooses it."""
        return bool(self.flag) and bool(getattr(self, self.flag))

    def require(self) -> None:
        """Raise ``ConfigurationError`` with the first setting that is missing."""
        for name in self.required:
            if not self.value(name):
                raise ConfigurationError(setting=self.setting(name), problem="missing")

    def value(self, name: str) -> str:
        """A field as text, a secret too."""
        value = getattr(self, name)
        return str(value.get_secret_value() if isinstance(value, SecretStr) else value)

    def connection(self) -> dict[str, str]:
        """The fields of `StoreOptions` that the settings fill."""
        return {}

    @classmethod
    @abstractmethod
    def open(cls, options: StoreOptions) -> ObjectStore:
        """The store; a local folder is made, a server is not called. Raises ``ConfigurationError``."""


class S3Provider(StoreProvider):
    """A provider that speaks S3.

    Attributes
    ----------
    conditional_put : bool
        Whether the server heeds ``If-None-Match: *``.
    stored_disposition : bool
        Whether an object is stored with its ``Content-Disposition``.
    """

    conditional_put: ClassVar[bool] = False
    stored_disposition: ClassVar[bool] = True
    required: ClassVar[tuple[str, ...]] = ("endpoint", "access_key_id", "secret_access_key", "bucket_name")

    endpoint: Endpoint
    access_key_id: str
    secret_access_key: SecretStr
    bucket_name: str

    @property
    def signing_region(self) -> str:
        """The region that goes into signatures."""
        return "auto"

    def connection(self) -> dict[str, str]:
        """The fields of `StoreOptions` that the settings fill."""
        return {
            "endpoint": self.value("endpoint"),
            "access_key_id": self.access_key_id,
            "secret_access_key": self.value("secret_access_key"),
            "bucket": self.bucket_name,
            "region": self.signing_region,
        }

    @classmethod
    def open(cls, options: StoreOptions) -> ObjectStore:
        """A client of the bucket; the server is not called."""
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
            traits=S3Traits(cls.conditional_put, cls.stored_disposition),
        )
        return S3Store(config)
