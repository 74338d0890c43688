"""Cloudflare R2."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from oximetry.adapters.stores.provider import Endpoint, S3Provider


class R2(S3Provider):
    """R2 heeds ``If-None-Match``, so that a key is never written twice."""

    model_config = SettingsConfigDict(env_prefix="R2_")
    name: ClassVar[str] = "r2"
    title: ClassVar[str] = "Cloudflare R2"
    flag: ClassVar[str] = "enabled"
    required: ClassVar[tuple[str, ...]] = (*S3Provider.required, "region")
    conditional_put: ClassVar[bool] = True

    enabled: bool = Field(default=False, description="chooses R2 when `STORAGE_PROVIDER` is not set")
    endpoint: Endpoint = Field(default="", description="`https://<account id>.r2.cloudflarestorage.com`")
    access_key_id: str = Field(default="", description="of an API token with *Object Read & Write*")
    secret_access_key: SecretStr = Field(default=SecretStr(""), description="of the same token")
    bucket_name: str = Field(default="pulsoximetrie-files", description="the bucket")
    region: str = Field(default="auto", description="for signatures")

    @property
    def signing_region(self) -> str:
        """The region that goes into signatures."""
        return self.region
