"""The one reader of the environment: every setting, validated once, every error named."""

from __future__ import annotations

import hmac
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from oximetry.adapters.stores.provider import StoreProvider
from oximetry.adapters.stores.providers import PROVIDERS
from oximetry.domain.errors import ConfigurationError

ENV_FILE = ".env"
LOCAL = "local"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LEAST_SIGNS = 10
"""So many different signs a SECRET_KEY has in production; a random one of 32 hex digits misses it once in a million."""

_REMOVED = {"QUEUE_URL"}
_OWN_PREFIXES = ("BACKUP_", "UPLOAD_", "STORAGE_", "SIGNED_URL_", *(kind.prefix() for kind in PROVIDERS.values()))


class Settings(BaseSettings):
    """All settings of DESIGN §4, from the environment and, in development, from ``.env``.

    Those of the storage providers are in ``stores``, by the provider's name; each has a class of its own.
    """

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True
    )

    app_env: Literal["development", "production"] = "development"
    secret_key: SecretStr | None = None
    secret_key_previous: SecretStr | None = None
    database_url: str | None = None
    database_statement_timeout_s: int = Field(default=10, ge=1, le=300)
    database_row_security: bool = False
    database_connect_timeout_s: int = Field(default=5, ge=1, le=60)
    data_dir: Path = Path("data")
    public_url: str | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] | None = None
    backup_target: str | None = None
    backup_key: SecretStr | None = Field(default=None, min_length=32)
    backup_schedule: str | None = None
    backup_s3_endpoint: str | None = None
    backup_s3_access_key_id: str | None = None
    backup_s3_secret_access_key: SecretStr | None = None
    backup_s3_region: str = "auto"
    operator_token: SecretStr | None = Field(default=None, min_length=16)
    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    port: int = Field(default=8050, ge=1, le=65535)
    trusted_proxies: int = Field(default=0, ge=0, le=5)

    upload_max_file_mb: int = Field(default=10, ge=1, le=100)
    upload_max_files: int = Field(default=500, ge=1, le=5000)
    upload_max_batch_mb: int = Field(default=200, ge=1, le=10_000)
    upload_max_staging_mb: int = Field(default=1000, ge=1, le=100_000)

    storage_provider: str | None = None
    storage_previous: str | None = None
    storage_transition: Literal["off", "write_both", "read_new", "new_only"] = "off"
    storage_outbox_max_mb: int = Field(default=256, ge=0, le=10_000)
    storage_sync_max_removed: int = Field(default=100, ge=0)
    storage_sync_max_removed_pct: float = Field(default=5.0, ge=0, le=100)
    signed_url_ttl_s: int = Field(default=300, ge=1, le=3600)

    stores: Annotated[Mapping[str, StoreProvider], NoDecode]

    def __init__(self, **values: Any) -> None:
        """Read the providers' settings first, from the same file."""
        given = dict(values)
        env_file = given.get("_env_file", ENV_FILE)
        given["stores"] = {name: kind.read(env_file, given) for name, kind in PROVIDERS.items()}
        super().__init__(**given)

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Read and validate; raises ``ConfigurationError`` with the setting's name in ``setting``."""
        refuse_unknown_names(cls)
        try:
            return cls(**overrides)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]).upper() if first["loc"] else str(first["msg"]).removeprefix("Value error, ")
            raise ConfigurationError(setting=name, problem=str(first["msg"])) from error

    @classmethod
    def names(cls) -> set[str]:
        """Every name that is read from the environment, the providers' among them."""
        of_stores = {kind.setting(name) for kind in PROVIDERS.values() for name in kind.model_fields}
        return {name.upper() for name in cls.model_fields if name != "stores"} | of_stores

    @staticmethod
    def removed() -> list[str]:
        """Settings of earlier versions that are still in the environment and mean nothing any more."""
        return sorted(name for name in os.environ if name.upper() in _REMOVED and os.environ[name])

    @property
    def production(self) -> bool:
        """Whether nothing may be assumed and nothing may fall back."""
        return self.app_env == "production"

    @property
    def base_url(self) -> str:
        """``PUBLIC_URL`` without a slash at its end; the base of every link."""
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def catalogue_url(self) -> str:
        """SQLAlchemy URL of the catalogue; psycopg 3 for PostgreSQL."""
        if self.database_url is None:
            return f"sqlite:///{self.data_dir.resolve() / 'catalogue.sqlite'}"
        return re.sub(r"^postgres(ql)?(\+psycopg)?://", "postgresql+psycopg://", self.database_url)

    @property
    def provider(self) -> str:
        """The active storage provider: named, else deduced from the one flag that is set, else ``local``."""
        if self.storage_provider is not None:
            return self.storage_provider
        return next((name for name, store in self.stores.items() if store.is_enabled), LOCAL)

    @property
    def storage_path(self) -> Path:
        """The local provider's folder."""
        return Path(self.stores[LOCAL].value("path"))

    def secret(self) -> str:
        """``SECRET_KEY``; in development one is made once and kept in ``DATA_DIR``, readable by its owner alone."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        kept = self.data_dir / "secret_key"
        if not kept.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self.data_dir, encoding="ascii") as made:  # 0600, our own
                made.write(secrets.token_urlsafe(48))
                made.flush()
                with suppress(FileExistsError):  # the other process was faster: one secret, whole or not at all
                    os.link(made.name, kept)
        return kept.read_text(encoding="ascii")

    @property
    def backup_hour(self) -> tuple[int, int] | None:
        """Hour and minute (UTC) of the daily backup; ``None`` when none is made by itself."""
        if self.backup_schedule is None:
            return None
        hour, minute = self.backup_schedule.removeprefix("daily@").split(":")
        return int(hour), int(minute)

    def backup_secret(self) -> str:
        """``BACKUP_KEY``; raises ``ConfigurationError`` without one."""
        if self.backup_key is None:
            raise ConfigurationError(setting="BACKUP_KEY", problem="missing")
        return self.backup_key.get_secret_value()

    def backup_values(self, target: str | None = None) -> dict[str, Any]:
        """The fields of `StoreOptions` for the store of backups: a folder, or ``s3://bucket``.

        Raises ``ConfigurationError`` with the setting that is missing.
        """
        place = target or self.backup_target
        if place is None:
            raise ConfigurationError(setting="BACKUP_TARGET", problem="missing")
        if not place.startswith("s3://"):
            values = {"provider": LOCAL, "path": Path(place).resolve(), "base_url": self.base_url}
            return {**values, "secret": hmac.digest(self.secret().encode(), b"oximetry/backup-urls", "sha256")}
        secret = self.backup_s3_secret_access_key
        values = {
            "endpoint": self.backup_s3_endpoint,
            "access_key_id": self.backup_s3_access_key_id,
            "secret_access_key": secret.get_secret_value() if secret else None,
        }
        for name, value in values.items():
            if not value:
                raise ConfigurationError(setting=f"BACKUP_S3_{name.upper()}", problem="missing")
        bucket = place.removeprefix("s3://").strip("/")
        return {**values, "provider": "s3", "bucket": bucket, "region": self.backup_s3_region, "patience": "worker"}

    @property
    def logs_as_json(self) -> bool:
        """Whether log lines are JSON: as ``LOG_FORMAT`` says, in production without it."""
        return self.production if self.log_format is None else self.log_format == "json"

    def metrics_secret(self) -> str | None:
        """``METRICS_TOKEN``, which opens ``/metrics``; there is no such page without it."""
        return self.metrics_token.get_secret_value() if self.metrics_token else None

    def operator_secret(self) -> str | None:
        """``OPERATOR_TOKEN``, which opens the details of ``/readyz``."""
        return self.operator_token.get_secret_value() if self.operator_token else None

    def previous_secret(self) -> str | None:
        """``SECRET_KEY_PREVIOUS``, which opens what it sealed until ``keys reseal`` has run."""
        return self.secret_key_previous.get_secret_value() if self.secret_key_previous else None

    @property
    def in_transition(self) -> bool:
        """Whether two stores are written: the active one, and the previous one that is being left."""
        return self.storage_transition in ("write_both", "read_new")

    def storage_place(self) -> str:
        """Where the active provider keeps its objects, for messages: host and bucket, or a folder."""
        store = self.stores[self.provider].connection()
        if "bucket" not in store:
            return str(self.storage_path.resolve())
        return f"{urlsplit(store['endpoint']).netloc}/{store['bucket']}"

    def unused_keys(self) -> list[str]:
        """Keys of providers that nothing uses: forgotten ones, or those of the store that was meant."""
        used = {self.provider, self.storage_previous if self.in_transition else None}
        return sorted(
            store.setting("access_key_id")
            for name, store in self.stores.items()
            if name not in used and store.connection().get("access_key_id")
        )

    def store_values(self, *, patience: str = "interactive", provider: str | None = None) -> dict[str, Any]:
        """The fields of ``storage_service.StoreOptions`` for the active provider, or another one."""
        provider = provider or self.provider
        self.stores[provider].require()
        return {
            "provider": provider,
            "patience": patience,
            "path": self.storage_path.resolve(),
            "base_url": self.base_url,
            "secret": hmac.digest(self.secret().encode(), b"oximetry/signed-urls", "sha256"),
            **self.stores[provider].connection(),
        }

    @field_validator("public_url")
    @classmethod
    def _is_an_origin(cls, value: str | None) -> str | None:
        """As browsers write it: links are built on it, and ``Host`` headers are compared with it."""
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must start with https:// and name a host")
        if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
            raise ValueError("must be scheme and host only, such as https://clinic.example")
        usual = {"https": 443, "http": 80}[parts.scheme]
        port = "" if parts.port in (None, usual) else f":{parts.port}"
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}{port}"

    @field_validator("storage_provider", "storage_previous")
    @classmethod
    def _is_a_provider(cls, value: str | None) -> str | None:
        if value is not None and value not in PROVIDERS:
            raise ValueError(f"must be one of {', '.join(PROVIDERS)}")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_a_database(cls, value: str | None) -> str | None:
        if value is not None and not re.match(r"^(sqlite:///|postgres(ql)?(\+psycopg)?://)", value):
            raise ValueError("must be sqlite:///… or postgresql://…")
        return value

    @field_validator("backup_schedule")
    @classmethod
    def _is_a_schedule(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"daily@([01]\d|2[0-3]):[0-5]\d", value):
            raise ValueError("must be daily@HH:MM (UTC)")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        flags = [store.setting(store.flag) for store in self.stores.values() if store.is_enabled]
        if self.storage_provider is None and len(flags) > 1:
            raise ConfigurationError(setting="STORAGE_PROVIDER", problem=" + ".join(flags))
        if self.production:
            self._require_for_production()
        if self.secret_key_previous is not None and self.secret_key_previous == self.secret_key:
            raise ConfigurationError(setting="SECRET_KEY_PREVIOUS", problem="must differ from SECRET_KEY")
        if self.backup_key is not None and self.backup_key == self.secret_key:
            raise ConfigurationError(setting="BACKUP_KEY", problem="must differ from SECRET_KEY")
        self.stores[self.provider].require()
        if self.in_transition:
            self._require_previous()
        return self

    def _require_previous(self) -> None:
        if self.storage_previous is None:
            raise ConfigurationError(setting="STORAGE_PREVIOUS", problem="required by STORAGE_TRANSITION")
        if self.storage_previous == self.provider:
            raise ConfigurationError(setting="STORAGE_PREVIOUS", problem="must differ from the active provider")
        self.stores[self.storage_previous].require()

    def _require_for_production(self) -> None:
        secret = self.secret_key.get_secret_value() if self.secret_key else ""
        if len(secret) < 32:
            raise ConfigurationError(setting="SECRET_KEY", problem="at least 32 characters in production")
        if _is_guessable(secret):
            raise ConfigurationError(setting="SECRET_KEY", problem="repeats itself; make up a random one")
        for name in ("database_url", "public_url"):
            if getattr(self, name) is None:
                raise ConfigurationError(setting=name.upper(), problem="required in production")
        address = urlsplit(self.base_url)
        if address.scheme != "https" and address.hostname not in _LOOPBACK:
            raise ConfigurationError(setting="PUBLIC_URL", problem="must begin with https:// in production")
        if self.storage_provider is None and self.provider == LOCAL:
            raise ConfigurationError(setting="STORAGE_PROVIDER", problem="required in production")


def _is_guessable(secret: str) -> bool:
    """Whether a key is of few signs, or one short word again and again."""
    repeats = any(secret == (secret[:length] * len(secret))[: len(secret)] for length in range(1, len(secret) // 2 + 1))
    return repeats or len(set(secret)) < _LEAST_SIGNS


def refuse_unknown_names(settings: type[BaseSettings]) -> None:
    """Raise for a variable that looks like ours and is none: a typing error must not pass in silence."""
    known = {name.upper() for name in settings.model_fields}
    known |= {kind.setting(field) for kind in PROVIDERS.values() for field in kind.model_fields}
    for name in os.environ:
        if name.upper().startswith(_OWN_PREFIXES) and name.upper() not in known:
            raise ConfigurationError(setting=name, problem="unknown setting")
