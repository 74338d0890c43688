"""Backblaze B2."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from oximetry.adapters.stores.provider import Endpoint, S3Provider


class B2(S3Provider):
    """B2 through its S3 interface; its endpoint follows from the region."""

    model_config = SettingsConfigDict(env_prefix="B2_")
    name: ClassVar[str] = "b2"
    title: ClassVar[str] = "Backblaze B2"
    flag: ClassVar[str] = "enabled"
    required: ClassVar[tuple[str, ...]] = (*S3Provider.required, "region")

    enabled: bool = Field(default=False, description="chooses B2 when `STORAGE_PROVIDER` is not set")
    region: str = Field(default="", description="such as `eu-central-003`")
    endpoint: Endpoint = Field(default="", description="from the region when it is not set")
    access_key_id: str = Field(
        default="", validation_alias="B2_APPLICATION_KEY_ID", description="of an application key for the bucket"
    )
    secret_access_key: SecretStr = Field(
        default=SecretStr(""), validation_alias="B2_APPLICATION_KEY", description="the same key"
    )
    bucket_name: str = Field(default="", description="the bucket")

    @property
    def signing_region(self) -> str:
        """The region that goes into signatures."""
        return self.region

    def value(self, name: str) -> str:
        """A field as text; the endpoint from the region when it is not set."""
        if name == "endpoint" and not self.endpoint and self.region:
            return f"https://s3.{self.region}.backblazeb2.com"
        return super().value(name)
