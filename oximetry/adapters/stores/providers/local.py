"""A folder on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from oximetry.adapters.stores.provider import StoreOptions, StoreProvider
from oximetry.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from oximetry.domain.ports import ObjectStore


class Local(StoreProvider):
    """Objects are files; signed URLs lead to our own host."""

    model_config = SettingsConfigDict(env_prefix="STORAGE_")
    name: ClassVar[str] = "local"
    title: ClassVar[str] = "A folder of this machine"

    path: Path = Field(default=Path("storage"), description="the folder")

    @classmethod
    def open(cls, options: StoreOptions) -> ObjectStore:
        """The folder, made when it is not there."""
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
