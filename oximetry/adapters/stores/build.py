"""The store that the settings describe."""

from __future__ import annotations

from oximetry.adapters.stores.provider import StoreOptions
from oximetry.adapters.stores.providers import PROVIDERS
from oximetry.domain.errors import ConfigurationError
from oximetry.domain.ports import ObjectStore

__all__ = ["PROVIDERS", "StoreOptions", "build_store"]


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
    return PROVIDERS[options.provider].open(options)
