"""Any other S3 server."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from oximetry.adapters.stores.provider import Endpoint, S3Provider


class S3(S3Provider):
    """A server of which nothing more is known; only ``STORAGE_PROVIDER=s3`` chooses it."""

    model_config = SettingsConfigDict(env_prefix="S3_")
    name: ClassVar[str] = "s3"
    title: ClassVar[str] = "Any other S3 server"
    required: ClassVar[tuple[str, ...]] = (*S3Provider.required, "region")

    endpoint: Endpoint = Field(default="", description="its address; https, except on the loopback")
    access_key_id: str = Field(default="", description="of a key that may read and write the bucket")
    secret_access_key: SecretStr = Field(default=SecretStr(""), description="of the same key")
    bucket_name: str = Field(default="", description="the bucket")
    region: str = Field(default="us-east-1", description="for signatures")

    @property
    def signing_region(self) -> str:
        """The region that goes into signatures."""
        return self.region
